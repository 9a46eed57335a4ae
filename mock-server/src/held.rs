//! Answers that a rule holds back, and the frames that wait behind them.

use std::collections::VecDeque;

use glimesh_proto::{ClientMessage, Frame, Instant, names};

use crate::limits::Limits;
use crate::scenario::{AnswerAs, Reverse, Then};

/// Keeps the order of the control topic: while an answer on it is held, later frames on it wait.
/// Everything else, above all heartbeats, passes.
#[derive(Debug)]
pub(crate) struct Held {
    /// How many answers may be held, and how many frames may wait.
    most: usize,
    /// How many bytes all of them may have, as frames of the client's.
    most_bytes: usize,
    answers: Vec<Answer>,
    waiting: VecDeque<String>,
    bytes: usize,
    reversed: Option<Box<Reversed>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) until: Instant,
    /// As text: read, it would take many times as much.
    text: String,
    on_control: bool,
    answer: AnswerAs,
    then: Option<Then>,
}

impl Answer {
    pub(crate) fn new(until: Instant, frame: &Frame, answer: AnswerAs, then: Option<Then>) -> Self {
        let on_control = frame.topic == names::CONTROL_TOPIC;
        Self { until, text: frame.encode(), on_control, answer, then }
    }

    /// The frame, what it means, and what is to be done about it; it was read before, so there is one.
    pub(crate) fn read(self) -> Option<(Frame, ClientMessage, AnswerAs, Option<Then>)> {
        let frame = Frame::decode(&self.text).ok()?;
        let message = ClientMessage::try_from(&frame).ok()?;
        Some((frame, message, self.answer, self.then))
    }
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

impl Held {
    pub(crate) const fn new(limits: &Limits) -> Self {
        Self {
            most: limits.held,
            most_bytes: limits.held_bytes,
            answers: Vec::new(),
            waiting: VecDeque::new(),
            bytes: 0,
            reversed: None,
        }
    }

    pub(crate) fn hold(&mut self, answer: Answer) -> Result<(), TooMany> {
        self.take_in(self.answers.len(), answer.text.len())?;
        self.answers.push(answer);
        Ok(())
    }

    /// Whether there is room for another beside `count`, with that many bytes.
    fn take_in(&mut self, count: usize, bytes: usize) -> Result<(), TooMany> {
        let all = self.bytes.saturating_add(bytes);
        if count >= self.most || all > self.most_bytes {
            return Err(TooMany);
        }
        self.bytes = all;
        Ok(())
    }

    /// Holds the text of an answer that is to go out before those that were held earlier. The scenario says how many.
    pub(crate) fn reverse(
        &mut self,
        now: Instant,
        how: Reverse,
        text: String,
    ) -> Result<(), TooMany> {
        self.take_in(0, text.len())?;
        let Reverse { count, within } = how;
        let reversed = self.reversed.get_or_insert_with(|| {
            Box::new(Reversed { until: now + within.0, count, texts: Vec::new() })
        });
        reversed.texts.push(text);
        Ok(())
    }

    /// The texts that go out now, the last one first.
    pub(crate) fn take_reversed(&mut self, now: Instant) -> Vec<String> {
        let due =
            self.reversed.take_if(|it| it.until <= now || it.texts.len() >= it.count as usize);
        let texts = due.map(|it| it.texts).unwrap_or_default();
        self.bytes -= texts.iter().map(String::len).sum::<usize>();
        texts.into_iter().rev().collect()
    }

    /// Whether a frame on this topic has to wait.
    pub(crate) fn blocks(&self, topic: &str) -> bool {
        topic == names::CONTROL_TOPIC && (self.holds_control() || !self.waiting.is_empty())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    pub(crate) fn wait(&mut self, text: &str) -> Result<(), TooMany> {
        self.take_in(self.waiting.len(), text.len())?;
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
        let answer = self.answers.remove(index);
        self.bytes -= answer.text.len();
        Some(answer)
    }

    /// The next frame that need not wait any more.
    pub(crate) fn pop_waiting(&mut self) -> Option<String> {
        if self.holds_control() {
            return None;
        }
        let text = self.waiting.pop_front()?;
        self.bytes -= text.len();
        Some(text)
    }

    fn holds_control(&self) -> bool {
        self.answers.iter().any(|answer| answer.on_control)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scenario::Span;

    fn answer(bytes: usize) -> Answer {
        let text = "x".repeat(bytes);
        let (answer, then) = (AnswerAs::Correctly, None);
        Answer { until: Instant::ZERO, text, on_control: false, answer, then }
    }

    #[test]
    fn answers_and_frames_share_their_bytes_and_give_them_back() {
        let limits = Limits { held: 3, held_bytes: 100, ..Limits::DEFAULT };
        let mut held = Held::new(&limits);
        assert!(held.hold(answer(60)).is_ok());
        assert!(held.hold(answer(60)).is_err());
        assert!(held.wait(&"x".repeat(40)).is_ok());
        assert!(held.wait("x").is_err());
        assert!(held.pop_due(Instant::ZERO).is_some());
        assert!(held.hold(answer(60)).is_ok());
        assert!(held.pop_due(Instant::ZERO).is_some());
        assert!(held.pop_waiting().is_some());
        assert!(held.hold(answer(100)).is_ok());
        assert!(held.hold(answer(0)).is_ok() && held.hold(answer(0)).is_ok());
        assert!(held.hold(answer(0)).is_err());
    }

    #[test]
    fn reversed_answers_take_room_until_they_go_out() {
        let limits = Limits { held: 3, held_bytes: 100, ..Limits::DEFAULT };
        let mut held = Held::new(&limits);
        let how = Reverse { count: 9, within: Span(Duration::from_secs(1)) };
        let mut reverse = |text: &str| held.reverse(Instant::ZERO, how, text.to_owned());
        assert!(reverse(&"a".repeat(60)).is_ok());
        assert!(reverse(&"b".repeat(60)).is_err());
        assert!(reverse(&"c".repeat(40)).is_ok());
        let out = held.take_reversed(Instant::ZERO + Duration::from_secs(1));
        assert_eq!(out, ["c".repeat(40), "a".repeat(60)]);
        assert!(held.hold(answer(100)).is_ok());
    }
}
