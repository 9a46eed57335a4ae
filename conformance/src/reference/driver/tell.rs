//! What the application is told of messages.

use std::time::Duration;

use glimesh_proto::{Frame, Instant, SubscriptionId, names};
use serde_json::{Value, json};

use super::How;
use super::link::Link;
use super::say::say;

/// The fields of a message that this client knows.
const KNOWN: [&str; 2] = ["message", "user"];

/// How many messages one defect keeps, and for how long.
const MOST: usize = 64;
const WHILE: Duration = Duration::from_secs(1);

/// Messages that are told once in a while; those that do not fit are gone.
#[derive(Debug, Default)]
pub(super) struct Bounded {
    events: Vec<Value>,
    due: Option<Instant>,
}

impl Bounded {
    /// When to tell of them.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    fn keep(&mut self, now: Instant, event: Value) {
        if self.events.len() < MOST {
            self.events.push(event);
        }
        self.due.get_or_insert(now + WHILE);
    }
}

impl Link {
    /// Tells of a message.
    pub(super) fn tell(&mut self, subscription_id: &SubscriptionId, result: &Value) {
        let first = || self.subs.values().min().cloned();
        let sub = match self.how {
            Some(How::TellsNothing) => None,
            Some(How::OneForAll) => first(),
            Some(How::TellsEverything) => self.subs.get(subscription_id).cloned().or_else(first),
            Some(How::KeepsSubscriptions) => {
                let own = self.subs.get(subscription_id);
                own.or_else(|| self.former_subs.get(subscription_id)).cloned()
            }
            _ => self.subs.get(subscription_id).cloned(),
        };
        let Some(sub) = sub else { return };
        let Some(data) = result["data"]["chatMessage"].as_object() else {
            self.deaf |= self.is(How::SilentAfterErrors);
            let message = result["errors"].to_string();
            let event =
                json!({"event": "error", "conn": self.name, "kind": "server", "message": message});
            return say(&event);
        };
        let is_known = |name: &String| KNOWN.contains(&name.as_str());
        let drops = self.is(How::DropsUnknownFields) && !data.keys().all(is_known);
        if self.deaf || drops {
            return;
        }
        self.newest_text = data.get("message").cloned();
        let mut data = data.clone();
        if let (Some(How::ReadsBytes), Some(text)) = (self.how, data["message"].as_str()) {
            let text: String = text.bytes().map(char::from).collect();
            data.insert("message".to_owned(), Value::from(text));
        }
        let n = self.told.entry(sub.clone()).or_default();
        *n += 1;
        let event = json!({"event": "chat", "conn": self.name, "sub": sub, "n": *n, "data": data});
        match self.how {
            Some(How::NewestFirst) => {
                self.held.push(event);
                if self.held.len() == 2 {
                    self.held.drain(..).rev().for_each(|event| say(&event));
                }
            }
            Some(How::BoundedQueue) => self.bounded.keep(self.now(), event),
            _ => say(&event),
        }
    }

    /// Tells of the messages that are told once in a while.
    pub(super) fn tell_bounded(&mut self, now: Instant) {
        if self.bounded.due.is_some_and(|due| due <= now) {
            self.bounded.due = None;
            self.bounded.events.drain(..).for_each(|event| say(&event));
        }
    }

    /// The push of a subscription that the client has not.
    pub(super) fn foreign(&self, text: &str) -> Option<(SubscriptionId, Value)> {
        let frame = Frame::decode(text).ok().filter(|it| it.event == names::SUBSCRIPTION_DATA)?;
        let id = SubscriptionId(frame.payload["subscriptionId"].as_str()?.to_owned());
        let is_own = self.subs.contains_key(&id);
        (!is_own).then(|| (id, frame.payload["result"].clone()))
    }
}
