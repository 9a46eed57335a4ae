//! Answers that a rule holds back, and the frames that wait behind them.

use std::collections::VecDeque;

use glimesh_proto::{ClientMessage, Frame, Instant, names};

/// Keeps the order of the control topic: while an answer on it is held, later frames on it wait.
/// Everything else, above all heartbeats, passes.
#[derive(Debug, Default)]
pub(crate) struct Held {
    answers: Vec<Answer>,
    waiting: VecDeque<String>,
    waiting_bytes: usize,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) until: Instant,
    pub(crate) frame: Frame,
    pub(crate) message: ClientMessage,
}

/// More is waiting than a polite client could have sent.
#[derive(Debug)]
pub(crate) struct TooMany;

/// How many frames may wait behind a held answer.
const MOST_WAITING: usize = 4_096;

/// How many bytes may wait behind a held answer.
const MOST_BYTES: usize = 32 << 20;

impl Held {
    pub(crate) fn hold(&mut self, answer: Answer) {
        self.answers.push(answer);
    }

    /// Whether a frame on this topic has to wait.
    pub(crate) fn blocks(&self, topic: &str) -> bool {
        topic == names::CONTROL_TOPIC && (self.holds_control() || !self.waiting.is_empty())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    pub(crate) fn wait(&mut self, text: &str) -> Result<(), TooMany> {
        self.waiting_bytes += text.len();
        if self.waiting.len() >= MOST_WAITING || self.waiting_bytes > MOST_BYTES {
            return Err(TooMany);
        }
        self.waiting.push_back(text.to_owned());
        Ok(())
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.answers.iter().map(|answer| answer.until).min()
    }

    /// The answer whose time has come first.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Answer> {
        let due = self.answers.iter().enumerate().filter(|(_, answer)| answer.until <= now);
        let (index, _) = due.min_by_key(|(_, answer)| answer.until)?;
        Some(self.answers.remove(index))
    }

    /// The next frame that need not wait any more.
    pub(crate) fn pop_waiting(&mut self) -> Option<String> {
        if self.holds_control() {
            return None;
        }
        let text = self.waiting.pop_front()?;
        self.waiting_bytes -= text.len();
        Some(text)
    }

    fn holds_control(&self) -> bool {
        self.answers.iter().any(|answer| answer.frame.topic == names::CONTROL_TOPIC)
    }
}
