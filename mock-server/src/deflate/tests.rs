//! What goes through the layer, in any portions.

use proptest::prelude::*;
use tokio::io::AsyncReadExt as _;

use super::inflate::Inflater;
use super::*;

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const PING: u8 = 9;
const FIN: u8 = 0x80;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client's frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(0x80 | length as u8),
        _ => {
            bytes.push(0x80 | 126);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A frame as the layer writes it.
fn plain(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![FIN | opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..126), _) => bytes.push(0x80 | short),
        (_, Ok(middle)) => {
            bytes.push(0x80 | 126);
            bytes.extend(middle.to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    [&bytes[..], &[0; 4], payload].concat()
}

fn deflated(payload: &[u8]) -> Vec<u8> {
    Deflater::for_client().deflate([payload].into_iter()).unwrap()
}

/// All that comes out, fed in portions of this size.
fn fed(bytes: &[u8], size: usize, most: usize) -> Result<Vec<u8>, Fault> {
    let (mut inflater, mut out) = (Inflater::new(most), Vec::new());
    for portion in bytes.chunks(size) {
        inflater.feed(portion, &mut out)?;
    }
    Ok(out)
}

const MOST: usize = 1 << 20;

#[track_caller]
fn check(bytes: &[u8], expected: &Result<Vec<u8>, Fault>) {
    for size in [1, 2, 3, 7, bytes.len()] {
        assert_eq!(&fed(bytes, size, MOST), expected, "in portions of {size}");
    }
}

#[test]
fn the_examples_of_rfc_7692_are_read() {
    // Source: RFC 7692, section 7.2.3: one block, two fragments, no compression, the last block, two blocks.
    for payload in [
        "f248cdc9c90700",
        "000500faff48656c6c6f00",
        "f348cdc9c9070000",
        "f248050000 00ffffcac9c90700",
    ] {
        let payload = hex::decode(payload.replace(' ', "")).unwrap();
        check(&frame(FIN | COMPRESSED | TEXT, &payload), &Ok(plain(TEXT, b"Hello")));
        let (one, other) = payload.split_at(3);
        let both = [frame(COMPRESSED | TEXT, one), frame(FIN, other)].concat();
        check(&both, &Ok(plain(TEXT, b"Hello")));
    }
    // Section 7.2.3.6.
    check(&frame(FIN | COMPRESSED | TEXT, &[0]), &Ok(plain(TEXT, b"")));
}

#[test]
fn what_was_compressed_here_is_as_the_rfc_prints_it() {
    assert_eq!(hex::encode(deflated(b"Hello")), "f248cdc9c90700");
    assert_eq!(hex::encode(deflated(b"")), "00");
}

#[test]
fn control_frames_between_fragments_come_first() {
    let payload = deflated(b"Hello, everybody! Hello, everybody!");
    let (one, other) = payload.split_at(payload.len() / 2);
    let ping = frame(FIN | PING, b"x");
    let sent = [
        frame(COMPRESSED | BINARY, one),
        ping.clone(),
        frame(0, b""),
        ping.clone(),
        frame(FIN, other),
        frame(FIN | TEXT, b"plain"),
    ];
    let read = [
        ping.clone(),
        ping,
        plain(BINARY, b"Hello, everybody! Hello, everybody!"),
        frame(FIN | TEXT, b"plain"),
    ];
    check(&sent.concat(), &Ok(read.concat()));
}

#[test]
fn what_a_websocket_refuses_is_left_for_it() {
    for bytes in [
        frame(FIN | COMPRESSED | PING, b"x"),
        frame(FIN | COMPRESSED, b"x"),
        frame(FIN | 0x20 | TEXT, b"x"),
        frame(FIN | COMPRESSED | 0x10 | TEXT, b"x"),
        frame(FIN | COMPRESSED | 3, b"x"),
        frame(FIN, b"x"),
        vec![0x81, 0x01, b'x'],
    ] {
        check(&bytes, &Ok(bytes.clone()));
    }
    // One without a mask stays without.
    let payload = deflated(b"Hello");
    let unmasked = [&[0xc1, payload.len() as u8], &payload[..]].concat();
    check(&unmasked, &Ok(b"\x81\x05Hello".to_vec()));
    // The bit in the middle of a message is no beginning.
    let again = [frame(COMPRESSED | TEXT, &payload), frame(FIN | COMPRESSED, b"x")].concat();
    check(&again, &Ok(frame(FIN | COMPRESSED, b"x")));
}

#[test]
fn messages_in_each_other_are_a_fault() {
    let begun = frame(COMPRESSED | TEXT, &deflated(b"Hello"));
    for other in [FIN | TEXT, FIN | COMPRESSED | TEXT, BINARY] {
        let told = fed(&[begun.clone(), frame(other, b"x")].concat(), 5, MOST);
        assert!(matches!(told, Err(Fault::Protocol(_))), "{told:?}");
    }
    let told = fed(&[begun, vec![0x80, 1, b'x']].concat(), 5, MOST);
    assert!(matches!(told, Err(Fault::Protocol(_))), "{told:?}");
}

#[test]
fn what_no_compressor_writes_is_a_fault() {
    let whole = deflated(br#"["1","1","__absinthe__:control","phx_join",{}]"#);
    let cut = &whole[..whole.len() / 2];
    let with_tail = [&whole[..], &TAIL].concat();
    for payload in [&b"\xff\xff\xff"[..], cut, &with_tail, b"", b"[1]", &[0x06]] {
        let told = fed(&frame(FIN | COMPRESSED | TEXT, payload), 4, MOST);
        assert!(matches!(told, Err(Fault::Malformed(_))), "{payload:x?}: {told:?}");
    }
}

#[test]
fn what_came_before_a_fault_is_read() {
    let (mut inflater, mut out) = (Inflater::new(MOST), Vec::new());
    let sent = [frame(FIN | TEXT, b"first"), frame(FIN | COMPRESSED | TEXT, b"\xff")].concat();
    assert!(inflater.feed(&sent, &mut out).is_err());
    assert_eq!(out, frame(FIN | TEXT, b"first"));
}

#[test]
fn a_message_may_be_as_long_as_allowed_and_no_longer() {
    let long = vec![b'a'; 100_000];
    let sent = frame(FIN | COMPRESSED | TEXT, &deflated(&long));
    assert!(sent.len() < 500, "{}", sent.len());
    assert_eq!(fed(&sent, 100, 100_000), Ok(plain(TEXT, &long)));
    let told = fed(&sent, 100, 99_999);
    // It was not inflated to its end, let alone beyond.
    assert!(matches!(told, Err(Fault::TooBig(100_000))), "{told:?}");
    let told = fed(&sent, 100, 1_000);
    assert!(matches!(told, Err(Fault::TooBig(1_001..10_000))), "{told:?}");
    // In fragments it is no shorter.
    let payload = deflated(&long);
    let pieces: Vec<_> = payload.chunks(10).map(|piece| frame(0, piece)).collect();
    let sent = [frame(COMPRESSED | TEXT, b""), pieces.concat()].concat();
    let told = fed(&sent, 100, 1_000);
    assert!(matches!(told, Err(Fault::TooBig(1_001..10_000))), "{told:?}");
}

#[test]
fn a_message_that_would_refer_back_too_far_goes_out_as_it_is() {
    let small = agree(["permessage-deflate; server_max_window_bits=8"]).unwrap();
    let deflater = Deflater::for_server(small);
    assert!(deflater.deflate([&[b'a'; 256][..]].into_iter()).is_some());
    assert!(deflater.deflate([&[b'a'; 200][..], &[b'a'; 57]].into_iter()).is_none());
    let deflater = Deflater::for_server(agree(["permessage-deflate"]).unwrap());
    assert!(deflater.deflate([&[b'a'; 100_000][..]].into_iter()).is_some());
}

#[tokio::test]
async fn what_was_read_early_comes_first_and_after_a_fault_bytes_are_bytes() {
    let early = frame(FIN | COMPRESSED | TEXT, &deflated(b"early"));
    let rest = [
        frame(FIN | COMPRESSED | TEXT, &deflated(b"late")),
        frame(FIN | COMPRESSED | TEXT, b"\xff"),
    ]
    .concat();
    let (one, other) = early.split_at(4);
    let link = link_with(&[other, &rest]).await;
    let mut stream = Inflating::new(link, MOST, one);
    let expected = [plain(TEXT, b"early"), plain(TEXT, b"late")].concat();
    let mut read = vec![0; expected.len()];
    stream.read_exact(&mut read).await.unwrap();
    assert_eq!(read, expected);
    let error = stream.read_u8().await.unwrap_err();
    assert!(matches!(error.downcast::<Fault>(), Ok(Fault::Malformed(_))));
    assert_eq!(stream.read(&mut read).await.unwrap(), 0, "nothing more has come");
}

/// A stream that holds these bytes and then ends.
async fn link_with(parts: &[&[u8]]) -> tokio::io::DuplexStream {
    use tokio::io::AsyncWriteExt as _;
    let (mut ours, theirs) = tokio::io::duplex(1 << 16);
    ours.write_all(&parts.concat()).await.unwrap();
    theirs
}

/// What a client may send: in one frame or in several, compressed or not, with pings between.
fn messages() -> impl Strategy<Value = Vec<(Vec<u8>, bool, usize, bool)>> {
    let payload = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..2_000),
        "[ab\\[\\]\",]{0,3000}".prop_map(String::into_bytes),
    ];
    proptest::collection::vec((payload, any::<bool>(), 1..900_usize, any::<bool>()), 1..6)
}

proptest! {
    #[test]
    fn every_message_comes_out_as_it_was(
        messages in messages(),
        sizes in proptest::collection::vec(1..200_usize, 1..20),
    ) {
        let ping = frame(FIN | PING, b"ping");
        let (mut sent, mut expected) = (Vec::new(), Vec::new());
        for (payload, compressed, size, pings) in messages {
            let payload_sent = if compressed { deflated(&payload) } else { payload.clone() };
            let bit = if compressed { COMPRESSED } else { 0 };
            let count = payload_sent.len().div_ceil(size).max(1);
            let mut raw = Vec::new();
            for nth in 0..count {
                let piece = &payload_sent[nth * size..payload_sent.len().min((nth + 1) * size)];
                let first = if nth == 0 { bit | BINARY } else { 0 };
                let fin = if nth + 1 == count { FIN } else { 0 };
                raw.extend(frame(fin | first, piece));
                if pings && nth + 1 < count {
                    raw.extend(&ping);
                    if compressed {
                        expected.extend(&ping);
                    }
                }
            }
            if compressed {
                expected.extend(plain(BINARY, &payload));
            } else {
                expected.extend(&raw);
            }
            sent.extend(raw);
        }
        let (mut inflater, mut out) = (Inflater::new(MOST), Vec::new());
        let mut rest = &sent[..];
        for size in sizes.iter().cycle() {
            let (now, later) = rest.split_at(rest.len().min(*size));
            inflater.feed(now, &mut out).unwrap();
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn no_bytes_are_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..4_000), begun: bool) {
        let begin = if begun { frame(COMPRESSED | TEXT, b"") } else { Vec::new() };
        let _ = fed(&[begin, frame(FIN, &bytes), bytes].concat(), 100, 10_000);
    }
}
