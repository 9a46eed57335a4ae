//! What was recorded of each connection, in the form in which it is replayed.

use std::collections::HashMap;

use glimesh_proto::{Frame, Instant, names};

use crate::transcript::{Entry, From, Transcript, What};

/// One connection.
#[derive(Debug)]
pub(super) struct Recorded {
    /// How its upgrade was answered.
    pub(super) status: u16,
    /// When.
    pub(super) opened_at: Instant,
    /// What happened, without the heartbeats.
    pub(super) items: Vec<Item>,
    /// The reply to each heartbeat, if there was one.
    pub(super) beats: Vec<Option<Frame>>,
}

/// One thing that happened.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) at: Instant,
    pub(super) act: Act,
}

/// Who did what.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// The client said this.
    Heard(String),
    /// The client sent these bytes.
    HeardBinary(Vec<u8>),
    /// The client ended the connection.
    Left,
    /// The server said this.
    Say(String),
    /// The server sent these bytes.
    SayBinary(Vec<u8>),
    /// The server closed the connection with a close frame.
    Close { code: Option<u16>, reason: String },
    /// The server ended TCP.
    Cut { reset: bool },
}

/// The connections on which a WebSocket was asked for, in order.
pub(super) fn connections(transcript: &Transcript) -> Vec<Recorded> {
    let mut by_conn: HashMap<u32, usize> = HashMap::new();
    let mut connections: Vec<Recorded> = Vec::new();
    for entry in &transcript.entries {
        let Some(conn) = entry.conn else { continue };
        if let What::Upgrade { path, headers, status, .. } = &entry.what {
            let asks = |(name, value): &(String, String)| {
                name == "upgrade" && value.to_ascii_lowercase().contains("websocket")
            };
            if path.ends_with("/websocket") || headers.iter().any(asks) {
                by_conn.insert(conn, connections.len());
                let (status, opened_at) = (*status, entry.at);
                let (items, beats) = (Vec::new(), Vec::new());
                connections.push(Recorded { status, opened_at, items, beats });
            }
            continue;
        }
        if let Some(recorded) = by_conn.get(&conn).and_then(|index| connections.get_mut(*index)) {
            recorded.take(entry);
        }
    }
    connections
}

impl Recorded {
    fn take(&mut self, entry: &Entry) {
        let act = match &entry.what {
            What::Text { from, data, .. } => {
                if self.is_of_heartbeats(*from, data) {
                    return;
                }
                match from {
                    From::Client => Act::Heard(data.clone()),
                    From::Server => Act::Say(data.clone()),
                }
            }
            What::Binary { from, hex, .. } => {
                let bytes = hex::decode(hex).unwrap_or_default();
                match from {
                    From::Client => Act::HeardBinary(bytes),
                    From::Server => Act::SayBinary(bytes),
                }
            }
            What::Close { from: From::Server, code, reason } => {
                Act::Close { code: *code, reason: reason.clone() }
            }
            What::Close { from: From::Client, .. } | What::Eof { from: From::Client, .. } => {
                Act::Left
            }
            What::Eof { from: From::Server, reset } => Act::Cut { reset: *reset },
            _ => return,
        };
        // Only the first end counts; the second one answers it.
        let is_end = |act: &Act| matches!(act, Act::Left | Act::Close { .. } | Act::Cut { .. });
        if !self.items.last().is_some_and(|last| is_end(&last.act)) {
            self.items.push(Item { at: entry.at, act });
        }
    }

    /// Sorts heartbeats and their replies out.
    fn is_of_heartbeats(&mut self, from: From, text: &str) -> bool {
        let Ok(frame) = Frame::decode(text) else { return false };
        if frame.topic != names::PHOENIX_TOPIC {
            return false;
        }
        match from {
            From::Client if frame.event == names::HEARTBEAT => {
                self.beats.push(None);
                true
            }
            From::Server if frame.event == names::PHX_REPLY => {
                let Some(unanswered) = self.beats.iter_mut().find(|reply| reply.is_none()) else {
                    return false;
                };
                *unanswered = Some(frame);
                true
            }
            _ => false,
        }
    }
}
