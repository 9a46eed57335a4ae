//! A recording of the real server, played in place of everything that the server would do by itself.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use crate::recording::Record;
use crate::replay::{Pace, Replay, Speed};
use crate::scenario::{Auth, Await, Awaited, Count, Otherwise, Span, Step};
use crate::transcript::Transcript;

/// How long the client may take to ask for its first connection, and how much longer than recorded all may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which recording of the real server is played, and how fast.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    recording: Arc<Transcript>,
    pace: Pace,
}

/// A recording of the real server, and how fast it is played.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Replayed"))]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    /// The recording's id, such as `join/normal`. Those that cannot be played are in
    /// fixtures/recordings/not_replayed.txt, each with the reason.
    #[serde(deserialize_with = "retold")]
    #[cfg_attr(test, schemars(with = "String"))]
    recording: Arc<Transcript>,
    /// How many times faster than recorded the server says what it said, over 0 and up to 1000, in the client's seconds.
    #[serde(default, deserialize_with = "speed")]
    #[cfg_attr(test, schemars(with = "Option<f64>"))]
    speed: Option<Speed>,
    /// The server waits for the client's frames alone, and for no time.
    #[serde(default)]
    gated: bool,
}

impl Replayed {
    /// The recording's id.
    pub fn recording(&self) -> &str {
        &self.recording.header.session
    }

    /// Which credential the recorded client had.
    pub(super) fn credential(&self) -> Auth {
        Auth::of(&self.recording.header.given)
    }

    /// From the first request to the last thing that happened, in the client's seconds.
    pub(super) fn length(&self) -> Duration {
        self.pace.scaled(self.recorded_length())
    }

    fn recorded_length(&self) -> Duration {
        self.recording.entries.last().map_or(Duration::ZERO, |entry| entry.at.since_start())
    }

    /// Waits until every recorded connection is over.
    pub(super) fn timeline(&self) -> Vec<Step> {
        let connections = self.start().map_or(0, |replay| replay.connections());
        let count = Count(u32::try_from(connections).unwrap_or(u32::MAX));
        let over = self.recorded_length().max(self.length()) + PATIENCE;
        let wait_for = |what, count, within| {
            Step::Await(Await { what, count, within: Span(within), otherwise: Otherwise::End })
        };
        vec![
            wait_for(Awaited::Upgrade, Count(1), PATIENCE),
            wait_for(Awaited::Replayed, count, over.min(Span::LONGEST)),
            Step::End,
        ]
    }

    /// The recording from its beginning. There is one: this was seen when the file was read.
    pub(crate) fn start(&self) -> Option<Replay> {
        Replay::new(&self.recording, self.pace).ok()
    }
}

impl TryFrom<Fields> for Replayed {
    type Error = &'static str;

    fn try_from(Fields { recording, speed, gated }: Fields) -> Result<Self, Self::Error> {
        let pace = match (speed, gated) {
            (Some(_), true) => {
                return Err("a replay that is `gated` waits for no time: leave out `speed`");
            }
            (None, true) => Pace::Gated,
            (speed, false) => Pace::Times(speed.unwrap_or(Speed::ONE)),
        };
        Ok(Self { recording, pace })
    }
}

fn retold<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Transcript>, D::Error> {
    let id = String::deserialize(deserializer)?;
    let record = Record::named(&id).map_err(de::Error::custom)?;
    let cannot =
        |why: &dyn std::error::Error| de::Error::custom(format!("cannot replay {id}: {why}"));
    let transcript = record.retell().map_err(|why| cannot(&why))?;
    Replay::new(&transcript, Pace::Gated).map_err(|why| cannot(&why))?;
    Ok(Arc::new(transcript))
}

fn speed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Speed>, D::Error> {
    let number = f64::deserialize(deserializer)?;
    Speed::try_from(number).map(Some).map_err(de::Error::custom)
}
