//! A recorded session, served to a client: what the server said then, it says again, when the client has said what
//! it said then.
//!
//! The client's frames are matched by meaning: topic, event, and payload; of a document its tokens and variables.
//! Refs, join refs and subscription ids are those of now. Heartbeats have a time of their own in every client, and
//! are answered whenever they come, as the nth of the recording was.

mod meaning;
mod player;
mod recorded;

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub(crate) use player::play;
use recorded::Recorded;

use crate::scenario::Auth;
use crate::transcript::{Header, Transcript};

/// A recording to be replayed.
#[derive(Debug)]
pub struct Replay {
    header: Header,
    connections: Vec<Recorded>,
    pace: Pace,
    taken: Mutex<Taken>,
    next_id: AtomicI64,
}

#[derive(Debug, Default)]
struct Taken {
    count: usize,
    /// Which recorded connection a connection of now stands for.
    of: HashMap<u32, usize>,
}

/// When the server says what it said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// After the recorded time, divided by this.
    Times(Speed),
    /// As soon as the client has said what it had said by then.
    Gated,
}

/// How many times faster than recorded: over 0, up to 1000.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(f64);

/// Why a text is no [`Speed`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a speed; write a number over 0 and up to 1000, such as 2 or 0.5")]
pub struct NotSpeed(String);

impl Speed {
    /// As recorded.
    pub const ONE: Self = Self(1.0);
}

impl FromStr for Speed {
    type Err = NotSpeed;

    fn from_str(text: &str) -> Result<Self, NotSpeed> {
        let not_speed = || NotSpeed(text.to_owned());
        text.parse::<f64>().map_err(|_| not_speed())?.try_into().map_err(|_| not_speed())
    }
}

impl TryFrom<f64> for Speed {
    type Error = NotSpeed;

    fn try_from(speed: f64) -> Result<Self, NotSpeed> {
        let is_speed = speed > 0.0 && speed <= 1_000.0;
        is_speed.then_some(Self(speed)).ok_or_else(|| NotSpeed(speed.to_string()))
    }
}

impl Pace {
    /// How long to wait where the recording waited so long.
    pub(crate) fn scaled(self, gap: Duration) -> Duration {
        match self {
            Self::Times(Speed(speed)) => {
                Duration::try_from_secs_f64(gap.as_secs_f64() / speed).unwrap_or(gap)
            }
            Self::Gated => Duration::ZERO,
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// There is nothing in a transcript that could be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no client has asked for a WebSocket in this transcript")]
pub struct NothingRecorded;

/// The integers in the ids of a replay's subscriptions count from here, with the sign of the recorded ones, so that
/// nobody takes them for these.
const FIRST_ID: i64 = 1;

impl Replay {
    /// Takes what is needed out of a transcript.
    ///
    /// # Errors
    ///
    /// [`NothingRecorded`]
    pub fn new(transcript: &Transcript, pace: Pace) -> Result<Self, NothingRecorded> {
        let connections = recorded::connections(transcript);
        if connections.is_empty() {
            return Err(NothingRecorded);
        }
        let header = transcript.header.clone();
        let (taken, next_id) = (Mutex::default(), AtomicI64::new(FIRST_ID));
        Ok(Self { header, connections, pace, taken, next_id })
    }

    /// How many connections were recorded.
    pub const fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Which credential the recorded client was given.
    pub(crate) fn auth(&self) -> Auth {
        Auth::of(&self.header.given)
    }

    /// Writes under which circumstances was recorded: the replay is judged by the same.
    pub(crate) fn stamp(&self, header: &mut Header) {
        let Header { scenario, profile, settings, clock, given, .. } = self.header.clone();
        let (format, session) = (header.format, std::mem::take(&mut header.session));
        *header = Header { format, session, scenario, profile, settings, clock, given };
    }

    /// The status with which the next recorded upgrade was answered; `None`: there was no further one.
    pub(crate) fn next_status(&self, conn: u32) -> Option<u16> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let index = taken.count;
        let recorded = self.connections.get(index)?;
        taken.count += 1;
        taken.of.insert(conn, index);
        Some(recorded.status)
    }

    fn of(&self, conn: u32) -> Option<&Recorded> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        self.connections.get(taken.of.remove(&conn)?)
    }

    /// A subscription's id for now, in the form of a recorded one.
    fn fresh_id(&self, recorded: &str) -> String {
        let number = self.next_id.fetch_add(1, Ordering::Relaxed);
        match recorded.strip_prefix("__absinthe__:doc:").and_then(|rest| rest.split_once(':')) {
            Some((recorded, hash)) => {
                let sign = if recorded.starts_with('-') { "-" } else { "" };
                format!("__absinthe__:doc:{sign}{number}:{hash}")
            }
            None => format!("{recorded}:{number}"),
        }
    }
}
