//! What a connection makes of what comes.

use glimesh_proto::client::Event;
use glimesh_proto::{Close, Frame, Ref, Reply, ServerMessage, Status, names};
use serde_json::{Value, json};

use super::How;
use super::link::{LARGE, Link, Waiting};
use super::say::{failed, ok};
use super::wire::Heard;

/// The close code for a message that is too big. Source: RFC 6455, section 7.4.1.
const TOO_BIG: u16 = 1009;

/// How often a defect sends again what was refused.
const OFTEN: u32 = 20;

impl Link {
    pub(super) fn hear(&mut self, heard: Heard) {
        let now = self.now();
        match heard {
            Heard::Text(text) => self.hear_text(&text),
            Heard::Due => {
                self.client.handle_timeout(now);
                self.beat_if_due();
                self.tell_bounded(now);
            }
            Heard::Else => {}
        }
    }

    fn hear_text(&mut self, text: &str) {
        let now = self.now();
        match self.how {
            Some(How::TellsEverything | How::KeepsSubscriptions) => {
                self.client.handle_text(now, text);
                if let Some((id, result)) = self.foreign(text) {
                    self.tell(&id, &result);
                }
            }
            Some(How::RefusesLargeMessages) if text.len() > LARGE => {
                self.client.close(Close::new(TOO_BIG));
            }
            Some(How::LosesLargeAnswers) if text.len() > LARGE => {}
            Some(How::LeavesAtEarlyMessage) if self.is_early(text) => {
                self.client.close(Close::new(names::CLOSE_NORMAL));
            }
            Some(How::OverlooksJoinRefs) => match self.stale(text) {
                Some((msg_ref, reply)) => self.replied(&msg_ref, reply),
                None => self.client.handle_text(now, text),
            },
            _ => self.client.handle_text(now, text),
        }
    }

    pub(super) fn react(&mut self, event: Event) {
        match event {
            Event::Joined => {
                if let Some(id) = self.joining.take() {
                    ok(id, json!({}));
                }
                for doc in std::mem::take(&mut self.again) {
                    // The topic has just been joined.
                    let _ = self.client.send_doc(self.now(), &doc);
                }
            }
            Event::Subscribed { msg_ref, subscription_id } => {
                if let Some(Waiting::Subscription { id, sub }) = self.take(&msg_ref) {
                    ok(id, json!({"subscription_id": subscription_id.0}));
                    self.subs.insert(subscription_id, sub);
                }
            }
            Event::Unsubscribed { msg_ref, subscription_id } => {
                self.subs.remove(&subscription_id);
                if let Some(Waiting::End { id }) = self.take(&msg_ref) {
                    ok(id, json!({}));
                }
            }
            Event::Replied { msg_ref, reply } => self.replied(&msg_ref, reply),
            Event::Unanswered { msg_ref } => self.unanswered(&msg_ref),
            Event::Data { subscription_id, result } => self.tell(&subscription_id, &result),
            Event::ChannelCrashed | Event::ChannelClosed => self.subs.clear(),
            // The close that follows a missed heartbeat is among the transmits.
            Event::HeartbeatMissed { .. }
            | Event::HeartbeatAnswered
            | Event::Closed(_)
            | Event::Stale(_)
            | Event::Violation(_) => {}
        }
    }

    fn replied(&mut self, msg_ref: &Ref, reply: Reply) {
        if let Some(waiting) = self.take(msg_ref) {
            self.answer(waiting, &reply);
        } else if let Some(id) = self.joining.take() {
            failed(id, "server", "the join was refused", reply.response);
        }
    }

    fn unanswered(&mut self, msg_ref: &Ref) {
        let id = match self.take(msg_ref) {
            Some(Waiting::Post { .. }) if self.is(How::WaitsForEver) => return,
            Some(Waiting::Query { .. }) if self.is(How::LosesLargeAnswers) => return,
            Some(waiting) => Some(waiting.id()),
            None => self.joining.take(),
        };
        if let Some(id) = id {
            failed(id, "timeout", "no reply", json!({}));
        }
    }

    /// Whose reply it is.
    fn take(&mut self, msg_ref: &Ref) -> Option<Waiting> {
        let at = match self.how {
            Some(How::FirstInFirstOut) => 0,
            _ => self.waiting.iter().position(|(sent, _)| sent == msg_ref)?,
        };
        let taken = self.waiting.remove(at).map(|(_, waiting)| waiting);
        if let Some((doc, waiting)) = self.queue.pop_front() {
            self.ask(doc, waiting);
        }
        taken
    }

    fn answer(&mut self, waiting: Waiting, reply: &Reply) {
        let refused = reply.status == Status::Error || reply.response.get("errors").is_some();
        let response = reply.response.clone();
        match waiting {
            Waiting::Post { id, doc } if refused => self.refused(id, doc, response),
            Waiting::Post { id, doc } => {
                let text = doc.variables.get("message").map(|message| &message["message"]);
                let has_come = self.newest_text.as_ref() == text;
                let waits = self.is(How::WaitsForItsMessage) && !has_come;
                if !waits && !self.is(How::ConfirmsAtOnce) {
                    ok(id, json!({}));
                }
            }
            Waiting::Query { id } if self.is(How::HidesErrors) => {
                ok(id, json!({"data": response["data"]}));
            }
            Waiting::Query { id } if refused => failed(id, "server", "refused", response),
            Waiting::Query { id } if self.is(How::SwapsAnswers) => {
                let before = self.newest.replace(response.clone());
                ok(id, before.unwrap_or(response));
            }
            Waiting::Query { id } => ok(id, response),
            Waiting::Subscription { id, .. } | Waiting::End { id } => {
                failed(id, "server", "refused", response);
            }
        }
    }

    /// A post was refused.
    fn refused(&mut self, id: u64, doc: glimesh_proto::Doc, response: Value) {
        match self.how {
            Some(How::HidesRefusals) => ok(id, json!({})),
            Some(How::TrustsItsToken) if self.has_token => ok(id, json!({})),
            Some(How::ConfirmsAtOnce) => {}
            Some(How::RepeatsRefused) if self.repeated < OFTEN => {
                self.repeated += 1;
                self.ask(doc.clone(), Waiting::Post { id, doc });
            }
            _ => failed(id, "server", "refused", response),
        }
    }

    /// Whether it is a message while a subscription is not confirmed.
    fn is_early(&self, text: &str) -> bool {
        let waits = self.waiting.iter().any(|(_, it)| matches!(it, Waiting::Subscription { .. }));
        waits && Frame::decode(text).is_ok_and(|it| it.event == names::SUBSCRIPTION_DATA)
    }

    /// A reply to what waits that belongs to another join.
    fn stale(&self, text: &str) -> Option<(Ref, Reply)> {
        let frame = Frame::decode(text).ok()?;
        let msg_ref = frame.msg_ref.clone()?;
        let ServerMessage::Reply(reply) = ServerMessage::try_from(&frame).ok()? else {
            return None;
        };
        let waits = self.waiting.iter().any(|(sent, _)| *sent == msg_ref);
        (waits && reply.status == Status::Error).then_some((msg_ref, reply))
    }
}
