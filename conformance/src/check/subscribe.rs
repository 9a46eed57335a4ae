//! The chapter on subscribing: a document on the control topic.

use std::time::Duration;

use apollo_compiler::ast::{Definition, Document, OperationType, Selection};
use glimesh_proto::{Frame, Instant, Reply, ServerMessage, Status, names};
use serde_json::Value;

use crate::check::elements::{Kind, Part};
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::session::Session;

/// How long a client that is ready is watched before its subscription is missed. A later one is fine.
const WATCHED: Duration = Duration::from_secs(5);

/// The checks SB001 and SB004.
pub(super) const CHECKS: [Check; 2] = [
    Check {
        id: "SB001",
        slug: "subscribe/doc",
        clauses: &["GCW-SB-04"],
        level: Level::Must,
        title: "subscribes through doc",
        requirement: "The client MUST subscribe by the event doc on __absinthe__:control, with a GraphQL subscription to chatMessage in query.",
        why: "Chat messages are delivered to subscriptions alone. A document that cannot be parsed is answered with status error, which many clients never look at.",
        mend: r#"After the join's reply send ["1","2","__absinthe__:control","doc",{"query":"subscription { chatMessage(channelId: 6) { user { username } message } }","variables":{}}]."#,
        scope: Scope::Every,
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: subscribes,
    },
    Check {
        id: "SB004",
        slug: "subscribe/variables",
        clauses: &["GCW-SB-05", "GCW-SB-04"],
        level: Level::Must,
        title: "variables are an object, or absent",
        requirement: "In a document's payload, variables MUST be an object or null, or be left out.",
        why: "Anything else is answered with \"Could not parse variables as map\", and there is no subscription. Mostly the variables were encoded on their own and put in as a string.",
        mend: r#"Put the object itself into the payload: {"query":"..","variables":{"id":"6"}}, or leave variables out."#,
        scope: Scope::Every,
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: variables,
    },
];

/// What a document of the client's turned out to be.
enum Found {
    Subscription,
    /// A subscription to `chatMessage` whose root field stands inside a fragment.
    Hidden,
    /// Something else, said in words.
    Other(String),
    /// Not GraphQL.
    Unparsable(String),
}

fn subscribes(session: &Session) -> Observation {
    let expected = "doc on __absinthe__:control with a subscription to chatMessage";
    let found: Vec<_> = docs(session).map(|(entry, at, frame)| (entry, at, read(frame))).collect();
    let subscribed = found.iter().find(|(_, _, found)| matches!(found, Found::Subscription));
    if let Some(&(entry, at, _)) = subscribed {
        return Observation::met("subscribed to chatMessage").at_entry(entry, at);
    }
    let worst = found.into_iter().map(|(entry, at, found)| {
        let observation = match found {
            Found::Subscription => Observation::met("subscribed to chatMessage"),
            Found::Hidden => Observation::weak("the field chatMessage stands inside a fragment")
                .with_hint("the real server's channel crashes at this; write the field out"),
            Found::Unparsable(why) => {
                Observation::unmet(format!("the document cannot be parsed: {why}"))
                    .with_hint(UNPARSABLE)
            }
            Found::Other(what) => Observation::unmet(format!("no subscription, but {what}")),
        };
        observation.at_entry(entry, at).expecting(expected)
    });
    let worst = Observation::worst(worst);
    if let Some(weak_or_unparsable) = worst.clone().filter(|seen| seen.hint.is_some()) {
        return weak_or_unparsable;
    }
    match watched(session) {
        None => Observation::unseen("the client never joined, and so could not subscribe"),
        Some(time) if time < WATCHED => Observation::unseen(format!(
            "no subscription, but the client was watched for only {:.1} s after its join",
            time.as_secs_f64()
        )),
        Some(time) => worst.unwrap_or_else(|| missing(session, time, expected)),
    }
}

const UNPARSABLE: &str =
    "fill values in as variables rather than by pasting text, and check that all braces are closed";

fn missing(session: &Session, time: Duration, expected: &str) -> Observation {
    let actual = format!("no doc in {:.1} s after the join", time.as_secs_f64());
    let observation = Observation::unmet(actual).expecting(expected);
    let holds_query = |frame: &Frame| frame.payload.get("query").is_some();
    let elsewhere = session.open_connections().find_map(|connection| {
        connection
            .client_frames()
            .find(|(_, frame)| holds_query(frame) || frame.event == names::DOC)
    });
    match elsewhere {
        Some((seen, frame)) => observation.at_entry(seen.entry, seen.at).with_hint(format!(
            "a document was sent as event {:?} on topic {:?}",
            frame.event, frame.topic
        )),
        None => observation,
    }
}

/// The client's `doc` frames on the control topic.
pub(super) fn docs(session: &Session) -> impl Iterator<Item = (usize, Instant, &Frame)> {
    session
        .open_connections()
        .flat_map(|connection| connection.on_control(names::DOC))
        .map(|(seen, frame)| (seen.entry, seen.at, frame))
}

/// The longest time for which a client was seen after its join was granted.
fn watched(session: &Session) -> Option<Duration> {
    let ready = session.open_connections().filter_map(|connection| {
        let is_ready = |frame: &Frame| {
            let message = ServerMessage::try_from(frame);
            frame.topic == names::CONTROL_TOPIC
                && matches!(message, Ok(ServerMessage::Reply(Reply { status: Status::Ok, .. })))
        };
        let (seen, _) = connection.server_frames().find(|(_, frame)| is_ready(frame))?;
        Some(session.shown_until(connection).since(seen.at))
    });
    ready.max()
}

/// Whether a `doc` subscribes to `chatMessage`.
pub(super) fn is_subscription(frame: &Frame) -> bool {
    matches!(read(frame), Found::Subscription | Found::Hidden)
}

fn read(frame: &Frame) -> Found {
    let Some(query) = frame.payload.get("query").and_then(Value::as_str) else {
        return Found::Other("a doc without a text as query".to_owned());
    };
    match Document::parse(query, "query") {
        Ok(document) => sort(&document),
        Err(with_errors) => {
            let why = with_errors.errors.iter().next().map(|error| error.error.to_string());
            Found::Unparsable(why.unwrap_or_else(|| "it has errors".to_owned()))
        }
    }
}

fn sort(document: &Document) -> Found {
    let operations: Vec<_> = document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            Definition::OperationDefinition(operation) => Some(operation),
            _ => None,
        })
        .collect();
    let Some(subscription) =
        operations.iter().find(|operation| operation.operation_type == OperationType::Subscription)
    else {
        let words = operations.iter().map(|operation| operation.operation_type.name());
        return Found::Other(match words.collect::<Vec<_>>()[..] {
            [] => "a document without an operation".to_owned(),
            ref words => format!("a {}", words.join(" and a ")),
        });
    };
    if subscription.selection_set.iter().any(is_chat_message) {
        return Found::Subscription;
    }
    let has_fragment = subscription
        .selection_set
        .iter()
        .any(|selection| !matches!(selection, Selection::Field(_)));
    if has_fragment {
        return Found::Hidden;
    }
    Found::Other("a subscription to something else".to_owned())
}

fn is_chat_message(selection: &Selection) -> bool {
    matches!(selection, Selection::Field(field) if field.name == "chatMessage")
}

fn variables(session: &Session) -> Observation {
    let observations = docs(session).map(|(entry, at, frame)| {
        let observation = match frame.payload.get("variables") {
            None => Observation::met("variables left out"),
            Some(Value::Null) => Observation::met("variables null"),
            Some(Value::Object(_)) => Observation::met("variables as an object"),
            Some(_) => wrong_variables(session.entry(entry).client_text()),
        };
        observation.at_entry(entry, at)
    });
    Observation::worst(observations)
        .unwrap_or_else(|| Observation::unseen("the client sent no doc"))
}

fn wrong_variables(text: Option<&str>) -> Observation {
    let part = text.and_then(|text| Part::whole(text)?.elements()?.get(4)?.member("variables"));
    let Some(part) = part else { return Observation::unmet("variables are no object") };
    let (from, to) = part.span();
    let kind = part.kind();
    let observation =
        Observation::unmet(format!("variables are {}: {}", kind.word(), part.short()))
            .expecting("an object or null, or no variables at all")
            .with_span(from, to);
    match kind {
        Kind::Text => observation.with_hint("double encoded: put the object itself there"),
        _ => observation,
    }
}

#[cfg(test)]
mod tests;
