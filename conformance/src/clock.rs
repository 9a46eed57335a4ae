//! How the client's seconds relate to real ones.

use std::fmt;
use std::time::Duration;

use glimesh_mock::transcript::ClockStamp;

/// The clock of a session.
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
    /// The client runs under libfaketime: all its waits are `rate` times as short. The times of the session's
    /// transcript are the client's.
    Accel {
        /// How many of the client's seconds fit into a real one.
        rate: u32,
    },
}

/// The interval that a client is told in contract mode, in its own seconds. It leaves ten seconds to the limit.
pub const CONTRACT_INTERVAL: Duration = Duration::from_secs(20);

/// The default rate: under `contract` the interval of 20 s takes 800 ms; two quiet minutes take 5 s.
pub const CONTRACT_RATE: u32 = 25;

impl Clock {
    /// How many of the client's heartbeat seconds fit into a real one.
    pub const fn rate(self) -> u32 {
        match self {
            Self::Real => 1,
            Self::Contract { rate } | Self::Accel { rate } => rate,
        }
    }

    /// How many seconds pass in the session, and in its transcript, while a real one does.
    pub const fn pace(self) -> u32 {
        match self {
            Self::Real | Self::Contract { .. } => 1,
            Self::Accel { rate } => rate,
        }
    }

    /// How many of the client's heartbeat seconds pass in one of the transcript's.
    pub const fn beat_rate(self) -> u32 {
        match self {
            Self::Real | Self::Accel { .. } => 1,
            Self::Contract { rate } => rate,
        }
    }

    /// A time between heartbeats, as the transcript has it, in the client's seconds.
    pub fn beats(self, time: Duration) -> Duration {
        time * self.beat_rate()
    }

    /// The interval for the placeholder `{heartbeat_ms}`, in real time.
    pub fn heartbeat_interval(self) -> Option<Duration> {
        match self {
            Self::Real | Self::Accel { .. } => None,
            Self::Contract { rate } => Some(CONTRACT_INTERVAL / rate),
        }
    }

    /// The word for the mode, as in `--clock` and in results.
    pub const fn mode(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Contract { .. } => "contract",
            Self::Accel { .. } => "accel",
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
            "accel" => Self::Accel { rate: stamp.rate.max(1) },
            _ => Self::Real,
        }
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::Contract { rate } | Self::Accel { rate } => write!(f, "{}×{rate}", self.mode()),
        }
    }
}
