//! Whether what a driver says agrees with the wire.

use std::collections::HashMap;

use glimesh_mock::transcript::What;
use glimesh_proto::{Frame, names};
use serde_json::Value;

use crate::check::driven::{Asked, Outcome, asked, chats, tries};
use crate::check::elements::shorten;
use crate::check::{Check, Level, Observation, Scope};
use crate::driver::Op;
use crate::session::Session;

/// The check EN002.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "EN002",
    slug: "driver/honesty",
    clauses: &[],
    level: Level::Must,
    title: "what the driver says agrees with the wire",
    requirement: "A driver MUST not say that something was done, granted or received of which nothing crossed the wire.",
    why: "The wire outranks the driver. Where they disagree, the adapter answers before its library has, or for it, and everything else that it says is in doubt.",
    mend: "Answer a request when the library calls back, with what it calls back with; make up nothing.",
    scope: Scope::Every,
    needs: None,
    timing: false,
    judge: honest,
}];

fn honest(session: &Session) -> Observation {
    let asked = asked(session);
    let mut claims = 0;
    for one in &asked {
        let Some(answer) = &one.answer else { continue };
        let Outcome::Ok(reply) = &answer.what else { continue };
        claims += 1;
        if let Some(what) = contradiction(session, one, &reply.ok) {
            return Observation::unmet(what)
                .expecting("what is said to be done can be seen on the wire")
                .at_entry(answer.entry, answer.at);
        }
    }
    let chats = chats(session);
    if let (Some(chat), false) = (chats.first(), was_pushed(session)) {
        return Observation::unmet("a message was told, and the server sent none")
            .expecting("messages that crossed the wire")
            .at_entry(chat.entry, chat.at);
    }
    claims += chats.len();
    match claims {
        0 => Observation::unseen(
            "nobody drove the client, or it said nothing that could be compared",
        ),
        n => Observation::met(format!("{n} statements, none against the wire")),
    }
}

/// What is wrong with the claim that a request was fulfilled. Where it stands in time is of no matter: both cross
/// other pipes.
fn contradiction(
    session: &Session,
    asked: &Asked,
    ok: &serde_json::Map<String, Value>,
) -> Option<String> {
    let none =
        |what: &str| Some(format!("the driver says that it {what}; the wire shows nothing of it"));
    match &asked.op {
        Op::Connect { .. } if session.open_connections().next().is_none() => none("connected"),
        Op::Join { .. } if !granted(session, names::PHX_JOIN, |_| true) => none("joined"),
        Op::Subscribe { .. } => {
            let is_id = |reply: &Frame| reply.payload["response"]["subscriptionId"].is_string();
            if !granted(session, names::DOC, is_id) {
                return none("subscribed");
            }
            let id = ok.get("subscription_id")?.as_str()?;
            let named = |reply: &Frame| reply.payload["response"]["subscriptionId"] == id;
            (!granted(session, names::DOC, named))
                .then(|| format!("no subscription got the id {}", shorten(id)))
        }
        Op::SendChat { .. } => {
            // A document that could not be read was sent all the same.
            let tried = tries(session).any(|(_, entry, ..)| entry > asked.entry);
            (!tried && !asked_over_http(session, asked.entry)).then(|| none("posted")).flatten()
        }
        _ => None,
    }
}

/// Whether a push with this event was granted by a reply of this kind. Many pushes may have the same ref, and any of
/// its replies may be the one.
fn granted(session: &Session, event: &str, is_it: impl Fn(&Frame) -> bool) -> bool {
    session.open_connections().any(|connection| {
        let mut first = HashMap::new();
        for (seen, frame) in connection.on_control(event) {
            first.entry(&frame.msg_ref).or_insert(seen.entry);
        }
        connection.server_frames().any(|(seen, reply)| {
            reply.event == names::PHX_REPLY
                && reply.topic == names::CONTROL_TOPIC
                && first.get(&reply.msg_ref).is_some_and(|sent| *sent < seen.entry)
                && reply.payload["status"] == "ok"
                && is_it(reply)
        })
    })
}

/// Whether the server sent any message.
fn was_pushed(session: &Session) -> bool {
    let mut frames = session.open_connections().flat_map(|connection| connection.server_frames());
    frames.any(|(_, frame)| frame.event == names::SUBSCRIPTION_DATA)
}

/// Whether the client asked the API over HTTP, whose bodies are not in the transcript.
fn asked_over_http(session: &Session, after: usize) -> bool {
    session
        .transcript
        .entries
        .iter()
        .skip(after)
        .any(|entry| matches!(&entry.what, What::Upgrade { method, .. } if method == "POST"))
}

#[cfg(test)]
mod tests {
    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{DOC, JOIN, OK, SUBSCRIBED, Wire, outcome};

    const ASK: &str =
        r#"{"op":"subscribe","id":1,"conn":"a","sub":"s1","channel_id":"6","fields":["message"]}"#;
    const DONE: &str = r#"{"id":1,"ok":{"subscription_id":"__absinthe__:doc:-1:33B2"}}"#;
    const OTHER: &str = r#"{"id":1,"ok":{"subscription_id":"__absinthe__:doc:-1:FFFF"}}"#;
    /// A document of the client's own, with the ref that all its frames have.
    const QUERY: &str =
        r#"["1","1","__absinthe__:control","doc",{"query":"{ myself { id } }","variables":{}}]"#;
    const ANSWER: &str =
        r#"["1","1","__absinthe__:control","phx_reply",{"response":{"data":{}},"status":"ok"}]"#;

    #[test]
    fn what_is_said_to_be_subscribed_has_been_granted() {
        let open =
            || Wire::new().scenario("driven-posts").open(0.0).client(0.1, JOIN).server(0.1, OK);
        let granted = open().asks(1.0, ASK).client(1.1, DOC).server(1.2, SUBSCRIBED);
        assert_eq!(outcome("EN002", granted.clone().says(1.3, DONE)), Met);
        assert_eq!(outcome("EN002", granted.says(1.3, OTHER)), Unmet);
        assert_eq!(outcome("EN002", open().asks(1.0, ASK).says(1.3, DONE)), Unmet);
        assert_eq!(outcome("EN002", open().asks(1.0, ASK).client(1.1, DOC).says(1.3, DONE)), Unmet);
        assert_eq!(outcome("EN002", open()), Unseen);
        // The first reply with the ref is another document's.
        let one_ref = open().asks(1.0, ASK).client(1.1, QUERY).client(1.1, DOC);
        let one_ref = one_ref.server(1.2, ANSWER).server(1.2, SUBSCRIBED).says(1.3, DONE);
        assert_eq!(outcome("EN002", one_ref), Met);
    }
}
