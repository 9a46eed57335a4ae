//! The pushes that wait for their replies.

use std::collections::VecDeque;

use crate::frame::{Frame, Ref};
use crate::message::SubscriptionId;
use crate::names;
use crate::time::Instant;

/// A push that waits for its reply.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) msg_ref: Ref,
    pub(super) what: What,
    pub(super) deadline: Instant,
}

/// What was pushed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    Join,
    Doc,
    Unsubscribe(SubscriptionId),
    Leave,
    /// Something on a channel that another join has replaced.
    Former,
    Heartbeat,
}

/// All pushes that wait, in the order of their deadlines; and the last ones that wait no longer.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pending: VecDeque<Pending>,
    overdue: VecDeque<Pending>,
}

/// A reply that is later than this many other late ones is unexpected.
const MOST_OVERDUE: usize = 64;

impl Waiting {
    /// The deadlines must not decrease: each push waits as long as the others.
    pub(super) fn push(&mut self, pending: Pending) {
        self.pending.push_back(pending);
    }

    /// The push that a reply answers in time.
    pub(super) fn take(&mut self, reply: &Frame) -> Option<Pending> {
        take(&mut self.pending, reply, |_| true)
    }

    /// The push on a replaced channel that a reply answers in time.
    pub(super) fn take_former(&mut self, reply: &Frame) -> Option<Pending> {
        take(&mut self.pending, reply, |what| *what == What::Former)
    }

    /// The push that a reply answers too late.
    pub(super) fn take_late(&mut self, reply: &Frame) -> Option<Pending> {
        take(&mut self.overdue, reply, |_| true)
    }

    /// A push whose time is over; it is among the overdue ones now.
    pub(super) fn next_overdue(&mut self, now: Instant) -> Option<&Pending> {
        let is_over = |pending: &&Pending| pending.deadline <= now;
        self.pending.front().filter(is_over)?;
        if self.overdue.len() == MOST_OVERDUE {
            self.overdue.pop_front();
        }
        self.overdue.extend(self.pending.pop_front());
        self.overdue.back()
    }

    /// The channel is replaced: what was pushed on it moves no channel any more.
    pub(super) fn disown(&mut self) {
        for pending in self.pending.iter_mut().chain(&mut self.overdue) {
            if pending.what != What::Heartbeat {
                pending.what = What::Former;
            }
        }
    }

    /// Whether such a push may still be answered.
    pub(super) fn has(&self, what: &What) -> bool {
        self.pending.iter().chain(&self.overdue).any(|pending| pending.what == *what)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Ref, Instant)> {
        self.pending.iter().map(|pending| (&pending.msg_ref, pending.deadline))
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.pending.front().map(|pending| pending.deadline)
    }
}

fn take(
    list: &mut VecDeque<Pending>,
    reply: &Frame,
    is_meant: impl Fn(&What) -> bool,
) -> Option<Pending> {
    let is_answered = |pending: &Pending| {
        let topic = match pending.what {
            What::Heartbeat => names::PHOENIX_TOPIC,
            _ => names::CONTROL_TOPIC,
        };
        is_meant(&pending.what)
            && reply.msg_ref.as_ref() == Some(&pending.msg_ref)
            && reply.topic == topic
    };
    let at = list.iter().position(is_answered)?;
    list.remove(at)
}
