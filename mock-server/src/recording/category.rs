//! The recordings, sorted by what they are about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::record::Record;

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// The upgrade request.
    Connect,
    /// Joining and leaving.
    Join,
    /// Heartbeats.
    Heartbeat,
    /// What counts as a frame.
    Frame,
    /// Documents and their answers.
    Doc,
    /// Other events on the control topic.
    Event,
    /// Messages that subscribers get.
    Push,
    /// How channels and connections end.
    Lifecycle,
    /// How long a silent connection lasts.
    Timing,
    /// The older API.
    OldSocket,
    /// GraphQL over HTTP.
    Http,
}

impl Category {
    /// All categories.
    pub const ALL: [Self; 11] = [
        Self::Connect,
        Self::Join,
        Self::Heartbeat,
        Self::Frame,
        Self::Doc,
        Self::Event,
        Self::Push,
        Self::Lifecycle,
        Self::Timing,
        Self::OldSocket,
        Self::Http,
    ];

    /// Its name, as in the records' ids.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Join => "join",
            Self::Heartbeat => "heartbeat",
            Self::Frame => "frame",
            Self::Doc => "doc",
            Self::Event => "event",
            Self::Push => "push",
            Self::Lifecycle => "lifecycle",
            Self::Timing => "timing",
            Self::OldSocket => "old_socket",
            Self::Http => "http",
        }
    }

    /// Its recordings.
    pub fn records(self) -> Vec<Record> {
        let read =
            |line| serde_json::from_str(line).expect("the embedded recordings are in their format");
        self.text().lines().map(read).collect()
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Connect => include_str!("../../../fixtures/recordings/connect.jsonl"),
            Self::Join => include_str!("../../../fixtures/recordings/join.jsonl"),
            Self::Heartbeat => include_str!("../../../fixtures/recordings/heartbeat.jsonl"),
            Self::Frame => include_str!("../../../fixtures/recordings/frame.jsonl"),
            Self::Doc => include_str!("../../../fixtures/recordings/doc.jsonl"),
            Self::Event => include_str!("../../../fixtures/recordings/event.jsonl"),
            Self::Push => include_str!("../../../fixtures/recordings/push.jsonl"),
            Self::Lifecycle => include_str!("../../../fixtures/recordings/lifecycle.jsonl"),
            Self::Timing => include_str!("../../../fixtures/recordings/timing.jsonl"),
            Self::OldSocket => include_str!("../../../fixtures/recordings/old_socket.jsonl"),
            Self::Http => include_str!("../../../fixtures/recordings/http.jsonl"),
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a text names no category.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no category {0:?}; there are {names}", names = Category::ALL.map(Category::as_str).join(", "))]
pub struct UnknownCategory(String);

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(text: &str) -> Result<Self, UnknownCategory> {
        let found = Self::ALL.into_iter().find(|category| category.as_str() == text);
        found.ok_or_else(|| UnknownCategory(text.to_owned()))
    }
}
