//! Captures made by hand: what the wire does, and what damage does.

use etherparse::PacketBuilder;
use glimesh_proto::diagnostic::{MessageKind, Sender};

use super::super::{Event, What};
use super::read;

const CLIENT: u16 = 50_000;
const SERVER: u16 = 4_000;

/// A capture in the making: raw IP, a second between packets.
struct Capture {
    bytes: Vec<u8>,
    seconds: u32,
    /// The next sequence number of the client and of the server.
    next: [u32; 2],
}

impl Capture {
    fn new() -> Self {
        let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
        bytes.extend([0; 8]);
        bytes.extend(65_535_u32.to_le_bytes());
        bytes.extend(101_u32.to_le_bytes());
        Self { bytes, seconds: 0, next: [u32::MAX - 20, 7] }
    }

    /// A capture in which the upgrade was granted.
    fn open() -> Self {
        let mut capture = Self::new();
        capture.say(
            true,
            b"GET /api/graph/websocket?vsn=2.0.0&token=abc HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        );
        capture.say(false, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
        capture
    }

    fn packet(&mut self, from_client: bool, sequence: u32, payload: &[u8]) {
        let (a, b, from, to) = if from_client {
            ([10, 0, 0, 1], [10, 0, 0, 2], CLIENT, SERVER)
        } else {
            ([10, 0, 0, 2], [10, 0, 0, 1], SERVER, CLIENT)
        };
        let builder = PacketBuilder::ipv4(a, b, 64).tcp(from, to, sequence, 1_000).ack(1);
        let mut packet = Vec::new();
        builder.write(&mut packet, payload).unwrap();
        let len = u32::try_from(packet.len()).unwrap();
        for word in [self.seconds, 0, len, len] {
            self.bytes.extend(word.to_le_bytes());
        }
        self.bytes.extend(packet);
        self.seconds += 1;
    }

    fn say(&mut self, from_client: bool, payload: &[u8]) -> u32 {
        let next = &mut self.next[usize::from(!from_client)];
        let sequence = *next;
        *next = sequence.wrapping_add(u32::try_from(payload.len()).unwrap());
        self.packet(from_client, sequence, payload);
        sequence
    }

    fn messages(&self) -> (Vec<String>, Vec<String>) {
        let mut found = Vec::new();
        let notes = read(&self.bytes, &mut |event: Event| {
            if let What::Message { sender, kind, data } = event.what {
                let sign = if sender == Some(Sender::Client) { '>' } else { '<' };
                let kind = if kind == MessageKind::Binary { "binary " } else { "" };
                found.push(format!("{sign} {kind}{}", String::from_utf8_lossy(&data)));
            }
        });
        (found, notes.unwrap())
    }
}

fn frame(first: u8, text: &str, masked: bool) -> Vec<u8> {
    let mut frame = vec![first, u8::try_from(text.len()).unwrap() | if masked { 0x80 } else { 0 }];
    let mask: [u8; 4] = if masked { [1, 2, 3, 250] } else { [0; 4] };
    if masked {
        frame.extend(mask);
    }
    frame.extend(text.bytes().zip(mask.into_iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[test]
fn messages_are_unmasked_and_fragments_joined() {
    let mut capture = Capture::open();
    capture.say(true, &frame(0x01, "one, ", true));
    // A ping may come between fragments.
    capture.say(true, &frame(0x89, "ping", true));
    capture.say(true, &frame(0x80, "two", true));
    capture.say(false, &frame(0x81, "three", false));
    capture.say(true, &frame(0x82, "four", true));
    let (found, notes) = capture.messages();
    assert_eq!(found, ["> one, two", "< three", "> binary four"]);
    assert_eq!(notes, [""; 0]);
}

#[test]
fn segments_out_of_order_and_sent_again_count_once() {
    let mut capture = Capture::open();
    let text = frame(0x81, "hello, world", true);
    let start = capture.next[0];
    capture.packet(true, start.wrapping_add(6), &text[6..]);
    capture.packet(true, start, &text[..9]);
    capture.packet(true, start, &text[..9]);
    capture.packet(true, start, &text);
    assert_eq!(capture.messages().0, ["> hello, world"]);
}

#[test]
fn a_message_in_single_bytes_is_read() {
    let mut capture = Capture::open();
    for byte in frame(0x81, "hello", true) {
        capture.say(true, &[byte]);
    }
    assert_eq!(capture.messages().0, ["> hello"]);
}

#[test]
fn what_cannot_be_read_is_said() {
    let mut capture = Capture::open();
    capture.say(true, &frame(0xc1, "deflated", true));
    capture.say(true, &[0x83, 0x80]);
    capture.say(false, &frame(0x81, "first", false));
    capture.next[1] += 10;
    capture.say(false, &frame(0x81, "after a gap", false));
    let (found, notes) = capture.messages();
    assert_eq!(found, ["< first"]);
    let about = |word: &str| notes.iter().any(|note| note.contains(word));
    assert!(about("compressed") && about("missed") && about("no WebSocket frames"), "{notes:?}");
}

#[test]
fn what_is_no_websocket_is_no_capture_for_us() {
    let refused = |payload: &[u8]| {
        let mut capture = Capture::new();
        capture.say(true, payload);
        read(&capture.bytes, &mut |_| ()).unwrap_err()
    };
    assert!(refused(&[0x16, 0x03, 0x01, 0]).contains("TLS"));
    assert!(refused(b"GET / HTTP/1.1\r\n\r\n").contains("no upgrade"));
    assert!(refused(&frame(0x81, "middle", true)).contains("no upgrade"));
}

#[test]
fn a_capture_that_breaks_off_keeps_what_it_has() {
    let mut capture = Capture::open();
    capture.say(true, &frame(0x81, "hello", true));
    capture.say(true, &frame(0x81, "cut", true));
    let whole = capture.bytes.clone();
    capture.bytes.truncate(whole.len() - 5);
    let (found, notes) = capture.messages();
    assert_eq!(found, ["> hello"]);
    assert!(notes.iter().any(|note| note.contains("breaks off")), "{notes:?}");
    // Wherever it is cut, nothing panics and nothing hangs.
    for end in 0..whole.len() {
        read(&whole[..end], &mut |_| ()).ok();
    }
}
