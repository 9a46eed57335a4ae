//! Whether what a driver says agrees with the wire.

use glimesh_mock::transcript::What;
use glimesh_proto::{Frame, names};
use serde_json::Value;

use crate::check::driven::{Asked, Outcome, asked, chats, posts, reply_to};
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
            let posts = posts(session);
            let sent = posts.iter().any(|post| post.entry > asked.entry);
            // A document that could not be read was sent all the same.
            let tried = super::driven::tries(session).any(|(entry, ..)| entry > asked.entry);
            (!sent && !tried && !asked_over_http(session, asked.entry))
                .then(|| none("posted"))
                .flatten()
        }
        _ => None,
    }
}

/// Whether a push with this event was granted by a reply of this kind.
fn granted(session: &Session, event: &str, is_it: impl Fn(&Frame) -> bool) -> bool {
    session.open_connections().any(|connection| {
        connection.on_control(event).any(|(seen, frame)| {
            reply_to(connection, frame, seen.entry)
                .is_some_and(|(_, _, reply)| reply.payload["status"] == "ok" && is_it(reply))
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
