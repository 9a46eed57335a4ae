//! Lets the world's users talk, so that a new client sees life at once.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::shared::Shared;

/// How many messages a second the world's users say: more than 0, at most 1000.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chatter(f64);

/// Why a text is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a rate; write messages a second, from 0.001 to 1000, such as 5 or 0.5")]
pub struct ChatterError(String);

impl Chatter {
    /// This many messages a second.
    ///
    /// # Errors
    ///
    /// It is not between 0.001 and 1000.
    pub fn per_second(rate: f64) -> Result<Self, ChatterError> {
        let fits = (0.001..=1_000.0).contains(&rate);
        if fits { Ok(Self(rate)) } else { Err(ChatterError(rate.to_string())) }
    }

    fn every(self) -> Duration {
        Duration::from_secs_f64(1.0 / self.0)
    }
}

impl FromStr for Chatter {
    type Err = ChatterError;

    fn from_str(text: &str) -> Result<Self, ChatterError> {
        let wrong = || ChatterError(text.to_owned());
        Self::per_second(text.parse().map_err(|_| wrong())?).map_err(|_| wrong())
    }
}

impl fmt::Display for Chatter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} messages a second", self.0)
    }
}

/// What they say, in turn.
const LINES: [&str; 12] = [
    "hello everybody",
    "hi! :glimwow:",
    "how long have you been live?",
    "what game is this?",
    "that was close",
    "GG",
    "the sound is fine here",
    "can you turn the music down a bit?",
    ":glimchef: :glimchef:",
    "brb, getting some tea",
    "first time here, nice stream",
    "Ünïcödé and 日本語 work, too 🎉",
];

/// Talks for ever: the same users say the same things in the same order in every run.
pub(crate) async fn run(shared: &Shared, chatter: Chatter) {
    tracing::info!("the world's users talk: {chatter}");
    let mut ticks = interval(chatter.every());
    // Who was held up does not talk faster afterwards.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut n = 0;
    loop {
        ticks.tick().await;
        let Some((channel_id, username)) = shared.chat.speaker(n) else {
            let text = "nobody talks: the world has no channel, or no user who is not banned";
            return shared.recorder.note(None, "no-chatter", text);
        };
        // The world has both; neither users nor channels ever leave it.
        let _ = shared.chat.say(channel_id, &username, LINES[n % LINES.len()]);
        n += 1;
    }
}
