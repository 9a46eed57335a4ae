//! Compares what the machine said with what was recorded, by the rules of `fixtures/recordings/README.md`.

use serde_json::Value;

/// One thing that the recorded client saw.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) step: usize,
    pub(crate) connection: String,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// The status of the answer to the upgrade request.
    Http(u64),
    Text(String),
    /// A text that was too long to be recorded: its beginning and its length in bytes.
    LongText(String, u64),
    Close(Option<u64>, String),
    Eof,
    NotSent,
    /// A kind that no machine brings about.
    Other(String),
}

/// The first difference; `None`: it is the same.
pub(crate) fn difference(record: &Value, seen: &[Seen]) -> Option<String> {
    let variants = record["variants"].as_array().into_iter().flatten();
    let lists = std::iter::once(&record["events"]).chain(variants);
    let differences = lists.map(|list| first_difference(record, &recorded(list), seen));
    differences.min_by_key(Option::is_some)?
}

fn recorded(events: &Value) -> Vec<Seen> {
    events.as_array().into_iter().flatten().map(seen).collect()
}

fn seen(event: &Value) -> Seen {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let what = match event["k"].as_str().unwrap_or_default() {
        "http" => What::Http(event["status"].as_u64().unwrap_or_default()),
        "text" => match event["len"].as_u64() {
            Some(length) => What::LongText(text("data_head"), length),
            None => What::Text(text("data")),
        },
        "close" => What::Close(event["code"].as_u64(), text("reason")),
        "eof" => What::Eof,
        "not_sent" => What::NotSent,
        other => What::Other(other.to_owned()),
    };
    let step = event["step"].as_u64().and_then(|step| usize::try_from(step).ok());
    Seen { step: step.unwrap_or_default(), connection: text("c"), what }
}

fn first_difference(record: &Value, wanted: &[Seen], found: &[Seen]) -> Option<String> {
    let mut names: Vec<&str> =
        wanted.iter().chain(found).map(|seen| seen.connection.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let is_race = record["race"] == true;
    names.iter().find_map(|name| {
        // The order is free between the connection's own replies and what its channel says, and only there.
        [true, false].into_iter().find_map(|own| {
            let part = |list: &[Seen]| -> Vec<Seen> {
                let is_part = |seen: &&Seen| {
                    seen.connection == *name && is_own(&seen.what).is_none_or(|is| is == own)
                };
                list.iter().filter(is_part).cloned().collect()
            };
            let (wanted, found) = (part(wanted), part(found));
            let same = |at: usize| match (wanted.get(at), found.get(at)) {
                (Some(wanted), Some(found)) => {
                    (is_race || wanted.step == found.step) && is_same(&wanted.what, &found.what)
                }
                _ => false,
            };
            let at = (0..wanted.len().max(found.len())).find(|at| !same(*at))?;
            Some(format!("expected {:?}, found {:?}", wanted.get(at), found.get(at)))
        })
    })
}

fn is_same(wanted: &What, found: &What) -> bool {
    match (wanted, found) {
        (What::LongText(head, length), What::Text(text)) => {
            text.len() as u64 == *length && text.starts_with(head.as_str())
        }
        _ => wanted == found,
    }
}

/// Longer texts, in bytes, were not recorded in full.
const LONGEST: usize = 4_000;

/// Whether the connection's own process says it; `None` for what is no text, or too long to tell: nothing may change
/// places with that.
fn is_own(what: &What) -> Option<bool> {
    const OWN: [&str; 3] = [
        r#""phoenix","phx_reply""#,
        r#""phx_reply",{"response":{},"status":"ok"}"#,
        r#""response":{"reason":"#,
    ];
    let text = match what {
        What::Text(text) if text.len() <= LONGEST => text,
        _ => return None,
    };
    Some(OWN.iter().any(|own| text.contains(own)))
}
