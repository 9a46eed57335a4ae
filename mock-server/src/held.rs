//! Answers that a rule holds back, and the frames that wait behind them.

use std::collections::VecDeque;

use glimesh_proto::{ClientMessage, Frame, Instant, names};

use crate::scenario::{AnswerAs, Reverse, Then};

/// Keeps the order of the control topic: while an answer on it is held, later frames on it wait.
/// Everything else, above all heartbeats, passes.
#[derive(Debug, Default)]
pub(crate) struct Held {
    answers: Vec<Answer>,
    waiting: VecDeque<String>,
    waiting_bytes: usize,
    reversed: Option<Box<Reversed>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) until: Instant,
    pub(crate) frame: Frame,
    pub(crate) message: ClientMessage,
    pub(crate) answer: AnswerAs,
    pub(crate) then: Option<Then>,
}

/// Answers that go out in reverse order.
#[derive(Debug)]
struct Reversed {
    until: Instant,
    count: u32,
    texts: Vec<String>,
}

/// More is waiting than a polite client could have sent.
#[derive(Debug)]
pub(crate) struct TooMany;

/// How many frames may wait behind a held answer.
const MOST_WAITING: usize = 4_096;

/// How many bytes may wait behind a held answer.
const MOST_BYTES: usize = 32 << 20;

impl Held {
    pub(crate) fn hold(&mut self, answer: Answer) -> Result<(), TooMany> {
        if self.answers.len() >= MOST_WAITING {
            return Err(TooMany);
        }
        self.answers.push(answer);
        Ok(())
    }

    /// Holds the text of an answer that is to go out before those that were held earlier.
    pub(crate) fn reverse(&mut self, now: Instant, how: Reverse, text: String) {
        let Reverse { count, within } = how;
        let reversed = self.reversed.get_or_insert_with(|| {
            Box::new(Reversed { until: now + within.0, count, texts: Vec::new() })
        });
        reversed.texts.push(text);
    }

    /// The texts that go out now, the last one first.
    pub(crate) fn take_reversed(&mut self, now: Instant) -> Vec<String> {
        let due =
            self.reversed.take_if(|it| it.until <= now || it.texts.len() >= it.count as usize);
        due.map(|it| it.texts.into_iter().rev().collect()).unwrap_or_default()
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
        let reversed = self.reversed.as_ref().map(|it| it.until);
        self.answers.iter().map(|answer| answer.until).chain(reversed).min()
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
