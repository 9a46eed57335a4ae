//! WebSocket frames, read out of bytes that pass by. Pure: it keeps no more than a transcript does.

use super::inflate::{Inflation, Unread};
use crate::deflate::COMPRESSED;
use crate::transcript::MAX_DATA;

/// Something that came to its end in the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A text message, with the beginning of its bytes and its whole length.
    Text {
        bytes: Vec<u8>,
        len: usize,
    },
    /// A binary message, in the same way.
    Binary {
        bytes: Vec<u8>,
        len: usize,
    },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close {
        code: Option<u16>,
        reason: String,
    },
    /// What RFC 6455 does not allow; reading goes on as far as it can.
    Fault(String),
    /// A compressed message that was not read.
    Unread(Unread),
}

/// Reads one direction of a WebSocket.
#[derive(Debug)]
pub(super) struct Reader {
    /// Whether every frame must be masked, or none.
    from_client: bool,
    head: Vec<u8>,
    frame: Option<Frame>,
    message: Option<Message>,
    /// Reads what is compressed, where that was agreed on.
    inflation: Option<Inflation>,
    /// Where the frames begin is not known any more.
    lost: bool,
}

#[derive(Debug)]
struct Frame {
    opcode: u8,
    fin: bool,
    mask: Option<[u8; 4]>,
    /// Of the payload, in bytes.
    left: u64,
    /// How far the mask has gone round.
    masked: usize,
    /// A control frame's payload.
    control: Vec<u8>,
}

#[derive(Debug)]
struct Message {
    binary: bool,
    payload: Payload,
    kept: Vec<u8>,
    len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payload {
    Plain,
    Compressed,
    /// It cannot be read, and that has been said.
    Unread,
}

/// The longest payload of a control frame. Source: RFC 6455, section 5.5.
const LONGEST_CONTROL: u64 = 125;

/// How much of a control frame is kept, in bytes.
const ROOM: usize = LONGEST_CONTROL as usize;

const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

impl Reader {
    /// `inflation` is for a connection on which permessage-deflate was agreed on.
    pub(super) const fn new(from_client: bool, inflation: Option<Inflation>) -> Self {
        Self { from_client, head: Vec::new(), frame: None, message: None, inflation, lost: false }
    }

    /// Takes bytes in any portions; gives what they complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while !self.lost && (!bytes.is_empty() || self.frame.as_ref().is_some_and(Frame::is_whole))
        {
            bytes = match &mut self.frame {
                None => self.begin(bytes, &mut pieces),
                Some(_) => self.payload(bytes, &mut pieces),
            };
        }
        pieces
    }

    fn begin<'a>(&mut self, bytes: &'a [u8], pieces: &mut Vec<Piece>) -> &'a [u8] {
        let Some((byte, rest)) = bytes.split_first() else { return bytes };
        self.head.push(*byte);
        let [first, second, more @ ..] = &self.head[..] else { return rest };
        let (first, second) = (*first, *second);
        let is_masked = second & 0x80 != 0;
        let length_bytes = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if more.len() < length_bytes + if is_masked { 4 } else { 0 } {
            return rest;
        }
        let (length, mask) = more.split_at(length_bytes);
        let left = match length {
            [] => u64::from(second & 0x7f),
            length => length.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        let mask = mask.first_chunk().copied();
        let frame = Frame {
            opcode: first & 0x0f,
            fin: first & 0x80 != 0,
            mask,
            left,
            masked: 0,
            control: Vec::new(),
        };
        let reserved = first & 0x70;
        self.head.clear();
        self.open(frame, reserved, pieces);
        rest
    }

    /// Looks at a frame's head.
    fn open(&mut self, frame: Frame, reserved: u8, pieces: &mut Vec<Piece>) {
        let mut fault = |text: String| pieces.push(Piece::Fault(text));
        let Frame { opcode, fin, left, .. } = frame;
        if left > u64::MAX >> 1 {
            fault(format!(
                "a frame's length has its highest bit set: {left:#x}; nothing is read after it"
            ));
            self.lost = true;
            return;
        }
        match (self.from_client, frame.mask.is_some()) {
            (true, false) => fault("a client's frame that is not masked".to_owned()),
            (false, true) => fault("a server's frame that is masked".to_owned()),
            _ => {}
        }
        match opcode {
            1 | 2 => {
                if self.message.is_some() {
                    fault("a new message where a fragment must go on".to_owned());
                }
                let payload = match &mut self.inflation {
                    _ if reserved & COMPRESSED == 0 => Payload::Plain,
                    Some(inflation) => {
                        inflation.begin();
                        Payload::Compressed
                    }
                    None => {
                        fault(
                            "a message whose first reserved bit is set, and no compression was agreed on; it is not \
                             read"
                                .to_owned(),
                        );
                        Payload::Unread
                    }
                };
                let (kept, len) = (Vec::new(), 0);
                self.message = Some(Message { binary: opcode == 2, payload, kept, len });
            }
            0 if self.message.is_none() => fault("a fragment of no message".to_owned()),
            CLOSE | PING | PONG if !fin || left > LONGEST_CONTROL => {
                fault(format!("a control frame of {left} bytes, or in fragments"));
            }
            0 | CLOSE | PING | PONG => {}
            other => fault(format!("a frame of the reserved opcode {other}")),
        }
        if reserved & 0x30 != 0 || reserved & COMPRESSED != 0 && !matches!(opcode, 1 | 2) {
            fault(format!("a frame with reserved bits: {:03b}", reserved >> 4));
        }
        self.frame = Some(frame);
    }

    fn payload<'a>(&mut self, bytes: &'a [u8], pieces: &mut Vec<Piece>) -> &'a [u8] {
        let Some(frame) = &mut self.frame else { return bytes };
        let take = usize::try_from(frame.left).unwrap_or(usize::MAX).min(bytes.len());
        let (now, rest) = bytes.split_at(take);
        let mask = frame.mask.unwrap_or_default();
        let plain = now.iter().zip(mask.iter().cycle().skip(frame.masked)).map(|(a, b)| a ^ b);
        match (frame.opcode, &mut self.message) {
            (0..=2, Some(message)) => {
                if let Err(why) = message.take(plain, take, self.inflation.as_mut()) {
                    message.payload = Payload::Unread;
                    pieces.push(Piece::Unread(why));
                }
            }
            (0..=2, None) => {}
            _ => frame.control.extend(plain.take(ROOM.saturating_sub(frame.control.len()))),
        }
        frame.masked = (frame.masked + take) % 4;
        frame.left -= take as u64;
        if frame.is_whole()
            && let Some(frame) = self.frame.take()
        {
            self.end(frame, pieces);
        }
        rest
    }

    fn end(&mut self, Frame { opcode, fin, control, .. }: Frame, pieces: &mut Vec<Piece>) {
        match opcode {
            0..=2 if fin => {
                let ended = self.message.take().map(|it| it.end(self.inflation.as_mut()));
                pieces
                    .extend(ended.and_then(|it| it.unwrap_or_else(|why| Some(Piece::Unread(why)))));
            }
            CLOSE => pieces.push(Piece::Close {
                code: control.first_chunk().map(|code| u16::from_be_bytes(*code)),
                reason: String::from_utf8_lossy(control.get(2..).unwrap_or_default()).into_owned(),
            }),
            PING => pieces.push(Piece::Ping(control)),
            PONG => pieces.push(Piece::Pong(control)),
            _ => {}
        }
    }
}

impl Message {
    /// Takes as much of its payload, without its mask.
    fn take(
        &mut self,
        payload: impl Iterator<Item = u8>,
        len: usize,
        inflation: Option<&mut Inflation>,
    ) -> Result<(), Unread> {
        match (self.payload, inflation) {
            (Payload::Plain, _) => {
                self.len = self.len.saturating_add(len);
                self.kept.extend(payload.take(MAX_DATA.saturating_sub(self.kept.len())));
                Ok(())
            }
            (Payload::Compressed, Some(inflation)) => {
                let payload: Vec<u8> = payload.collect();
                inflation.take(&payload, &mut self.kept)
            }
            _ => Ok(()),
        }
    }

    /// What it is, unless that was said already.
    fn end(mut self, inflation: Option<&mut Inflation>) -> Result<Option<Piece>, Unread> {
        match (self.payload, inflation) {
            (Payload::Plain, _) => {}
            (Payload::Compressed, Some(inflation)) => self.len = inflation.end(&mut self.kept)?,
            _ => return Ok(None),
        }
        let Self { binary, kept: bytes, len, .. } = self;
        Ok(Some(match binary {
            true => Piece::Binary { bytes, len },
            false => Piece::Text { bytes, len },
        }))
    }
}

impl Frame {
    const fn is_whole(&self) -> bool {
        self.left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::line::RawFrame;

    fn text(text: &str) -> Piece {
        Piece::Text { bytes: text.as_bytes().to_vec(), len: text.len() }
    }

    /// The same bytes give the same pieces, in whatever portions they come.
    #[track_caller]
    fn check(from_client: bool, frames: &[RawFrame], expected: &[Piece]) {
        let bytes: Vec<u8> = frames.iter().flat_map(RawFrame::bytes).collect();
        for size in [1, 2, 3, 7, bytes.len()] {
            let mut reader = Reader::new(from_client, None);
            let pieces: Vec<Piece> =
                bytes.chunks(size).flat_map(|chunk| reader.feed(chunk)).collect();
            assert_eq!(pieces, expected, "in portions of {size}");
        }
    }

    #[test]
    fn messages_are_put_together_with_control_frames_between_their_fragments() {
        let first = RawFrame { fin: false, ..RawFrame::text("one ") };
        let rest = RawFrame::new(0, "text");
        let close = RawFrame::new(8, *b"\x03\xe8bye");
        let expected = [
            Piece::Ping(b"x".to_vec()),
            text("one text"),
            Piece::Binary { bytes: vec![0, 1], len: 2 },
            text(""),
            Piece::Close { code: Some(1000), reason: "bye".to_owned() },
        ];
        let ping = RawFrame::new(9, "x");
        let frames = [first, ping, rest, RawFrame::new(2, [0, 1]), RawFrame::text(""), close];
        check(true, &frames, &expected);
        let bare = frames.map(|frame| RawFrame { masked: false, ..frame });
        check(false, &bare, &expected);
    }

    #[test]
    fn long_messages_keep_their_length_and_lose_their_end() {
        let long = "x".repeat(MAX_DATA + 70_000);
        let mut reader = Reader::new(true, None);
        let pieces = reader.feed(&RawFrame::text(&long).bytes());
        let [Piece::Text { bytes, len }] = &pieces[..] else { panic!("{pieces:?}") };
        assert_eq!((bytes.len(), *len), (MAX_DATA, long.len()));
        assert_eq!(reader.feed(&RawFrame::text("after").bytes()), [text("after")]);
    }

    #[test]
    fn what_is_not_allowed_is_said_and_reading_goes_on() {
        let fault = |text: &str| Piece::Fault(text.to_owned());
        let bare = RawFrame { masked: false, ..RawFrame::text("a") };
        check(true, &[bare], &[fault("a client's frame that is not masked"), text("a")]);
        check(true, &[RawFrame::new(0, "a")], &[fault("a fragment of no message")]);
        let odd = RawFrame::new(5, "a");
        check(
            true,
            &[odd, RawFrame::text("b")],
            &[fault("a frame of the reserved opcode 5"), text("b")],
        );
        let packed = RawFrame { rsv: 4, ..RawFrame::text("a") };
        let said = "a message whose first reserved bit is set, and no compression was agreed on; it is not read";
        check(true, &[packed, RawFrame::text("b")], &[fault(said), text("b")]);
    }

    #[test]
    fn a_length_that_lies_ends_the_reading_and_not_more() {
        let mut reader = Reader::new(true, None);
        let mut bytes = vec![0x81, 0xff];
        bytes.extend([0xff; 12]);
        let pieces = reader.feed(&bytes);
        assert!(matches!(&pieces[..], [Piece::Fault(_)]), "{pieces:?}");
        assert_eq!(reader.feed(&RawFrame::text("b").bytes()), []);
    }
}
