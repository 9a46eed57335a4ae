//! What a client knows while its connection stands.

use serde_json::{Value, json};

use crate::channel::{ChannelState, Step};
use crate::frame::{Frame, Ref};
use crate::message::{Reply, Status, SubscriptionId};
use crate::names;
use crate::subscription::{SubscriptionState, SubscriptionStep};
use crate::time::Instant;
use crate::violation::Violation;

use super::event::{Event, Stale};
use super::pending::{Pending, Waiting, What};
use super::subscriptions::Subscriptions;

#[derive(Debug)]
pub(super) struct Open {
    pub(super) channel: ChannelState,
    /// Of the last join.
    pub(super) join_ref: Option<Ref>,
    pub(super) subscriptions: Subscriptions,
    pub(super) waiting: Waiting,
    pub(super) next_heartbeat: Instant,
    last_ref: u64,
}

impl Open {
    pub(super) fn new(next_heartbeat: Instant) -> Self {
        Self {
            channel: ChannelState::Closed,
            join_ref: None,
            subscriptions: Subscriptions::default(),
            waiting: Waiting::default(),
            next_heartbeat,
            last_ref: 0,
        }
    }

    pub(super) fn next_ref(&mut self) -> Ref {
        self.last_ref += 1;
        Ref::text(self.last_ref.to_string())
    }

    /// Another join follows: nothing that was pushed before moves the channel any more.
    pub(super) fn leave_channel_behind(&mut self) {
        self.subscriptions.end_all();
        self.waiting.disown();
    }

    // Frames to send.

    pub(super) fn join_frame(&self, msg_ref: Ref) -> Frame {
        self.frame(msg_ref, names::PHX_JOIN, json!({}))
    }

    pub(super) fn leave_frame(&self, msg_ref: Ref) -> Frame {
        self.frame(msg_ref, names::PHX_LEAVE, json!({}))
    }

    pub(super) fn unsubscribe_frame(&self, msg_ref: Ref, id: &SubscriptionId) -> Frame {
        self.frame(msg_ref, names::UNSUBSCRIBE, json!({"subscriptionId": id.0}))
    }

    pub(super) fn frame(&self, msg_ref: Ref, event: &str, payload: Value) -> Frame {
        let topic = names::CONTROL_TOPIC;
        Frame::push(self.join_ref.clone(), Some(msg_ref), topic, event, payload)
    }

    // Frames that came.

    pub(super) fn take_reply(&mut self, frame: &Frame, reply: Reply) -> Option<Event> {
        if let Some(join_ref) = self.earlier_join_ref(frame) {
            self.subscriptions.add_ended(subscribed(&reply));
            // It moves no channel, but to a push that waits it is the answer.
            return Some(match self.waiting.take_former(frame) {
                Some(Pending { msg_ref, .. }) => Event::Replied { msg_ref, reply },
                None => Event::Stale(Stale::Reply { join_ref }),
            });
        }
        if let Some(pending) = self.waiting.take(frame) {
            return Some(self.answered(pending, reply));
        }
        match self.waiting.take_late(frame) {
            Some(pending) => Some(self.answered_late(pending, &reply)),
            None => Some(Event::Violation(Violation::UnexpectedReply)),
        }
    }

    fn answered(&mut self, pending: Pending, reply: Reply) -> Event {
        let Pending { msg_ref, what, .. } = pending;
        match (what, reply.status) {
            (What::Heartbeat, _) => return Event::HeartbeatAnswered,
            (What::Join, Status::Ok) if self.step(Step::JoinOk) => return Event::Joined,
            (What::Join, Status::Error) => drop(self.step(Step::JoinError)),
            (What::Leave, _) => drop(self.step(Step::Close)),
            (What::Doc, Status::Ok) if self.channel == ChannelState::Joined => {
                if let Some(subscription_id) = subscribed(&reply) {
                    self.subscriptions.add(subscription_id.clone());
                    return Event::Subscribed { msg_ref, subscription_id };
                }
            }
            (What::Unsubscribe(subscription_id), Status::Ok) => {
                self.subscriptions.step(&subscription_id, SubscriptionStep::Granted);
                return Event::Unsubscribed { msg_ref, subscription_id };
            }
            (What::Unsubscribe(id), Status::Error) => {
                self.subscriptions.step(&id, SubscriptionStep::Refused);
            }
            // The channel is gone; data of its subscription may still be on its way.
            (What::Doc, Status::Ok) => self.subscriptions.add_ended(subscribed(&reply)),
            (What::Join | What::Doc | What::Former, _) => {}
        }
        Event::Replied { msg_ref, reply }
    }

    /// What concerns a subscription is true however late it comes; the rest was given up.
    fn answered_late(&mut self, pending: Pending, reply: &Reply) -> Event {
        let Pending { msg_ref, what, .. } = pending;
        let is_joined = self.channel == ChannelState::Joined;
        match (what, reply.status, subscribed(reply)) {
            (What::Doc, Status::Ok, Some(subscription_id)) if is_joined => {
                self.subscriptions.add(subscription_id.clone());
                Event::Subscribed { msg_ref, subscription_id }
            }
            (What::Unsubscribe(subscription_id), Status::Ok, _)
                if self.subscriptions.end(&subscription_id) =>
            {
                Event::Unsubscribed { msg_ref, subscription_id }
            }
            (_, _, id) => {
                self.subscriptions.add_ended(id);
                Event::Stale(Stale::LateReply { msg_ref })
            }
        }
    }

    pub(super) fn take_data(&self, subscription_id: SubscriptionId, result: Value) -> Event {
        match self.subscriptions.state(&subscription_id) {
            Some(SubscriptionState::Live | SubscriptionState::Ending) => {
                Event::Data { subscription_id, result }
            }
            Some(SubscriptionState::Ended) => Event::Stale(Stale::Data { subscription_id }),
            // Its answer may still be on its way.
            None if self.waiting.has(&What::Doc) => Event::Data { subscription_id, result },
            None if self.waiting.has(&What::Former) => {
                Event::Stale(Stale::Data { subscription_id })
            }
            None => Event::Violation(Violation::UnknownSubscription(subscription_id)),
        }
    }

    /// `phx_close` or `phx_error`.
    pub(super) fn take_end(&mut self, frame: &Frame, step: Step) -> Option<Event> {
        if frame.topic != names::CONTROL_TOPIC {
            return None;
        }
        let is_error = step == Step::Error;
        if let Some(join_ref) = self.earlier_join_ref(frame) {
            return Some(Event::Stale(match is_error {
                true => Stale::Error { join_ref },
                false => Stale::Close { join_ref },
            }));
        }
        // After a leave's reply, and after a crash, it says what is known already.
        if !self.step(step) {
            return None;
        }
        self.subscriptions.end_all();
        Some(if is_error { Event::ChannelCrashed } else { Event::ChannelClosed })
    }

    pub(super) fn take_overdue(&mut self, now: Instant) -> Option<Event> {
        let overdue = self.waiting.next_overdue(now)?;
        let msg_ref = overdue.msg_ref.clone();
        // Otherwise the channel could never be joined again.
        let step = match &overdue.what {
            What::Heartbeat => return Some(Event::HeartbeatMissed { msg_ref }),
            What::Unsubscribe(id) => {
                self.subscriptions.step(id, SubscriptionStep::Refused);
                None
            }
            What::Join => Some(Step::JoinError),
            What::Leave => Some(Step::Close),
            What::Doc | What::Former => None,
        };
        if let Some(step) = step {
            self.step(step);
        }
        Some(Event::Unanswered { msg_ref })
    }

    /// Moves the channel, if the step is legal.
    fn step(&mut self, step: Step) -> bool {
        let next = self.channel.step(step);
        self.channel = next.unwrap_or(self.channel);
        next.is_some()
    }

    /// The join ref of a frame that speaks of an earlier channel.
    fn earlier_join_ref(&self, frame: &Frame) -> Option<Ref> {
        let is_other = frame.topic == names::CONTROL_TOPIC && frame.join_ref != self.join_ref;
        frame.join_ref.clone().filter(|_| is_other)
    }
}

fn subscribed(reply: &Reply) -> Option<SubscriptionId> {
    let id = reply.response.get("subscriptionId")?.as_str()?;
    Some(SubscriptionId(id.to_owned()))
}
