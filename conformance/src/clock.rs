//! How the client's seconds relate to real ones.

use std::fmt;
use std::time::Duration;

use glimesh_mock::transcript::ClockStamp;

/// The clock of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Every second is a real one.
    Real,
    /// The client was told a short heartbeat interval: everything that concerns heartbeats runs `rate` times as
    /// fast, everything else in real seconds.
    Contract {
        /// How many of the client's heartbeat seconds fit into a real one.
        rate: u32,
    },
}

/// The interval that a client is told in contract mode, in its own seconds. It leaves ten seconds to the limit.
pub const CONTRACT_INTERVAL: Duration = Duration::from_secs(20);

/// The default rate in contract mode: the interval of 20 s takes 800 ms, two quiet minutes take 5 s.
pub const CONTRACT_RATE: u32 = 25;

impl Clock {
    /// How many of the client's heartbeat seconds fit into a real one.
    pub const fn rate(self) -> u32 {
        match self {
            Self::Real => 1,
            Self::Contract { rate } => rate,
        }
    }

    /// A real time between heartbeats, in the client's seconds.
    pub fn beats(self, real: Duration) -> Duration {
        real * self.rate()
    }

    /// The interval for the placeholder `{heartbeat_ms}`, in real time.
    pub fn heartbeat_interval(self) -> Option<Duration> {
        match self {
            Self::Real => None,
            Self::Contract { rate } => Some(CONTRACT_INTERVAL / rate),
        }
    }

    /// The word for the mode, as in `--clock` and in results.
    pub const fn mode(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Contract { .. } => "contract",
        }
    }

    /// How a transcript's header says it.
    pub fn stamp(self) -> ClockStamp {
        ClockStamp { mode: self.mode().to_owned(), rate: self.rate() }
    }

    /// Reads a transcript's header; an unknown mode counts as real.
    pub fn of_stamp(stamp: &ClockStamp) -> Self {
        match stamp.mode.as_str() {
            "contract" => Self::Contract { rate: stamp.rate.max(1) },
            _ => Self::Real,
        }
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::Contract { rate } => write!(f, "contract×{rate}"),
        }
    }
}
