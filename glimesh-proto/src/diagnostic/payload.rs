//! What is wrong with a payload.

use super::catalogue::{payload as codes, topic};
use super::code::Code;
use super::context::Context;
use super::meaning::unless;
use super::outline::{Member, Node};
use super::report::Diagnostic;
use super::spelling::nearest;
use super::syntax::shorten;
use crate::names;
use crate::scan::token::unescape;
use crate::scan::{Span, duplicate_keys};

/// What people call the query.
const QUERY_NAMES: [&str; 6] = ["query", "document", "doc", "body", "mutation", "subscription"];
const ID_NAMES: [&str; 6] =
    ["subscriptionId", "subscription_id", "subscription", "id", "subId", "topic"];

/// The payload of a heartbeat.
pub(crate) fn heartbeat(payload: &Node<'_>, context: &Context) -> Option<Diagnostic> {
    let is_empty = payload.members().is_some_and(|members| members.is_empty());
    (!is_empty).then(|| {
        let found = if payload.is_object() { "an object with members" } else { payload.kind() };
        let span = payload.span.clone();
        let message = format!("expected {{}} as the payload of a heartbeat, found {found}");
        Diagnostic::new(&topic::HEARTBEAT_PAYLOAD, context, span.clone(), message)
            .help("write an empty object")
            .edit(span, "{}")
    })
}

/// The payload of `doc`.
pub(crate) fn doc(payload: &Node<'_>, joined: bool, context: &Context, out: &mut Vec<Diagnostic>) {
    let Some(members) = object(payload, names::DOC, joined, context, out) else { return };
    match find(&members, "query") {
        Some(query) => out.extend(query_value(query, payload, joined, context)),
        None => {
            let hint = members.iter().find(|member| is_near(&member.name, &QUERY_NAMES));
            out.push(missing(&codes::QUERY_MISSING, payload, "query", hint, joined, context));
        }
    }
    if let Some(variables) = find(&members, "variables") {
        out.extend(variables_value(variables, joined, context));
    }
}

/// The payload of `unsubscribe`.
pub(crate) fn unsubscribe(
    payload: &Node<'_>,
    joined: bool,
    context: &Context,
    out: &mut Vec<Diagnostic>,
) {
    let Some(members) = object(payload, names::UNSUBSCRIBE, joined, context, out) else { return };
    match find(&members, "subscriptionId") {
        Some(id) if id.is_string() => {}
        Some(id) => {
            let message = format!("expected a string as subscriptionId, found {}", id.kind());
            let code = &codes::SUBSCRIPTION_ID_NOT_TEXT;
            let fault = Diagnostic::new(code, context, id.span.clone(), message);
            out.push(unless(joined, fault).help("use the id from the reply to the subscription"));
        }
        None => {
            let hint = members
                .iter()
                .find(|member| member.value.is_string() && is_near(&member.name, &ID_NAMES));
            let code = &codes::SUBSCRIPTION_ID_MISSING;
            out.push(missing(code, payload, "subscriptionId", hint, joined, context));
        }
    }
}

fn object<'a>(
    payload: &Node<'a>,
    event: &str,
    joined: bool,
    context: &Context,
    out: &mut Vec<Diagnostic>,
) -> Option<Vec<Member<'a>>> {
    if let Some(members) = payload.members() {
        return Some(members);
    }
    let span = payload.span.clone();
    let inside = payload.text().filter(|text| text.trim_start().starts_with('{'));
    let fault = match inside {
        Some(inside) => {
            let message = "expected an object as payload, found a string that holds one";
            Diagnostic::new(&codes::PAYLOAD_IS_TEXT, context, span.clone(), message)
                .help("put the object itself into the frame, and encode the whole frame once")
                .edit(span, inside)
        }
        None => {
            let message =
                format!("expected an object as the payload of {event}, found {}", payload.kind());
            Diagnostic::new(&codes::PAYLOAD_NOT_OBJECT, context, span, message).help(match event {
                names::DOC => "the payload of doc is {\"query\": …, \"variables\": …}",
                _ => "the payload of unsubscribe is {\"subscriptionId\": …}",
            })
        }
    };
    out.push(unless(joined, fault));
    None
}

fn query_value(
    query: &Node<'_>,
    payload: &Node<'_>,
    joined: bool,
    context: &Context,
) -> Option<Diagnostic> {
    let span = query.span.clone();
    let Some(text) = query.text() else {
        let message = format!("expected a string as query, found {}", query.kind());
        let code = if query.is_null() { &codes::QUERY_MISSING } else { &codes::QUERY_NOT_TEXT };
        let fault = Diagnostic::new(code, context, span, message);
        return Some(unless(joined, fault).help("put the document's text there, as one string"));
    };
    if text.trim().is_empty() {
        let fault = Diagnostic::new(&codes::QUERY_EMPTY, context, span, "the query is empty");
        return Some(unless(joined, fault).help("put the document's text there, as one string"));
    }
    let inner = Node::of(&text).filter(Node::is_object)?;
    let holds_query = inner.members()?.iter().any(|member| member.name == "query");
    holds_query.then(|| {
        let message = "the query holds the whole payload as JSON";
        let fault = Diagnostic::new(&codes::QUERY_HOLDS_PAYLOAD, context, span, message)
            .help("make what stands in the string the payload")
            .edit(payload.span.clone(), inner.raw);
        unless(joined, fault)
    })
}

fn variables_value(variables: &Node<'_>, joined: bool, context: &Context) -> Option<Diagnostic> {
    if variables.is_object() || variables.is_null() {
        return None;
    }
    let span = variables.span.clone();
    let inside =
        variables.text().filter(|text| Node::of(text).is_some_and(|node| node.is_object()));
    let fault = match inside {
        Some(inside) => {
            let message = "expected an object as variables, found a string that holds one";
            Diagnostic::new(&codes::VARIABLES_IS_TEXT, context, span.clone(), message)
                .help("put the object itself there, without quotes")
                .edit(span, inside)
        }
        None => {
            let message = format!("expected an object as variables, found {}", variables.kind());
            let code = &codes::VARIABLES_NOT_OBJECT;
            let fault = Diagnostic::new(code, context, span.clone(), message)
                .help("write an object, or leave variables out");
            let empty = matches!(variables.raw, "[]" | "\"\"" | "false" | "0");
            if empty { fault.edit(span, "{}") } else { fault }
        }
    };
    Some(unless(joined, fault))
}

fn missing(
    code: &'static Code,
    payload: &Node<'_>,
    key: &str,
    hint: Option<&Member<'_>>,
    joined: bool,
    context: &Context,
) -> Diagnostic {
    let fault = match hint {
        Some(member) => {
            let span = member.key.span.clone();
            let message = format!("expected the key {key}, found {}", shorten(&member.name));
            Diagnostic::new(code, context, span.clone(), message)
                .help(format!("did you mean \"{key}\"?"))
                .edit(span, format!("\"{key}\""))
        }
        None => {
            let message = format!("the key {key} is missing");
            Diagnostic::new(code, context, payload.span.clone(), message)
                .help(format!("the payload needs the key {key}, with a string"))
        }
    };
    unless(joined, fault)
}

/// Of doubled keys the server takes the first. Source: recordings `frame/dup_keys_query`, rule 11.
fn find<'m, 'a>(members: &'m [Member<'a>], name: &str) -> Option<&'m Node<'a>> {
    members.iter().find(|member| member.name == name).map(|member| &member.value)
}

fn is_near(name: &str, candidates: &[&str]) -> bool {
    candidates.contains(&name) || nearest(name, candidates).is_some()
}

/// Keys that stand twice in an object of the text, however deep.
pub(crate) fn duplicates(text: &str, context: &Context) -> impl Iterator<Item = Diagnostic> {
    duplicate_keys(text).into_iter().flatten().map(move |key| {
        let inner = Span::new(key.again.start + 1, key.again.end - 1).of(text);
        let message = format!("the key {} stands twice", shorten(&unescape(inner)));
        Diagnostic::new(&codes::DUPLICATE_KEY, context, key.again.range(), message)
            .label(key.first.range(), "the server takes this one")
            .help("remove one of the two")
    })
}
