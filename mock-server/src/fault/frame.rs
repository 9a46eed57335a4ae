//! WebSocket frames of any kind, as bytes. It shares no code with the server's own writer, which writes correct ones.

use crate::scenario::{Fragment, WireFrame};

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const PING: u8 = 9;

/// What a masked frame is masked with. Any four bytes do.
const MASK: [u8; 4] = [0x5a, 0x0f, 0xc3, 0x96];

/// One frame, once. Source: RFC 6455, section 5.2.
pub(crate) fn frame_bytes(frame: &WireFrame) -> Vec<u8> {
    let payload = [frame.text.as_bytes(), &frame.hex.0].concat();
    let length = frame.length.unwrap_or(payload.len() as u64);
    let mut bytes = vec![u8::from(frame.fin) << 7 | frame.rsv << 4 | frame.opcode];
    push_length(&mut bytes, length, frame.masked);
    if frame.masked {
        bytes.extend(MASK);
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    } else {
        bytes.extend(payload);
    }
    bytes
}

/// A text in several frames, cut without regard to its characters.
pub(crate) fn fragments(Fragment { text, size, pings }: &Fragment) -> Vec<u8> {
    let pieces: Vec<_> = text.as_bytes().chunks(size.0 as usize).collect();
    let mut bytes = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let opcode = if index == 0 { TEXT } else { CONTINUATION };
        let is_last = index + 1 == pieces.len();
        bytes.push(u8::from(is_last) << 7 | opcode);
        push_length(&mut bytes, piece.len() as u64, false);
        bytes.extend_from_slice(piece);
        if *pings && !is_last {
            let payload = index.to_string();
            bytes.push(0x80 | PING);
            push_length(&mut bytes, payload.len() as u64, false);
            bytes.extend(payload.bytes());
        }
    }
    if pieces.is_empty() {
        bytes.extend([0x80 | TEXT, 0]);
    }
    bytes
}

fn push_length(bytes: &mut Vec<u8>, length: u64, masked: bool) {
    let mask_bit = u8::from(masked) << 7;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => bytes.push(mask_bit | short),
        (_, Ok(middle)) => {
            bytes.push(mask_bit | 126);
            bytes.extend(middle.to_be_bytes());
        }
        _ => {
            bytes.push(mask_bit | 127);
            bytes.extend(length.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Count;

    #[track_caller]
    fn check(frame: &str, expected: &str) {
        let frame: WireFrame = serde_saphyr::from_str(frame).unwrap();
        assert_eq!(hex::encode(frame_bytes(&frame)), expected);
    }

    #[test]
    fn frame_has_the_bits_that_it_is_told() {
        check("{text: Hi}", "81024869");
        check("{opcode: 2, hex: 'ff00'}", "8202ff00");
        check("{opcode: 9, rsv: 4}", "c900");
        check("{opcode: 3, fin: false}", "0300");
        check("{text: Hi, length: 1000}", "817e03e84869");
        check("{text: Hi, length: 67108864}", "817f00000000040000004869");
        check("{hex: '00', masked: true}", "81815a0fc3965a");
        check("{text: 'a', hex: 'c328'}", "810361c328");
    }

    #[test]
    fn text_is_cut_into_frames_with_pings_between_them() {
        let cut = |text: &str, size, pings| {
            let fragment = Fragment { text: text.to_owned(), size: Count(size), pings };
            hex::encode(fragments(&fragment))
        };
        assert_eq!(cut("abc", 2, false), "01026162800163");
        assert_eq!(cut("abc", 2, true), "01026162890130800163");
        assert_eq!(cut("abc", 9, true), "8103616263");
        assert_eq!(cut("", 1, true), "8100");
    }
}
