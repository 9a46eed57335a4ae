//! What is wrong with what a frame says: topic, event, and whether they go together.

use super::catalogue::{frame, topic as codes};
use super::code::Reaction;
use super::context::Context;
use super::outline::Node;
use super::payload;
use super::report::Diagnostic;
use super::spelling::nearest;
use super::syntax::shorten;
use crate::names;

/// What a client sends to the control topic.
const CONTROL_EVENTS: [&str; 4] =
    [names::PHX_JOIN, names::PHX_LEAVE, names::DOC, names::UNSUBSCRIBE];
const SERVER_EVENTS: [&str; 4] =
    [names::PHX_REPLY, names::PHX_CLOSE, names::PHX_ERROR, names::SUBSCRIPTION_DATA];
/// What people call a document.
const DOC_NAMES: [&str; 6] = ["query", "mutation", "subscription", "subscribe", "document", "run"];

/// The three elements that mean something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Push<'a> {
    pub(crate) topic: &'a Node<'a>,
    pub(crate) event: &'a Node<'a>,
    pub(crate) payload: &'a Node<'a>,
}

/// Where a push is meant to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Control,
    Phoenix,
}

/// Looks at the meaning of a client's frame.
pub(crate) fn faults(push: &Push<'_>, context: &Context, out: &mut Vec<Diagnostic>) {
    let (topic, event) = (push.topic.text(), push.event.text());
    match (&topic, &event) {
        (Some(topic), Some(event)) => words(push, topic, event, context, out),
        (None, event) => out.push(topic_not_string(push, event.as_deref(), context)),
        (Some(topic), None) => {
            let message = format!("expected a string as event, found {}", push.event.kind());
            let fault = Diagnostic::new(
                &frame::EVENT_NOT_STRING,
                context,
                push.event.span.clone(),
                message,
            );
            let crashes = topic == names::CONTROL_TOPIC && context.joined != Some(false);
            out.push(
                unless(crashes, fault).help("name the event, such as \"doc\" or \"heartbeat\""),
            );
        }
    }
}

/// The topic may be any JSON value; nobody serves one that is no string.
fn topic_not_string(push: &Push<'_>, event: Option<&str>, context: &Context) -> Diagnostic {
    let message = format!("expected a string as topic, found {}", push.topic.kind());
    let span = push.topic.span.clone();
    let fault = Diagnostic::new(&frame::TOPIC_NOT_STRING, context, span.clone(), message);
    let is_empty_object = push.topic.members().is_some_and(|members| members.is_empty());
    // Source: recordings `frame/join_topic_object`, and `join/leave_unknown_topic`.
    let fault = match event {
        Some(names::PHX_JOIN) if is_empty_object => {
            fault.reaction(Reaction::Closes(names::CLOSE_INTERNAL_ERROR))
        }
        Some(names::PHX_LEAVE) => fault.reaction(Reaction::Accepts),
        _ => fault,
    };
    let right = match event {
        Some(names::HEARTBEAT) => names::PHOENIX_TOPIC,
        _ => names::CONTROL_TOPIC,
    };
    let fault = fault.help(format!("the topic is probably \"{right}\""));
    let known = |event| event == names::HEARTBEAT || CONTROL_EVENTS.contains(&event);
    if event.is_some_and(known) { fault.edit(span, quoted(right)) } else { fault }
}

fn words(push: &Push<'_>, topic: &str, event: &str, context: &Context, out: &mut Vec<Diagnostic>) {
    match topic {
        names::CONTROL_TOPIC => on_control(push, event, true, context, out),
        names::PHOENIX_TOPIC => on_phoenix(push, event, context, out),
        _ if topic.starts_with("__absinthe__:doc:") => {
            let span = push.topic.span.clone();
            let fault = Diagnostic::new(
                &codes::TOPIC_IS_SUBSCRIPTION,
                context,
                span,
                "a subscription's id as the topic of a push",
            );
            let fault = unmatched_unless_join(fault, topic, event);
            out.push(fault.help(match event {
                names::UNSUBSCRIBE => "send it to \"__absinthe__:control\"",
                _ => "subscriptions need no join: their data comes by itself",
            }));
        }
        _ => match resembled(topic, event) {
            Some(place) => misspelled_topic(push, place, topic, event, context, out),
            None if event == names::HEARTBEAT => {
                out.push(heartbeat_elsewhere(push, topic, context))
            }
            None => {
                let message = format!("nobody serves the topic {:?}", shorten(topic));
                let span = push.topic.span.clone();
                let fault = Diagnostic::new(&codes::TOPIC_UNKNOWN, context, span.clone(), message)
                    .help("the topic of documents is \"__absinthe__:control\"");
                let fault = unmatched_unless_join(fault, topic, event);
                let join = event == names::PHX_JOIN;
                out.push(if join { fault.edit(span, quoted(names::CONTROL_TOPIC)) } else { fault });
                if join || event == names::DOC {
                    on_control(push, event, false, context, out);
                }
            }
        },
    }
}

fn on_control(
    push: &Push<'_>,
    event: &str,
    matched: bool,
    context: &Context,
    out: &mut Vec<Diagnostic>,
) {
    let span = push.event.span.clone();
    let joined = matched && context.joined != Some(false);
    if matched && context.joined == Some(false) && matches!(event, names::DOC | names::UNSUBSCRIBE)
    {
        let message = format!("{event} before the topic is joined");
        let fault = Diagnostic::new(&codes::PUSH_BEFORE_JOIN, context, span.clone(), message);
        out.push(
            fault.help(
                "join first, wait for its reply, and join again after phx_error or phx_close",
            ),
        );
    }
    match event {
        names::PHX_JOIN if matched && context.joined == Some(true) => {
            let fault =
                Diagnostic::new(&codes::JOIN_AGAIN, context, span, "the topic is joined already");
            out.push(fault.help("join once for each connection; subscribe again after this one"));
        }
        names::PHX_JOIN | names::PHX_LEAVE => {}
        names::DOC => payload::doc(push.payload, joined, context, out),
        names::UNSUBSCRIBE => payload::unsubscribe(push.payload, joined, context, out),
        names::HEARTBEAT => out.push(heartbeat_elsewhere(push, names::CONTROL_TOPIC, context)),
        _ if SERVER_EVENTS.contains(&event) => out.push(of_server(push, event, joined, context)),
        _ => {
            let document = DOC_NAMES.contains(&event);
            let near = nearest(event, &CONTROL_EVENTS).filter(|_| !document);
            let code =
                if near.is_some() { &codes::EVENT_MISSPELLED } else { &codes::EVENT_UNKNOWN };
            let meant = near.or_else(|| document.then_some(names::DOC));
            let message = format!("the control topic knows no event {:?}", shorten(event));
            let fault = unless(joined, Diagnostic::new(code, context, span.clone(), message));
            out.push(match meant {
                Some(meant) => {
                    fault.help(format!("did you mean \"{meant}\"?")).edit(span, quoted(meant))
                }
                None => fault.help("a client sends phx_join, doc, unsubscribe and phx_leave"),
            });
        }
    }
}

fn on_phoenix(push: &Push<'_>, event: &str, context: &Context, out: &mut Vec<Diagnostic>) {
    let span = push.event.span.clone();
    match event {
        names::HEARTBEAT => out.extend(payload::heartbeat(push.payload, context)),
        _ if CONTROL_EVENTS.contains(&event) => {
            let message = format!("{event} on the topic phoenix");
            let at = push.topic.span.clone();
            let fault = Diagnostic::new(&codes::EVENT_ON_WRONG_TOPIC, context, at.clone(), message)
                .label(span, "this event belongs to the control topic")
                .help("send it to \"__absinthe__:control\"");
            // Source: recordings `heartbeat/event_leave`.
            let leave = event == names::PHX_LEAVE;
            let fault = if leave { fault.reaction(Reaction::Accepts) } else { fault };
            out.push(fault.edit(at, quoted(names::CONTROL_TOPIC)));
        }
        _ if SERVER_EVENTS.contains(&event) => out.push(of_server(push, event, false, context)),
        _ => {
            let message = format!("the topic phoenix knows no event {:?}", shorten(event));
            let fault =
                Diagnostic::new(&codes::HEARTBEAT_MISSPELLED, context, span.clone(), message);
            out.push(
                fault.help("did you mean \"heartbeat\"?").edit(span, quoted(names::HEARTBEAT)),
            );
        }
    }
}

fn resembled(topic: &str, event: &str) -> Option<Place> {
    if topic.trim() == names::CONTROL_TOPIC || matches!(topic, "__absinthe__" | "control") {
        return Some(Place::Control);
    }
    match nearest(topic, &[names::CONTROL_TOPIC, names::PHOENIX_TOPIC])? {
        names::PHOENIX_TOPIC if CONTROL_EVENTS.contains(&event) => None,
        names::PHOENIX_TOPIC => Some(Place::Phoenix),
        _ => Some(Place::Control),
    }
}

fn misspelled_topic(
    push: &Push<'_>,
    place: Place,
    topic: &str,
    event: &str,
    context: &Context,
    out: &mut Vec<Diagnostic>,
) {
    let right = match place {
        Place::Control if event == names::HEARTBEAT => {
            return out.push(heartbeat_elsewhere(push, topic, context));
        }
        Place::Control => names::CONTROL_TOPIC,
        Place::Phoenix => names::PHOENIX_TOPIC,
    };
    let span = push.topic.span.clone();
    let message = format!("nobody serves the topic {:?}", shorten(topic));
    let fault = Diagnostic::new(&codes::TOPIC_MISSPELLED, context, span.clone(), message)
        .help(format!("did you mean \"{right}\"?"))
        .edit(span, quoted(right));
    let fault = unmatched_unless_join(fault, topic, event);
    out.push(match place {
        Place::Phoenix => fault.reaction(codes::HEARTBEAT_MISSPELLED.reaction.get(context.profile)),
        Place::Control => fault,
    });
    match place {
        Place::Control => on_control(push, event, false, context, out),
        Place::Phoenix => on_phoenix(push, event, context, out),
    }
}

fn heartbeat_elsewhere(push: &Push<'_>, topic: &str, context: &Context) -> Diagnostic {
    let span = push.topic.span.clone();
    let message = format!("a heartbeat on the topic {:?}, not on \"phoenix\"", shorten(topic));
    let fault = Diagnostic::new(&codes::HEARTBEAT_ON_WRONG_TOPIC, context, span.clone(), message)
        .help("the topic of a heartbeat is \"phoenix\"")
        .edit(span, quoted(names::PHOENIX_TOPIC));
    let crashes = topic == names::CONTROL_TOPIC && context.joined == Some(true);
    if crashes { fault.reaction(Reaction::CrashesChannel) } else { fault }
}

fn of_server(push: &Push<'_>, event: &str, joined: bool, context: &Context) -> Diagnostic {
    let message = format!("{event} is an event that only the server sends");
    let fault = Diagnostic::new(&codes::EVENT_OF_SERVER, context, push.event.span.clone(), message);
    let fault = unless(joined, fault);
    match event {
        names::PHX_CLOSE => fault.help("to leave, send phx_leave"),
        _ => fault.help("do not send it"),
    }
}

/// The code's own reaction on a joined topic; elsewhere nothing matches.
pub(crate) fn unless(joined: bool, fault: Diagnostic) -> Diagnostic {
    if joined { fault } else { fault.reaction(Reaction::AnswersUnmatchedTopic) }
}

/// Source: recordings, rules 16, 17 and 20.
fn unmatched_unless_join(fault: Diagnostic, topic: &str, event: &str) -> Diagnostic {
    fault.reaction(match event {
        names::PHX_JOIN if topic.starts_with(names::ABSINTHE_PREFIX) => {
            Reaction::AnswersJoinCrashed
        }
        names::PHX_LEAVE => Reaction::Accepts,
        _ => Reaction::AnswersUnmatchedTopic,
    })
}

fn quoted(word: &str) -> String {
    format!("\"{word}\"")
}
