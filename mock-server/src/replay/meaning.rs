//! Whether a frame of now means what a recorded one meant, and what of now stands for what was recorded.

use std::collections::{HashMap, HashSet};

use glimesh_proto::{ClientMessage, Frame, Ref, names};
use serde_json::Value;

use crate::graphql::same_document;

/// What of now stands for what was recorded, on one connection.
#[derive(Debug, Default)]
pub(super) struct Names {
    refs: HashMap<Ref, Option<Ref>>,
    join_refs: HashMap<Ref, Option<Ref>>,
    /// Recorded refs of documents: only their replies grant a subscription. The reply to `unsubscribe` has an id, too.
    docs: HashSet<Ref>,
    /// Subscription ids, recorded and of now.
    ids: Vec<(String, String)>,
}

impl Names {
    /// Whether a text of the client's means the same as a recorded one. What is no frame has to be the same text.
    pub(super) fn mean_the_same(&self, recorded: &str, now: &str) -> bool {
        let (Ok(recorded), Ok(now)) = (Frame::decode(&self.of_now(recorded)), Frame::decode(now))
        else {
            return recorded == now;
        };
        if recorded.topic != now.topic || recorded.event != now.event {
            return false;
        }
        match (ClientMessage::try_from(&recorded), ClientMessage::try_from(&now)) {
            (Ok(ClientMessage::Doc(recorded)), Ok(ClientMessage::Doc(now))) => {
                recorded.variables == now.variables && same_document(&recorded.query, &now.query)
            }
            _ => recorded.payload == now.payload,
        }
    }

    /// A text of the client's stands for a recorded one.
    pub(super) fn learn(&mut self, recorded: &str, now: &str) {
        let (Ok(recorded), Ok(now)) = (Frame::decode(recorded), Frame::decode(now)) else { return };
        if let Some(recorded_ref) = &recorded.msg_ref
            && recorded.event == names::DOC
        {
            self.docs.insert(recorded_ref.clone());
        }
        if let Some(recorded) = recorded.msg_ref {
            self.refs.insert(recorded, now.msg_ref);
        }
        if let Some(recorded) = recorded.join_ref {
            self.join_refs.insert(recorded, now.join_ref);
        }
    }

    /// A text of the server's as it has to be said now. A new subscription's id is made by `fresh_id`.
    pub(super) fn translate(
        &mut self,
        recorded: &str,
        fresh_id: impl FnOnce(&str) -> String,
    ) -> String {
        let Ok(mut frame) = Frame::decode(recorded) else { return self.of_now(recorded) };
        if let Some(id) = granted(&frame)
            && frame.msg_ref.as_ref().is_some_and(|msg_ref| self.docs.contains(msg_ref))
            && !self.ids.iter().any(|(known, _)| known == id)
        {
            let fresh = fresh_id(id);
            self.ids.push((id.to_owned(), fresh));
        }
        let of_now = |refs: &HashMap<Ref, Option<Ref>>, recorded: Option<Ref>| match recorded {
            Some(recorded) => refs.get(&recorded).cloned().unwrap_or(Some(recorded)),
            None => None,
        };
        if frame.event == names::PHX_REPLY {
            frame.msg_ref = of_now(&self.refs, frame.msg_ref);
        }
        frame.join_ref = of_now(&self.join_refs, frame.join_ref);
        self.of_now(&frame.encode())
    }

    /// A text in which the ids of now stand for the recorded ones.
    fn of_now(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (recorded, now) in &self.ids {
            if text.contains(recorded.as_str()) {
                text = text.replace(recorded.as_str(), now);
            }
        }
        text
    }
}

/// The subscription that a reply grants.
fn granted(frame: &Frame) -> Option<&str> {
    let reply = (frame.event == names::PHX_REPLY).then_some(&frame.payload)?;
    reply.get("response")?.get("subscriptionId").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(recorded: &str, now: &str, same: bool) {
        assert_eq!(Names::default().mean_the_same(recorded, now), same, "{recorded} {now}");
    }

    #[test]
    fn refs_blanks_and_commas_mean_nothing_and_the_rest_does() {
        let recorded =
            r#"["1","2","__absinthe__:control","doc",{"query":"{channel(id: 6) { id title } }"}]"#;
        let now = r#"["7","9","__absinthe__:control","doc",{"query":"{channel(id:6){id,title}}","variables":{}}]"#;
        check(recorded, now, true);
        check(recorded, &now.replace("title", "status"), false);
        check(recorded, &now.replace("{}", r#"{"a":1}"#), false);
        check(recorded, &now.replace("doc", "phx_leave"), false);
        check("not a frame", "not a frame", true);
        check("not a frame", recorded, false);
    }

    #[test]
    fn what_the_server_says_gets_the_refs_and_ids_of_now() {
        let mut names = Names::default();
        names.learn(r#"["1","2","t","doc",{}]"#, r#"["x",9,"t","doc",{}]"#);
        let fresh = |id: &str| id.replace("old", "new");
        let reply =
            r#"["1","2","t","phx_reply",{"response":{"subscriptionId":"id:old"},"status":"ok"}]"#;
        let expected =
            r#"["x",9,"t","phx_reply",{"response":{"subscriptionId":"id:new"},"status":"ok"}]"#;
        assert_eq!(names.translate(reply, fresh), expected);
        let data = r#"[null,null,"id:old","subscription:data",{"subscriptionId":"id:old"}]"#;
        assert_eq!(names.translate(data, fresh), data.replace("old", "new"));
        let recorded = r#"["1","3","t","unsubscribe",{"subscriptionId":"id:old"}]"#;
        assert!(names.mean_the_same(recorded, &recorded.replace("old", "new").replace('3', "4")));
        assert!(!names.mean_the_same(recorded, recorded));
        assert_eq!(names.translate("nonsense", fresh), "nonsense");
    }
}
