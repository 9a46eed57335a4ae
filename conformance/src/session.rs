//! One session as the checks read it: connections and frames, drawn from a transcript.

use std::time::Duration;

use glimesh_mock::transcript::{Entry, From, Transcript, What};
use glimesh_proto::{DecodeError, Frame, Instant, names};

use crate::clock::Clock;

/// A transcript, sorted into connections.
#[derive(Clone, Debug)]
pub struct Session {
    /// The evidence.
    pub transcript: Transcript,
    /// How its times relate to the client's seconds.
    pub clock: Clock,
    /// The TCP connections, in the order of acceptance.
    pub connections: Vec<Connection>,
}

/// One TCP connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The transcript's number for it.
    pub id: u32,
    /// When the upgrade was answered with 101; the client's time runs from here.
    pub opened_at: Option<Instant>,
    /// The indices of its entries in the transcript.
    pub entries: Vec<usize>,
    /// The text messages of both sides, in order.
    pub frames: Vec<Seen>,
    /// When it ended: by a close frame or the end of TCP, whichever came first.
    pub ended_at: Option<Instant>,
}

/// A text message on the wire.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The index of its entry.
    pub entry: usize,
    /// When it crossed the wire.
    pub at: Instant,
    /// Who sent it.
    pub from: From,
    /// The frame, if it is one.
    pub frame: Result<Frame, DecodeError>,
}

impl Session {
    /// Sorts a transcript into connections.
    pub fn new(transcript: Transcript) -> Self {
        let mut connections: Vec<Connection> = Vec::new();
        for (index, entry) in transcript.entries.iter().enumerate() {
            let Some(id) = entry.conn else { continue };
            let position = connections.iter().position(|connection| connection.id == id);
            let position = position.unwrap_or_else(|| {
                connections.push(Connection::new(id));
                connections.len() - 1
            });
            connections[position].take(index, entry);
        }
        let clock = Clock::of_stamp(&transcript.header.clock);
        Self { transcript, clock, connections }
    }

    /// The session's name.
    pub fn name(&self) -> &str {
        &self.transcript.header.session
    }

    /// The transcript's entry at an index.
    pub fn entry(&self, index: usize) -> &Entry {
        &self.transcript.entries[index]
    }

    /// The connections whose upgrade was granted.
    pub fn open_connections(&self) -> impl Iterator<Item = &Connection> {
        self.connections.iter().filter(|connection| connection.opened_at.is_some())
    }

    /// When the timeline first reached a step.
    pub fn mark(&self, name: &str) -> Option<Instant> {
        self.transcript.entries.iter().find_map(|entry| match &entry.what {
            What::Mark { name: found } if found == name => Some(entry.at),
            _ => None,
        })
    }

    /// The time of the last entry.
    pub fn ended_at(&self) -> Instant {
        self.transcript.entries.last().map_or(Instant::ZERO, |entry| entry.at)
    }

    /// The longest stall of the machine while the session ran, in the client's heartbeat seconds.
    pub fn worst_stall(&self) -> Duration {
        let stalls = self.transcript.entries.iter().map(|entry| match entry.what {
            What::Noise { worst_stall_ms } => Duration::from_millis(worst_stall_ms),
            _ => Duration::ZERO,
        });
        self.clock.beats(stalls.max().unwrap_or_default())
    }
}

impl Connection {
    const fn new(id: u32) -> Self {
        Self { id, opened_at: None, entries: Vec::new(), frames: Vec::new(), ended_at: None }
    }

    /// The client's frames that could be read.
    pub fn client_frames(&self) -> impl Iterator<Item = (&Seen, &Frame)> {
        self.frames
            .iter()
            .filter(|seen| seen.from == From::Client)
            .filter_map(|seen| Some((seen, seen.frame.as_ref().ok()?)))
    }

    /// The server's frames that can be read.
    pub fn server_frames(&self) -> impl Iterator<Item = (&Seen, &Frame)> {
        self.frames
            .iter()
            .filter(|seen| seen.from == From::Server)
            .filter_map(|seen| Some((seen, seen.frame.as_ref().ok()?)))
    }

    /// The client's heartbeats: topic `phoenix`, event `heartbeat`.
    pub fn heartbeats(&self) -> impl Iterator<Item = (&Seen, &Frame)> {
        self.client_frames().filter(|(_, frame)| {
            frame.topic == names::PHOENIX_TOPIC && frame.event == names::HEARTBEAT
        })
    }

    /// The client's frames with this event on the control topic.
    pub fn on_control(&self, event: &str) -> impl Iterator<Item = (&Seen, &Frame)> {
        self.client_frames()
            .filter(move |(_, frame)| frame.topic == names::CONTROL_TOPIC && frame.event == event)
    }

    fn take(&mut self, index: usize, entry: &Entry) {
        self.entries.push(index);
        match &entry.what {
            What::Upgrade { status: 101, .. } => self.opened_at = Some(entry.at),
            What::Text { from, data, .. } => self.frames.push(Seen {
                entry: index,
                at: entry.at,
                from: *from,
                frame: Frame::decode(data),
            }),
            What::Close { .. } | What::Eof { .. } => {
                self.ended_at.get_or_insert(entry.at);
            }
            _ => {}
        }
    }
}
