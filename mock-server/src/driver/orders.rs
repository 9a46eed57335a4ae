//! The driver, where it carries out what a scenario's timeline wants of its connection.

use super::{Driver, End};
use crate::fault::{fragments, frame_bytes};
use crate::scenario::{Bytes, Fragment, Order, WireFrame, mutation};
use crate::transcript::{From, What};
use crate::websocket::Link;

impl<L: Link> Driver<L> {
    pub(super) fn carry_out(&mut self, order: Order) -> Option<End> {
        match order {
            Order::Push { frame, numbers } => numbers.into_iter().find_map(|n| {
                let text = self.conversation.fill(&frame, n, None);
                self.say(text)
            }),
            Order::Fuzz { frame, seed, numbers } => numbers.into_iter().find_map(|n| {
                let text = self.conversation.fill(&frame, n, None);
                self.say(mutation(&text, seed, n))
            }),
            Order::Fragment(fragment) => {
                let text = self.conversation.fill(&fragment.text, 1, None);
                self.put_fragments(&Fragment { text, ..fragment })
            }
            Order::Frame(frame) => self.send_frame(&frame),
            Order::CloseChannel => {
                self.conversation.close_channel(true);
                self.send()
            }
            Order::ForgetChannel => {
                self.conversation.close_channel(false);
                self.send()
            }
            Order::Mute(events) if events.is_empty() => {
                self.socket.set_mute(true);
                None
            }
            Order::Mute(events) => {
                self.conversation.mute(events);
                None
            }
            Order::Unmute => {
                self.socket.set_mute(false);
                self.conversation.mute(Vec::new());
                None
            }
            Order::Read(reads) => {
                self.reads = reads;
                None
            }
            Order::HalfClose => {
                self.socket.half_close();
                None
            }
            Order::Tamper(fault) => {
                self.socket.link().tamper(fault.paced(self.conversation.shared.pace));
                None
            }
        }
    }

    /// Sends a text, after all that is to be sent before.
    fn say(&mut self, text: String) -> Option<End> {
        self.conversation.say(text);
        self.send()
    }

    /// Puts a text on the socket, in several frames; there are no placeholders left in it.
    pub(super) fn put_fragments(&mut self, fragment: &Fragment) -> Option<End> {
        if self.socket.is_mute() {
            return None;
        }
        let shared = &self.conversation.shared;
        let recorder = &shared.recorder;
        recorder.text(self.conversation.peer.conn, recorder.now(), From::Server, &fragment.text);
        shared.metrics.frames_out.inc();
        self.put(&fragments(fragment))
    }

    fn send_frame(&mut self, frame: &WireFrame) -> Option<End> {
        let bytes = frame_bytes(frame);
        (0..frame.times.0).find_map(|_| {
            self.record_frame(frame);
            self.put(&bytes)
        })
    }

    fn put(&mut self, bytes: &[u8]) -> Option<End> {
        self.socket.put(bytes).err().map(|_| self.too_slow())
    }

    /// A correct frame is recorded as what it is; of any other there is a note.
    fn record_frame(&self, frame: &WireFrame) {
        let recorder = &self.conversation.shared.recorder;
        let (conn, now) = (self.conversation.peer.conn, recorder.now());
        let WireFrame { opcode, fin, rsv, text, hex: Bytes(more), length, masked, .. } = frame;
        let payload = [text.as_bytes(), more].concat();
        let is_plain = *fin && *rsv == 0 && !masked && length.is_none();
        let kind = is_plain.then_some(*opcode);
        match (kind, std::str::from_utf8(&payload)) {
            (Some(TEXT), Ok(text)) => recorder.text(conn, now, From::Server, text),
            (Some(BINARY), _) => recorder.binary(conn, now, From::Server, &payload),
            (Some(PING), _) => {
                let hex = recorder.payload(&payload);
                recorder.append(Some(conn), What::Ping { from: From::Server, hex });
            }
            (Some(PONG), _) => {
                let hex = recorder.payload(&payload);
                recorder.append(Some(conn), What::Pong { from: From::Server, hex });
            }
            _ => {
                let length = length.unwrap_or(payload.len() as u64);
                let text = format!(
                    "sent a WebSocket frame: opcode {opcode}, fin {fin}, rsv {rsv}, masked {masked}, {} bytes, \
                     {length} announced",
                    payload.len()
                );
                recorder.note(Some(conn), "wire-frame", &text);
            }
        }
    }
}

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const PING: u8 = 9;
const PONG: u8 = 10;
