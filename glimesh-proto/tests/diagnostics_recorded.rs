//! The diagnostics against what the real server did: the reaction that a diagnostic names is the recorded one.

use std::fs;
use std::path::Path;

use glimesh_proto::connect::{ConnectRequest, Vsn};
use glimesh_proto::diagnostic::{
    Context, Diagnostic, MessageKind, Profile, Reaction, Severity, diagnose_bytes, diagnose_url,
};
use glimesh_proto::{Frame, names};
use serde_json::Value;

fn records(category: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/recordings")
        .join(format!("{category}.jsonl"));
    let lines = fs::read_to_string(path).expect("a record as its README says");
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a record as its README says"))
        .collect()
}

/// What a step sent, if it was a whole message.
fn sent(step: &Value) -> Option<(Vec<u8>, MessageKind)> {
    match step["op"].as_str()? {
        "text" => Some((text_of(&step["data"]).into_bytes(), MessageKind::Text)),
        "frame"
            if step["fin"] != Value::Bool(false)
                && step["rsv"].is_null()
                && step["masked"].is_null() =>
        {
            let kind = match step["opcode"].as_u64()? {
                1 => MessageKind::Text,
                2 => MessageKind::Binary,
                _ => return None,
            };
            let hex = step["hex"].as_str()?;
            let byte = |at: usize| {
                u8::from_str_radix(&hex[at..at + 2], 16).expect("a record as its README says")
            };
            Some(((0..hex.len()).step_by(2).map(byte).collect(), kind))
        }
        _ => None,
    }
}

fn text_of(data: &Value) -> String {
    let Some(parts) = data["parts"].as_array() else {
        return data.as_str().expect("a record as its README says").to_owned();
    };
    parts
        .iter()
        .map(|part| match part.as_str() {
            Some(text) => text.to_owned(),
            None => {
                let times = part["times"].as_u64().expect("a record as its README says");
                part["repeat"]
                    .as_str()
                    .expect("a record as its README says")
                    .repeat(usize::try_from(times).expect("a record as its README says"))
            }
        })
        .collect()
}

/// What the server did about a step, as far as a diagnostic can say it.
fn observed(events: &[&Value]) -> Option<Reaction> {
    events.iter().find_map(|event| match event["k"].as_str()? {
        "close" => Some(Reaction::Closes(event["code"].as_u64()?.try_into().ok()?)),
        "text" => {
            let text = event["data"].as_str()?;
            let payload: Value = serde_json::from_str(text).expect("a record as its README says");
            if text.contains("\"phx_error\"") {
                return Some(Reaction::CrashesChannel);
            }
            let response = &payload[4]["response"];
            if response["error"] == "Could not parse variables as map" {
                return Some(Reaction::AnswersError);
            }
            match response["reason"].as_str()? {
                "unmatched topic" => Some(Reaction::AnswersUnmatchedTopic),
                "join crashed" => Some(Reaction::AnswersJoinCrashed),
                _ => None,
            }
        }
        _ => None,
    })
}

/// Whether the control topic is joined after a step.
fn joined_after(joined: bool, step: &Value, events: &[&Value]) -> bool {
    let came = |event: &str| {
        let texts = events.iter().filter_map(|event| event["data"].as_str());
        let mut frames = texts.filter_map(|text| Frame::decode(text).ok());
        frames.any(|frame| frame.topic == names::CONTROL_TOPIC && frame.event == event)
    };
    // A second join is answered, then the first one's end is told.
    let is_join = sent(step).is_some_and(|(bytes, _)| contains(&bytes, b"phx_join"));
    match (came(names::PHX_ERROR), came(names::PHX_CLOSE), came(names::PHX_REPLY)) {
        (true, _, _) => false,
        (_, true, _) => is_join,
        (_, _, true) => joined || is_join && observed(events).is_none(),
        _ => joined,
    }
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

const IN_WORDS: [Reaction; 4] = [
    Reaction::CrashesChannel,
    Reaction::AnswersUnmatchedTopic,
    Reaction::AnswersJoinCrashed,
    Reaction::AnswersError,
];

fn named(found: &[Diagnostic]) -> Vec<Reaction> {
    let tells = |reaction: &Reaction| {
        matches!(reaction, Reaction::Closes(_)) || IN_WORDS.contains(reaction)
    };
    found.iter().map(|fault| fault.reaction).filter(tells).collect()
}

#[test]
fn frames_get_the_reaction_that_was_recorded() {
    let mut seen = 0;
    for category in
        ["frame", "heartbeat", "join", "event", "doc", "push", "lifecycle", "old_socket"]
    {
        for record in records(category) {
            seen += check(&record);
        }
    }
    assert!(seen > 600, "only {seen} frames were looked at");
}

fn check(record: &Value) -> usize {
    let id = record["id"].as_str().expect("a record as its README says");
    let steps = record["steps"].as_array().expect("a record as its README says");
    // With several connections, without waiting, or in fragments, an answer cannot be given to a frame.
    let plain = steps.iter().all(|step| {
        step["c"] == "a"
            && step["nowait"].is_null()
            && step["fin"].is_null()
            && step["op"] != "bytes"
    });
    if !plain || record["race"] == Value::Bool(true) {
        return 0;
    }
    let (mut joined, mut seen) = (false, 0);
    let query = steps[0]["query"].as_str().unwrap_or_default();
    let target = format!("{}?{query}", names::GRAPH_PATH);
    let Ok(ConnectRequest { vsn, .. }) = ConnectRequest::parse(&target) else { return 0 };
    for (at, step) in steps.iter().enumerate() {
        let events: Vec<&Value> = record["events"]
            .as_array()
            .expect("a record as its README says")
            .iter()
            .filter(|event| event["step"].as_u64() == u64::try_from(at).ok())
            .collect();
        if events
            .iter()
            .any(|event| matches!(event["k"].as_str(), Some("not_sent" | "eof" | "send_error")))
            && !events.iter().any(|event| event["k"] == "close")
        {
            break;
        }
        if let Some((bytes, kind)) = sent(step) {
            let context = Context {
                vsn,
                joined: Some(joined),
                profile: Profile::Phoenix,
                ..Context::default()
            };
            let found = diagnose_bytes(&bytes, kind, &context);
            agree(id, &bytes, observed(&events), &found);
            seen += 1;
        }
        joined = joined_after(joined, step, &events);
    }
    seen
}

#[track_caller]
fn agree(id: &str, bytes: &[u8], observed: Option<Reaction>, found: &[Diagnostic]) {
    let named = named(found);
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(160)]).into_owned();
    // A document can crash the channel by what it asks for, which is GraphQL's matter.
    let may_crash_by_graphql =
        shown.contains("\"doc\"") && observed == Some(Reaction::CrashesChannel);
    match observed {
        Some(reaction) if named.is_empty() => {
            assert!(
                may_crash_by_graphql,
                "{id}: {reaction:?} was recorded, nothing found: {shown}"
            );
        }
        Some(reaction) => assert!(
            named.contains(&reaction),
            "{id}: {reaction:?} was recorded: {shown}: {found:#?}"
        ),
        None => assert_eq!(named, [], "{id}: all was well: {shown}: {found:#?}"),
    }
    let closes = matches!(observed, Some(Reaction::Closes(_)));
    let error = found.iter().any(|fault| fault.severity == Severity::Error);
    assert!(!closes || error, "{id}: closed without an error: {shown}");
}

#[test]
fn upgrades_get_the_status_that_was_recorded() {
    let mut unexplained = Vec::new();
    for record in records("connect") {
        let step = &record["steps"][0];
        let plain =
            step["raw_http"].is_null() && step["headers"].is_null() && step["method"].is_null();
        let Some(query) = step["query"].as_str().filter(|_| plain && step["http"].is_null()) else {
            continue;
        };
        let path = step["path"].as_str().unwrap_or(names::GRAPH_PATH);
        let Some(status) = record["events"][0]["status"].as_u64() else { continue };
        let context = Context { profile: Profile::Phoenix, ..Context::default() };
        let found = diagnose_url(&format!("{path}?{query}"), &context);
        let statuses: Vec<u64> = found
            .iter()
            .filter_map(|fault| match fault.reaction {
                Reaction::Refuses(status) => Some(u64::from(status)),
                _ => None,
            })
            .collect();
        let id = record["id"].as_str().unwrap();
        match status {
            // A credential with a raw + is as good as another, if it is meant so.
            101 if id == "connect/token_plus" => assert_eq!(found[0].severity, Severity::Warning),
            101 => assert!(statuses.is_empty(), "{id}: {found:#?}"),
            _ if statuses.is_empty() => unexplained.push(id.to_owned()),
            _ => assert!(statuses.contains(&status), "{id}: {status} was recorded: {found:#?}"),
        }
    }
    // Whether a well-formed credential is known is for the server's data to say.
    let names = ["client_id_unknown_uuid", "token_bad", "token_case", "token_nul", "token_long"];
    let mut expected = names.map(|name| format!("connect/{name}")).to_vec();
    expected.push("connect/token_duplicate_last_bad".to_owned());
    assert_eq!(unexplained, expected);
}

#[test]
fn a_v1_socket_takes_objects() {
    let context = Context { vsn: Vsn::V1, profile: Profile::Phoenix, ..Context::default() };
    let heartbeat = br#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#;
    assert_eq!(diagnose_bytes(heartbeat, MessageKind::Text, &context), []);
}
