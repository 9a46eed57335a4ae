//! Expectations with counts, and whether they were met.

use std::fmt;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::frames::Frames;
use super::seen::{SeenFrame, Wire};
use crate::mock::MockServer;
use crate::transcript::From;

/// How often something is expected: a number, or a range such as `1..` or `..=3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    least: u64,
    /// `None`: any number.
    most: Option<u64>,
}

/// An expectation that was just set: once or more, on any connection, unless it is said otherwise.
#[derive(Debug)]
pub struct Expectation<'a> {
    server: &'a MockServer,
    index: usize,
}

/// What a server expects. Dropped without a look at it, it fails the test: it would have proved nothing.
#[derive(Debug, Default)]
pub(crate) struct Expectations(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    expected: Vec<Expected>,
    verified: bool,
}

#[derive(Clone, Debug)]
struct Expected {
    frames: Frames,
    times: Times,
    conn: Option<u32>,
}

/// Expectations that were not met, with the counts and what crossed the wire.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unmet(String);

/// How long [`verify`](MockServer::verify) waits for what is still expected.
const SETTLE: Duration = Duration::from_secs(1);

impl Expectation<'_> {
    /// How often: `1`, `2..=3`, `1..`, `..5` or `0`.
    pub fn times(self, times: impl Into<Times>) -> Self {
        self.change(|expected| expected.times = times.into())
    }

    /// Never.
    pub fn never(self) -> Self {
        self.times(0)
    }

    /// On this connection alone, counted from 1 in the order of acceptance.
    pub fn on_connection(self, conn: u32) -> Self {
        self.change(|expected| expected.conn = Some(conn))
    }

    fn change(self, change: impl FnOnce(&mut Expected)) -> Self {
        change(&mut self.server.door().expectations.lock().expected[self.index]);
        self
    }
}

/// Expectations of what the client sends.
impl MockServer {
    /// Expects frames of the client: at least one unless [`times`](Expectation::times) says otherwise. All that
    /// was sent since the server's start counts, also what was sent before this call.
    ///
    /// # Panics
    ///
    /// At once, if the server keeps no transcript, in which the frames would be looked for. Later, if the server is
    /// dropped and [`verify`](Self::verify) or [`unmet`](Self::unmet) was never asked.
    pub fn expect(&self, frames: Frames) -> Expectation<'_> {
        assert!(self.shared().recorder.keeps(), "nothing can be expected without a transcript");
        let mut inner = self.door().expectations.lock();
        inner.verified = false;
        inner.expected.push(Expected { frames, times: Times::from(1..), conn: None });
        let index = inner.expected.len() - 1;
        drop(inner);
        Expectation { server: self, index }
    }

    /// Fails the test unless all expectations are met. What is still missing may take up to a second to come; what
    /// came too often is not waited for.
    ///
    /// # Panics
    ///
    /// With each expectation, its count, and what crossed the wire, if one is not met.
    pub async fn verify(&self) {
        if let Err(unmet) = self.unmet(SETTLE).await {
            panic!("{unmet}");
        }
    }

    /// As [`verify`](Self::verify), for tests that have their own way to fail.
    ///
    /// # Errors
    ///
    /// [`Unmet`]: what is missing has not come within the time, or something came too often.
    pub async fn unmet(&self, within: Duration) -> Result<(), Unmet> {
        let expected = self.door().expectations.looked_at();
        let mut length = self.watch();
        let mut counts = vec![0; expected.len()];
        let mut looked_at = 0;
        let mut look = || {
            let entries = self.entries_from(looked_at);
            looked_at += entries.len();
            for seen in entries.iter().filter_map(SeenFrame::of) {
                for (expected, count) in expected.iter().zip(&mut counts) {
                    *count += u64::from(expected.accepts(&seen));
                }
            }
            let missing = |(expected, count): (&Expected, &u64)| *count < expected.times.least;
            !expected.iter().zip(&counts).any(missing)
        };
        let all = async {
            while !look() {
                if length.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        // Whether all came shows in the counts.
        let _ = timeout(within, all).await;
        look();
        let met = |(expected, count): (&Expected, &u64)| expected.times.contains(*count);
        if expected.iter().zip(&counts).all(met) {
            return Ok(());
        }
        Err(Unmet(self.told(&expected, &counts)))
    }

    fn told(&self, expected: &[Expected], counts: &[u64]) -> String {
        let mut told = "not everything that was expected came:".to_owned();
        for (expected, count) in expected.iter().zip(counts) {
            let word = if expected.times.contains(*count) { "  met" } else { "UNMET" };
            told.push_str(&format!("\n  {word}  {expected}: expected {}, came ", expected.times));
            told.push_str(&times(*count));
        }
        format!("{told}\n{}", Wire(self.entries_from(0)))
    }
}

impl Expected {
    fn accepts(&self, seen: &SeenFrame) -> bool {
        seen.from == From::Client
            && self.conn.is_none_or(|conn| conn == seen.conn)
            && seen.frame.as_ref().is_some_and(|frame| self.frames.accepts(frame))
    }
}

impl Expectations {
    fn looked_at(&self) -> Vec<Expected> {
        let mut inner = self.lock();
        inner.verified = true;
        inner.expected.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Expectations {
    fn drop(&mut self) {
        let inner = self.lock();
        if inner.verified || inner.expected.is_empty() || std::thread::panicking() {
            return;
        }
        let first = inner.expected[0].to_string();
        drop(inner);
        panic!("{first} was expected and nobody looked whether it came: call verify().await");
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.frames)?;
        self.conn.map_or(Ok(()), |conn| write!(f, ", on connection {conn}"))
    }
}

impl Times {
    /// Whether so many are as expected.
    pub fn contains(self, count: u64) -> bool {
        count >= self.least && self.most.is_none_or(|most| count <= most)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (_, Some(0)) => f.write_str("none"),
            (least, Some(most)) if least == most => f.write_str(&times(least)),
            (least, Some(most)) if least > most => f.write_str("what cannot be"),
            (0, None) => f.write_str("any number"),
            (0, Some(most)) => write!(f, "{} at most", times(most)),
            (least, None) => write!(f, "{} or more", times(least)),
            (least, Some(most)) => write!(f, "{least} to {most} times"),
        }
    }
}

fn times(count: u64) -> String {
    match count {
        0 => "none".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        many => format!("{many} times"),
    }
}

impl std::convert::From<u64> for Times {
    fn from(times: u64) -> Self {
        Self { least: times, most: Some(times) }
    }
}

impl std::convert::From<RangeFrom<u64>> for Times {
    fn from(range: RangeFrom<u64>) -> Self {
        Self { least: range.start, most: None }
    }
}

impl std::convert::From<RangeFull> for Times {
    fn from(_: RangeFull) -> Self {
        Self { least: 0, most: None }
    }
}

impl std::convert::From<RangeInclusive<u64>> for Times {
    fn from(range: RangeInclusive<u64>) -> Self {
        Self { least: *range.start(), most: Some(*range.end()) }
    }
}

impl std::convert::From<RangeToInclusive<u64>> for Times {
    fn from(range: RangeToInclusive<u64>) -> Self {
        Self { least: 0, most: Some(range.end) }
    }
}

/// An empty range can never be met.
impl std::convert::From<Range<u64>> for Times {
    fn from(range: Range<u64>) -> Self {
        match range.end.checked_sub(1) {
            Some(most) => Self { least: range.start, most: Some(most) },
            None => Self { least: 1, most: Some(0) },
        }
    }
}

/// An empty range can never be met.
impl std::convert::From<RangeTo<u64>> for Times {
    fn from(range: RangeTo<u64>) -> Self {
        Self::from(0..range.end)
    }
}
