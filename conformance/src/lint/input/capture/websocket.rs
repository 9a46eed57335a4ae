//! The upgrade, and the WebSocket frames after it, out of the bytes of both directions.

use glimesh_proto::diagnostic::{MessageKind, Sender};

use super::packets::Side;

/// A longer head of a request or an answer is none.
const LONGEST_HEAD: usize = 64 * 1024;

/// A longer message is not read; the mock's own limit.
const LONGEST_MESSAGE: usize = glimesh_mock::profile::MESSAGE_LIMIT;

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Upgrade { url: String, status: u16 },
    Message { sender: Sender, kind: MessageKind, data: Vec<u8> },
    Close { sender: Sender, code: Option<u16> },
    End,
}

/// Both directions of a connection.
#[derive(Debug, Default)]
pub(super) struct Dialogue {
    /// Who is the client.
    pub(super) client: Option<Side>,
    /// It is TLS.
    pub(super) tls: bool,
    /// It does not begin with a request.
    pub(super) middle: bool,
    /// Messages that were compressed.
    pub(super) compressed: u64,
    /// There were bytes that are no WebSocket frame.
    pub(super) odd: bool,
    stage: Stage,
    client_bytes: Direction,
    server_bytes: Direction,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Request,
    /// The URL that was asked for.
    Answer(String),
    Open,
    Over,
}

/// One direction: bytes that are not read yet, and the message of which only a part came.
#[derive(Debug, Default)]
struct Direction {
    bytes: Vec<u8>,
    /// How many of them are read.
    read: usize,
    part: Option<(MessageKind, Vec<u8>)>,
    /// The message is compressed.
    skip: bool,
    broken: bool,
}

impl Dialogue {
    /// Takes the next bytes of one direction.
    pub(super) fn take(&mut self, from_client: bool, data: &[u8], out: &mut Vec<Heard>) {
        if self.stage == Stage::Over {
            return;
        }
        let direction = if from_client { &mut self.client_bytes } else { &mut self.server_bytes };
        direction.append(data);
        self.advance(out);
    }

    fn advance(&mut self, out: &mut Vec<Heard>) {
        if self.stage == Stage::Request {
            self.request();
        }
        if let Stage::Answer(url) = &self.stage {
            let Some(head) = self.server_bytes.head() else {
                return self.give_up_if_long();
            };
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
            out.push(Heard::Upgrade { url: url.clone(), status });
            self.stage = if status == 101 { Stage::Open } else { Stage::Over };
        }
        if self.stage == Stage::Open {
            for (direction, sender) in
                [(&mut self.client_bytes, Sender::Client), (&mut self.server_bytes, Sender::Server)]
            {
                direction.messages(sender, &mut self.compressed, out);
                self.odd |= direction.broken;
            }
        }
    }

    fn request(&mut self) {
        let start = &self.client_bytes.bytes;
        if start.starts_with(&[0x16, 0x03]) {
            self.tls = true;
            self.stage = Stage::Over;
        } else if !start.is_empty() && !b"GET ".starts_with(&start[..start.len().min(4)]) {
            self.middle = true;
            self.stage = Stage::Over;
        } else if let Some(head) = self.client_bytes.head() {
            let lower = head.to_ascii_lowercase();
            let target = head.split(' ').nth(1).unwrap_or_default();
            self.stage = if lower.contains("upgrade: websocket") {
                Stage::Answer(target.to_owned())
            } else {
                Stage::Over
            };
        } else {
            self.give_up_if_long();
        }
    }

    fn give_up_if_long(&mut self) {
        let longest = self.client_bytes.bytes.len().max(self.server_bytes.bytes.len());
        if longest > LONGEST_HEAD {
            self.stage = Stage::Over;
        }
    }
}

impl Direction {
    fn append(&mut self, data: &[u8]) {
        if self.broken {
            return;
        }
        if self.read > 0 {
            self.bytes.drain(..self.read);
            self.read = 0;
        }
        self.bytes.extend_from_slice(data);
    }

    /// Takes the head of a request or an answer off the bytes, once it is whole.
    fn head(&mut self) -> Option<String> {
        let unread = &self.bytes[self.read..];
        let end = unread.windows(4).take(LONGEST_HEAD).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&unread[..end]).into_owned();
        self.read += end + 4;
        Some(head)
    }

    fn messages(&mut self, sender: Sender, compressed: &mut u64, out: &mut Vec<Heard>) {
        while !self.broken {
            let frame = match WsFrame::read(&self.bytes[self.read..]) {
                Ok(Some(frame)) => frame,
                Ok(None) => return,
                Err(()) => {
                    self.broken = true;
                    self.bytes = Vec::new();
                    self.read = 0;
                    return;
                }
            };
            self.read += frame.len;
            self.frame(frame, sender, compressed, out);
        }
    }

    fn frame(
        &mut self,
        frame: WsFrame,
        sender: Sender,
        compressed: &mut u64,
        out: &mut Vec<Heard>,
    ) {
        let WsFrame { opcode, last, reserved, data, .. } = frame;
        match opcode {
            8 => {
                let code = data.first_chunk::<2>().map(|code| u16::from_be_bytes(*code));
                return out.push(Heard::Close { sender, code });
            }
            0 => match &mut self.part {
                Some((_, part)) if part.len() + data.len() <= LONGEST_MESSAGE => {
                    part.extend_from_slice(&data);
                }
                _ => self.broken = true,
            },
            1 | 2 => {
                self.skip = reserved;
                let kind = if opcode == 1 { MessageKind::Text } else { MessageKind::Binary };
                self.part = Some((kind, data));
            }
            // Pings, pongs, and what is reserved.
            _ => return,
        }
        if last && let Some((kind, data)) = self.part.take() {
            if self.skip {
                *compressed += 1;
            } else {
                out.push(Heard::Message { sender, kind, data });
            }
        }
    }
}

/// One WebSocket frame.
struct WsFrame {
    opcode: u8,
    last: bool,
    reserved: bool,
    /// Without its mask.
    data: Vec<u8>,
    /// How many bytes it takes.
    len: usize,
}

impl WsFrame {
    /// `None`: it is not whole yet. `Err`: it is no frame, or a too long one.
    ///
    /// Source: RFC 6455, section 5.2.
    fn read(bytes: &[u8]) -> Result<Option<Self>, ()> {
        let [first, second, ..] = *bytes else { return Ok(None) };
        let opcode = first & 0x0f;
        if !matches!(opcode, 0..=2 | 8..=10) || first & 0x30 != 0 {
            return Err(());
        }
        let (length, mut at) = match second & 0x7f {
            126 => match bytes.get(2..4).and_then(|length| length.first_chunk::<2>()) {
                Some(length) => (u64::from(u16::from_be_bytes(*length)), 4),
                None => return Ok(None),
            },
            127 => match bytes.get(2..10).and_then(|length| length.first_chunk::<8>()) {
                Some(length) => (u64::from_be_bytes(*length), 10),
                None => return Ok(None),
            },
            short => (u64::from(short), 2),
        };
        let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST_MESSAGE);
        let length = length.ok_or(())?;
        let mut mask = [0; 4];
        if second & 0x80 != 0 {
            let Some(given) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) else {
                return Ok(None);
            };
            mask = *given;
            at += 4;
        }
        let Some(data) = bytes.get(at..at + length) else { return Ok(None) };
        let data = data.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        let (last, reserved) = (first & 0x80 != 0, first & 0x40 != 0);
        Ok(Some(Self { opcode, last, reserved, data, len: at + length }))
    }
}
