//! A time that can be written in a fixture and printed in a snapshot.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// The time since the run began.
///
/// The core reads no clock: whoever drives a machine says what time it is, and time never goes back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(Duration);

impl Instant {
    /// The beginning of the run.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The instant that many milliseconds after the beginning.
    pub const fn from_millis(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    /// The whole milliseconds since the beginning.
    pub const fn as_millis(self) -> u64 {
        self.0.as_millis() as u64
    }

    /// The time since the beginning.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The time from `earlier` to `self`; zero if `earlier` is the later one.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<Duration> for Instant {
    fn from(since_start: Duration) -> Self {
        Self(since_start)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, after: Duration) -> Self {
        Self(self.0.saturating_add(after))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, before: Duration) -> Self {
        Self(self.0.saturating_sub(before))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}s", self.0.as_secs_f64())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
