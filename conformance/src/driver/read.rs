//! A line of an adapter, read.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::said::{ErrorReply, Event, Refusal, Reply, Said};
use super::violation::{Fault, Violation};
use super::{MOST, PREFIX};
use crate::report::similar;

const OUTCOMES: [&str; 3] = ["ok", "error", "unsupported"];
const EVENTS: [&str; 6] = ["chat", "reply", "closed", "state", "error", "log"];

/// What a line is.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// Log output: it has no prefix.
    Log,
    /// It belongs to the protocol.
    Said(Read),
    /// It should belong to the protocol.
    Violation(Violation),
}

/// A line of the protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// What it says.
    pub said: Said,
    /// Fields that look like known ones and are not; they are ignored.
    pub doubts: Vec<Violation>,
}

/// Reads a line, without its line feed.
pub fn read(line: &[u8]) -> Line {
    if !line.starts_with(PREFIX.as_bytes()) {
        return Line::Log;
    }
    match said(line) {
        Ok(read) => Line::Said(read),
        Err(violation) => Line::Violation(violation),
    }
}

type Fields<'a> = BTreeMap<String, &'a RawValue>;

fn said(line: &[u8]) -> Result<Read, Violation> {
    if line.len() >= MOST {
        let message = format!("the line is {} bytes long", line.len());
        let help = format!("a line has at most {MOST} bytes, its prefix and its end included");
        return Err(violation(Fault::TooLong, message, &help, 0..PREFIX.len()));
    }
    let text = std::str::from_utf8(line).map_err(|error| {
        let at = error.valid_up_to();
        violation(Fault::NotUtf8, "the line is not UTF-8".to_owned(), "", at..at + 1)
    })?;
    let json = text[PREFIX.len()..].trim_end();
    let whole: &RawValue =
        serde_json::from_str(json).map_err(|error| not_json(&error, PREFIX.len(), json))?;
    let start = place(text, whole).start;
    if !whole.get().starts_with('{') {
        let message = "a line of the protocol is a JSON object".to_owned();
        return Err(violation(Fault::NotAnObject, message, "", place(text, whole)));
    }
    let fields: Fields<'_> =
        serde_json::from_str(whole.get()).map_err(|error| not_json(&error, start, whole.get()))?;
    let said = match fields.get("event") {
        Some(event) if !fields.contains_key("id") => Said::Event(an_event(text, whole, event)?),
        _ => a_reply(text, whole, &fields)?,
    };
    let doubts = doubts(text, &fields, known(&said));
    Ok(Read { said, doubts })
}

/// Where the id of a reply stands, if the line is one.
pub(super) fn id_span(line: &[u8]) -> Range<usize> {
    let find = || {
        let text = std::str::from_utf8(line).ok()?;
        let json = text.strip_prefix(PREFIX)?;
        let fields: Fields<'_> = serde_json::from_str(json).ok()?;
        fields.get("id").map(|id| place(text, id))
    };
    find().unwrap_or(0..0)
}

fn an_event(text: &str, whole: &RawValue, name: &RawValue) -> Result<Event, Violation> {
    let known = EVENTS.join(", ");
    match serde_json::from_str::<String>(name.get()) {
        Ok(name) if EVENTS.contains(&&*name) => typed(text, whole),
        Ok(wrong) => {
            let message = format!("there is no event {wrong:?}");
            let help = meant(&wrong, &EVENTS).unwrap_or_else(|| format!("events are {known}"));
            Err(violation(Fault::UnknownEvent, message, &help, place(text, name)))
        }
        Err(_) => {
            let message = "an event's name is a string".to_owned();
            let help = format!("events are {known}");
            Err(violation(Fault::UnknownEvent, message, &help, place(text, name)))
        }
    }
}

fn a_reply(text: &str, whole: &RawValue, fields: &Fields<'_>) -> Result<Said, Violation> {
    let Some(id) = fields.get("id") else {
        let near = nearest(fields, &["id", "event"]);
        let span = near.map_or_else(|| place(text, whole), |(wrong, _)| key(text, fields, wrong));
        let help = match near {
            Some((wrong, known)) => format!("did you mean {known:?} instead of {wrong:?}?"),
            None => "a reply repeats its request's id; an event has its name in `event`".to_owned(),
        };
        let message = "the line has neither an id nor an event".to_owned();
        return Err(violation(Fault::NoId, message, &help, span));
    };
    if serde_json::from_str::<u64>(id.get()).is_err() {
        let help = "a reply repeats its request's id as the same JSON number, without quotes";
        let message = "the id is not an integer".to_owned();
        return Err(violation(Fault::WrongId, message, help, place(text, id)));
    }
    let outcomes: Vec<_> = OUTCOMES.iter().filter(|name| fields.contains_key(**name)).collect();
    match outcomes[..] {
        [&"ok"] => typed::<Reply>(text, whole).map(Said::Ok),
        [&"error"] => typed::<ErrorReply>(text, whole).map(Said::Error),
        [_] => typed::<Refusal>(text, whole).map(Said::Unsupported),
        [] => {
            let near = nearest(fields, &OUTCOMES);
            let span =
                near.map_or_else(|| place(text, whole), |(wrong, _)| key(text, fields, wrong));
            let help = match near {
                Some((wrong, known)) => format!("did you mean {known:?} instead of {wrong:?}?"),
                None => "where there is nothing to tell, it is \"ok\":{}".to_owned(),
            };
            let message = "the reply has none of ok, error and unsupported".to_owned();
            Err(violation(Fault::NoOutcome, message, &help, span))
        }
        [_, second, ..] => {
            let message = "the reply has more than one of ok, error and unsupported".to_owned();
            Err(violation(Fault::NoOutcome, message, "", key(text, fields, second)))
        }
    }
}

/// The whole line as one of the protocol's types.
fn typed<T: DeserializeOwned>(text: &str, whole: &RawValue) -> Result<T, Violation> {
    serde_json::from_str(whole.get()).map_err(|error| {
        let start = place(text, whole).start;
        // A tagged or nested value has been read by the time its type is looked at, so the place may be unknown.
        let span = match error.column() {
            0 => place(text, whole),
            column => near_column(start, whole.get(), column),
        };
        violation(Fault::WrongField, words(&error), "", span)
    })
}

fn not_json(error: &serde_json::Error, start: usize, json: &str) -> Violation {
    let help = "write one JSON object on one line, with a JSON library, and flush it";
    let message = format!("the line is not JSON: {}", words(error));
    violation(Fault::NotJson, message, help, near_column(start, json, error.column()))
}

/// What a parser says, without its line and column: the caret shows them.
fn words(error: &serde_json::Error) -> String {
    let words = error.to_string();
    words.split(" at line ").next().unwrap_or(&words).to_owned()
}

/// The character that a parser has read last; its columns are bytes, counted from 1.
fn near_column(start: usize, json: &str, column: usize) -> Range<usize> {
    let mut at = column.saturating_sub(1).min(json.len());
    while !json.is_char_boundary(at) {
        at -= 1;
    }
    let length = json[at..].chars().next().map_or(0, char::len_utf8);
    start + at..start + at + length
}

/// Where a value stands: it is a part of the text.
fn place(text: &str, value: &RawValue) -> Range<usize> {
    let start = value.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + value.get().len()
}

/// Where a field's name stands, or its value if the name is written with escapes.
fn key(text: &str, fields: &Fields<'_>, name: &str) -> Range<usize> {
    let Some(value) = fields.get(name) else { return 0..0 };
    let value = place(text, value);
    let quoted = format!("{name:?}");
    text[..value.start].rfind(&quoted).map_or(value, |at| at..at + quoted.len())
}

fn known(said: &Said) -> &'static [&'static str] {
    match said {
        Said::Ok(_) => &["id", "ok"],
        Said::Error(_) => &["id", "error"],
        Said::Unsupported(_) => &["id", "unsupported", "issue"],
        Said::Event(Event::Chat { .. }) => &["event", "conn", "sub", "n", "data"],
        Said::Event(Event::Reply { .. }) => &["event", "conn", "ref", "status", "response"],
        Said::Event(Event::Closed { .. }) => {
            &["event", "conn", "code", "clean", "will_retry", "retry_ms"]
        }
        Said::Event(Event::State { .. }) => &["event", "conn", "state"],
        Said::Event(Event::Error { .. }) => &["event", "conn", "kind", "message"],
        Said::Event(Event::Log { .. }) => &["event", "level", "message"],
    }
}

/// Unknown fields that look like a known one that is absent.
fn doubts(text: &str, fields: &Fields<'_>, known: &'static [&'static str]) -> Vec<Violation> {
    let absent: Vec<_> = known.iter().copied().filter(|name| !fields.contains_key(*name)).collect();
    let unknown = fields.keys().filter(|name| !known.contains(&name.as_str()));
    let doubt = |name: &String| {
        let meant = meant(name, &absent)?;
        let message = format!("the field {name:?} is ignored");
        Some(violation(Fault::WrongField, message, &meant, key(text, fields, name)))
    };
    unknown.filter_map(doubt).collect()
}

/// A field whose name looks like one of those that were looked for.
fn nearest<'a>(fields: &'a Fields<'_>, known: &[&'static str]) -> Option<(&'a str, &'static str)> {
    fields.keys().find_map(|name| {
        let near = similar(name, known.iter().copied());
        near.first().map(|known| (name.as_str(), *known))
    })
}

fn meant(wrong: &str, known: &[&'static str]) -> Option<String> {
    let near = similar(wrong, known.iter().copied());
    near.first().map(|near| format!("did you mean {near:?}?"))
}

fn violation(fault: Fault, message: String, help: &str, span: Range<usize>) -> Violation {
    Violation { fault, message, help: help.to_owned(), span }
}

#[cfg(test)]
mod tests;
