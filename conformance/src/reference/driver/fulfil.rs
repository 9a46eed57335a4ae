//! What a request makes an open connection do.

use glimesh_proto::{ChannelState, Doc};
use serde_json::{Map, Value, json};

use super::How;
use super::link::{Link, Waiting};
use super::post::mutation;
use super::say::{failed, ok, unsupported};
use crate::driver::Op;

impl Link {
    /// Does what is asked, or begins it.
    pub(super) fn fulfil(&mut self, id: u64, op: Op) {
        match op {
            Op::Join { .. } => self.join(id),
            Op::Subscribe { sub, channel_id, fields, .. } => {
                self.subscribe(id, sub, channel_id, &fields);
            }
            Op::SendChat { channel_id, text, .. } => self.post(id, channel_id, text),
            Op::Query { document, variables, .. } => self.query(id, document, variables),
            Op::Unsubscribe { sub, .. } => self.unsubscribe(id, &sub),
            Op::State { .. } => {
                let is_joined = self.client.channel() == ChannelState::Joined;
                ok(id, json!({"state": if is_joined { "joined" } else { "open" }}));
            }
            _ => unsupported(id, "this adapter does not know it"),
        }
    }

    fn join(&mut self, id: u64) {
        match self.client.join(self.now()) {
            Ok(_) => self.joining = Some(id),
            Err(error) => failed(id, "usage", &error.to_string(), json!({})),
        }
    }

    fn subscribe(&mut self, id: u64, sub: String, channel_id: String, fields: &[String]) {
        if self.is(How::ReadsOnly) && !self.subs.is_empty() {
            return unsupported(id, "one channel only");
        }
        let mut doc = Doc::new(format!(
            "subscription($channelId: ID) {{ chatMessage(channelId: $channelId) {{ {} }} }}",
            selection(fields)
        ));
        doc.variables.insert("channelId".to_owned(), Value::from(channel_id));
        self.ask(doc, Waiting::Subscription { id, sub });
    }

    fn post(&mut self, id: u64, channel_id: String, text: String) {
        match self.how {
            Some(How::ClaimsToPost) => ok(id, json!({})),
            Some(How::ReadsOnly) => unsupported(id, "this client only reads"),
            how => {
                let doc = mutation(how, channel_id, text);
                self.ask(doc.clone(), Waiting::Post { id, doc });
                if how == Some(How::ConfirmsAtOnce) {
                    ok(id, json!({}));
                }
            }
        }
    }

    fn query(&mut self, id: u64, document: String, variables: Map<String, Value>) {
        match self.how {
            Some(How::ReadsOnly) => unsupported(id, "this client only reads"),
            Some(How::QueriesByEvent) => {
                self.by_event = Some(document);
                failed(id, "timeout", "no reply", json!({}));
            }
            _ => self.ask(Doc { query: document, variables }, Waiting::Query { id }),
        }
    }

    fn unsubscribe(&mut self, id: u64, sub: &str) {
        let known = self.subs.iter().find(|(_, name)| *name == sub);
        let Some(subscription_id) = known.map(|(subscription_id, _)| subscription_id.clone())
        else {
            return failed(id, "usage", "there is no such subscription", json!({}));
        };
        match self.how {
            Some(How::NeverUnsubscribes) => ok(id, json!({})),
            Some(How::ReadsOnly) => unsupported(id, "it ends with the connection"),
            _ => match self.client.unsubscribe(self.now(), &subscription_id) {
                Ok(sent) => self.waiting.push_back((sent, Waiting::End { id })),
                Err(error) => failed(id, "usage", &error.to_string(), json!({})),
            },
        }
    }
}

/// Fields with dots as GraphQL has them: `user.username` is `user { username }`. The same field may come twice.
fn selection(fields: &[String]) -> String {
    let nested = |field: &String| {
        let parts: Vec<_> = field.split('.').collect();
        format!("{}{}", parts.join(" { "), " }".repeat(parts.len() - 1))
    };
    fields.iter().map(nested).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_dots_are_nested() {
        let fields = ["message", "user.username", "user.a.b"].map(str::to_owned);
        assert_eq!(selection(&fields), "message user { username } user { a { b } }");
    }
}
