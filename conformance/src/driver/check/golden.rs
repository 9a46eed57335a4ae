//! What an adapter is asked before there is any server.

use serde_json::{Map, Value, json};

use super::finding::{Code, Finding};
use super::talk::{Talk, Told, span};
use crate::driver::{Answer, ConnState, ErrorKind, Hello, Op, PROTOCOL};
use crate::report::similar;

/// What hello may claim. `hello` and `bye` need not be said.
pub(super) const OPS: [&str; 11] = [
    "connect",
    "join",
    "subscribe",
    "unsubscribe",
    "send_chat",
    "query",
    "expect",
    "disconnect",
    "state",
    "hello",
    "bye",
];

/// An id that a number of floating point still holds, written without an exponent.
const LARGE_ID: u64 = (1 << 53) - 1;

/// The first exchange. Returns what hello claims, if that can be understood.
pub(super) async fn golden(talk: &mut Talk) -> Option<Hello> {
    let hello = hello(talk).await;
    unknown_op(talk).await;
    unknown_field(talk, hello.as_ref()).await;
    join_too_early(talk, hello.as_ref()).await;
    hello
}

async fn hello(talk: &mut Talk) -> Option<Hello> {
    talk.begin("hello");
    let deadline_ms = u64::try_from(talk.deadline().as_millis()).unwrap_or(u64::MAX);
    let op = Op::Hello { protocol: PROTOCOL, run: "check".to_owned(), deadline_ms };
    let told = talk.ask(op).await?;
    let Answer::Ok(reply) = &told.answer else {
        talk.found(wrong_outcome(&told, "hello is answered with ok", "say who the adapter is"));
        return None;
    };
    let example = r#"such as {"protocol": 1, "client": {"name": "acme-bot", "version": "0.3.1", "language": "rust"}, "ops": ["connect"]}"#;
    let hello: Hello = match serde_json::from_value(Value::Object(reply.ok.clone())) {
        Ok(hello) => hello,
        Err(error) => {
            let what = format!("the ok of hello cannot be read: {error}");
            talk.found(wrong_ok(&told, &["ok"], what).help(example));
            return None;
        }
    };
    if hello.protocol != PROTOCOL {
        let what = format!("the adapter speaks protocol {}, the kit speaks 1", hello.protocol);
        talk.found(wrong_ok(&told, &["ok", "protocol"], what));
        return None;
    }
    for op in hello.ops.iter().filter(|op| !OPS.contains(&op.as_str())) {
        let near = similar(op, OPS.into_iter());
        let help = match near.first() {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("ops are {}", OPS.join(", ")),
        };
        let what = format!("hello claims {op:?}, which is never asked for");
        talk.found(wrong_ok(&told, &["ok", "ops"], what).help(help).warning());
    }
    talk.introduce(hello.client.clone());
    Some(hello)
}

async fn unknown_op(talk: &mut Talk) {
    let name = "an op that does not exist";
    if talk.is_over() {
        return talk.skip(name, "the adapter is gone");
    }
    talk.begin(name);
    let Some(told) = talk.ask_odd(LARGE_ID - 1, fields(json!({"op": "juggle", "balls": 3}))).await
    else {
        return;
    };
    if !matches!(told.answer, Answer::Unsupported(_)) {
        let what = "an unknown op is answered with unsupported";
        let help =
            r#"let the last branch of the dispatch answer {"id": 7, "unsupported": "no such op"}"#;
        talk.found(wrong_outcome(&told, what, help));
    }
}

async fn unknown_field(talk: &mut Talk, hello: Option<&Hello>) {
    let name = "state without a connection, with an unknown field and a large id";
    if talk.is_over() {
        return talk.skip(name, "the adapter is gone");
    }
    talk.begin(name);
    let fields = fields(json!({"op": "state", "conn": "nobody", "since": {"ever": [1, null]}}));
    let Some(told) = talk.ask_odd(LARGE_ID, fields).await else { return };
    let closed = json!(ConnState::Closed);
    match &told.answer {
        Answer::Ok(reply) if reply.ok.get("state") == Some(&closed) => {}
        Answer::Ok(_) => {
            let what = "a connection that was never opened is closed";
            let help = "answer an error of the kind usage, or the state closed";
            talk.found(wrong_ok(&told, &["ok", "state"], what).help(help));
        }
        Answer::Error(_) => too_early(talk, &told),
        Answer::Unsupported(_) => unclaimed(talk, &told, hello, "state"),
    }
}

async fn join_too_early(talk: &mut Talk, hello: Option<&Hello>) {
    let name = "join without a connection";
    if talk.is_over() {
        return talk.skip(name, "the adapter is gone");
    }
    talk.begin(name);
    let Some(told) = talk.ask(Op::Join { conn: "nobody".to_owned() }).await else { return };
    match &told.answer {
        Answer::Ok(_) => {
            let what = "a join without a connection cannot succeed";
            let help =
                r#"answer {"id": 7, "error": {"kind": "usage", "message": "no connection"}}"#;
            talk.found(wrong_outcome(&told, what, help));
        }
        Answer::Error(_) => too_early(talk, &told),
        Answer::Unsupported(_) => unclaimed(talk, &told, hello, "join"),
    }
}

/// Whether the error's kind fits a request that comes too early.
pub(super) fn too_early(talk: &mut Talk, told: &Told) {
    wants_kind(
        talk,
        told,
        &[ErrorKind::Usage, ErrorKind::Closed],
        "what makes no sense without a connection is an error of the kind usage or closed",
    );
}

/// A finding if an error has none of these kinds.
pub(super) fn wants_kind(talk: &mut Talk, told: &Told, kinds: &[ErrorKind], what: &str) {
    let Answer::Error(reply) = &told.answer else { return };
    if !kinds.contains(&reply.error.kind) {
        let finding = Finding::new(Code::WrongKind, what);
        talk.found(
            finding.at(&told.line, span(&told.line, &["error", "kind"])).asked(&told.request),
        );
    }
}

/// A finding if hello claims an op that is answered with unsupported.
pub(super) fn unclaimed(talk: &mut Talk, told: &Told, hello: Option<&Hello>, op: &str) {
    if hello.is_some_and(|hello| hello.ops.iter().any(|claimed| claimed == op)) {
        let what = format!("hello claims {op}, and here it is unsupported");
        talk.found(wrong_outcome(told, &what, "take it out of the ops of hello, or answer it"));
    }
}

pub(super) fn wrong_outcome(told: &Told, what: &str, help: &str) -> Finding {
    let outcome = match told.answer {
        Answer::Ok(_) => "ok",
        Answer::Error(_) => "error",
        Answer::Unsupported(_) => "unsupported",
    };
    let finding = Finding::new(Code::WrongOutcome, what).help(help).asked(&told.request);
    finding.at(&told.line, span(&told.line, &[outcome]))
}

pub(super) fn wrong_ok(told: &Told, path: &[&str], what: impl Into<String>) -> Finding {
    let finding = Finding::new(Code::WrongOk, what).asked(&told.request);
    finding.at(&told.line, span(&told.line, path))
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
