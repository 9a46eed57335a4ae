//! The GraphQL document in a frame: judged by the schemas, pointed at inside its JSON string.

use std::rc::Rc;

use glimesh_mock::graphql::{Fault, Generation, Rule, faults};
use glimesh_proto::diagnostic::{Profile, Reaction, Severity};
use glimesh_proto::scan::{Kind, scan};
use glimesh_proto::{Json, RawFrame, names};
use serde_json::{Map, Value};

use super::catalogue::document as codes;
use super::escaped::Unescaped;
use super::finding::{Finding, Subject};

/// A longer document is not looked at.
const LONGEST: usize = 1 << 20;

/// How many findings one document gives.
const MOST: usize = 20;

/// A document within a frame's text.
struct Document {
    query: Unescaped,
    /// Where the inside of its string begins in the frame's text.
    start: usize,
    variables: Map<String, Value>,
}

/// Everything that is wrong with the document of a `doc` frame; nothing for other frames.
pub(super) fn findings(subject: &Rc<Subject>, profile: Profile, older_api: bool) -> Vec<Finding> {
    let Some(document) = Document::of(&subject.text) else { return Vec::new() };
    let query = &document.query.text;
    if query.len() > LONGEST {
        let span = document.place(&(0..query.len()));
        let message = format!("a document of {} bytes", query.len());
        return vec![Finding::new(&codes::TOO_LARGE, profile, subject, span, message)];
    }
    let served = if older_api { Generation::Older } else { Generation::Current };
    let current = faults(query, &document.variables, served);
    if current.is_empty() {
        return Vec::new();
    }
    let older = faults(query, &document.variables, Generation::Older);
    let only_older = older.is_empty() && !older_api;
    let mut found: Vec<Finding> = current
        .iter()
        .take(MOST)
        .map(|fault| document.finding(fault, only_older, subject, profile))
        .collect();
    if !only_older && !older_api {
        for (finding, fault) in found.iter_mut().zip(&current) {
            let known = |other: &Fault| other.span == fault.span && other.rule == fault.rule;
            if fault.rule == Rule::Field && !older.iter().any(known) {
                finding.help.push_str("; the older API (/api/socket) has this field");
            }
        }
    }
    found
}

impl Document {
    fn of(text: &str) -> Option<Self> {
        let frame = RawFrame::decode(text).ok()?;
        let is = |part: &str, word: &str| {
            Unescaped::read(part.trim_matches('"')).is_some_and(|read| read.text == word)
        };
        if !is(frame.topic, names::CONTROL_TOPIC) || !is(frame.event, names::DOC) {
            return None;
        }
        let payload_at = frame.span_of(frame.payload).start;
        let members = scan(frame.payload).members;
        let member = |name: &str| {
            members
                .iter()
                .find(|member| is(member.key.of(frame.payload), name))
                .map(|one| one.value)
        };
        let query = member("query").filter(|value| value.kind == Kind::String)?;
        let (start, end) = (query.span.start + 1, query.span.end - 1);
        let variables = member("variables")
            .filter(|value| value.kind == Kind::Object)
            .and_then(|value| Json::parse(value.span.of(frame.payload)).ok())
            .map(|json| json.to_value());
        let variables = match variables {
            Some(Value::Object(variables)) => variables,
            _ => Map::new(),
        };
        let query = Unescaped::read(frame.payload.get(start..end)?)?;
        // An empty one is the core's to complain of.
        let blank = query.text.trim().is_empty();
        (!blank).then_some(Self { query, start: payload_at + start, variables })
    }

    /// Where a part of the document stands in the frame's text.
    fn place(&self, span: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        let span = self.query.origin(span);
        self.start + span.start..self.start + span.end
    }

    fn finding(
        &self,
        fault: &Fault,
        only_older: bool,
        subject: &Rc<Subject>,
        profile: Profile,
    ) -> Finding {
        let span = self.place(&fault.span);
        let code = if only_older { &codes::OLDER_API_ONLY } else { codes::of(fault.rule) };
        let (first, more) = split(&fault.message);
        let message = if only_older {
            format!("valid only on the older API: {first}")
        } else {
            first.to_owned()
        };
        let help = self.help(fault, only_older).or(more);
        let mut finding = Finding::new(code, profile, subject, span, message);
        finding.help = help.unwrap_or_default();
        finding.said = Some(fault.message.trim_end().to_owned());
        if only_older && profile != Profile::Phoenix {
            finding.server =
                "answers it by the older API (the deployed server: with status \"error\")"
                    .to_owned();
        } else if fault.aborts {
            finding = finding.reaction(Reaction::AnswersErrorAndForgetsClient);
        } else if fault.rule == Rule::Subscription && fault.message.contains("fragment") {
            finding = finding.reaction(Reaction::CrashesChannel);
        }
        if fault.rule == Rule::Limit {
            finding.severity = Severity::Note;
        }
        finding
    }

    fn help(&self, fault: &Fault, only_older: bool) -> Option<String> {
        let word = self.query.text.get(fault.span.clone()).unwrap_or_default();
        let said = [&fault.message, &fault.meant].into_iter();
        let suggestion = said.filter_map(|text| text.split_once(" Did you mean ")).next();
        let suggestion = suggestion.map(|(_, meant)| {
            let did = meant.lines().next().unwrap_or_default();
            format!("did you mean {did}")
        });
        match fault.rule {
            Rule::Field if only_older && word == "avatar" => {
                Some("write avatarUrl, as the current API calls it".to_owned())
            }
            Rule::SelectionMissing => Some(format!("write {word} {{ … }} with the fields that you want")),
            Rule::Field | Rule::Type | Rule::Argument => suggestion,
            Rule::ArgumentValue if self.is_bare_text(word) => Some(
                "text stands in quotes within the document, which JSON writes as \\\"; or use variables".to_owned(),
            ),
            Rule::Syntax if word.starts_with(['\'', '`']) => Some(
                "GraphQL's text stands in double quotes, which JSON writes as \\\"; or use variables".to_owned(),
            ),
            Rule::Syntax => Some(match unbalanced(&self.query.text) {
                Some(help) => help,
                None => "the document stops making sense here; text that a user typed belongs into variables".to_owned(),
            }),
            Rule::VariableUndefined => {
                let name = word.trim_start_matches('$');
                Some(format!("define it after the operation's name: (${name}: TYPE)"))
            }
            Rule::VariableMissing => Some("give it a value in variables, under its name without the $".to_owned()),
            _ => None,
        }
    }

    /// Whether a value is, or holds, a word without quotes.
    fn is_bare_text(&self, value: &str) -> bool {
        let last = value.rsplit(':').next().unwrap_or_default();
        let word = last.trim_matches([' ', '{', '}']);
        !word.is_empty()
            && !word.contains(['"', '$'])
            && word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && !matches!(word, "true" | "false" | "null")
    }
}

/// The server's first line, without its suggestion; and what stands on its further lines.
fn split(message: &str) -> (&str, Option<String>) {
    let mut lines = message.trim_end().lines();
    let first = lines.next().unwrap_or_default();
    let first = first.split(" Did you mean ").next().unwrap_or(first).trim_end_matches('.');
    let more = lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    (first, (!more.is_empty()).then_some(more))
}

/// What a document lacks whose brackets do not pair.
fn unbalanced(query: &str) -> Option<String> {
    let count = |c: char| query.matches(c).count();
    let lacking = |open: char, close: char| match count(open).cmp(&count(close)) {
        std::cmp::Ordering::Greater => Some((close, count(open) - count(close), "missing")),
        std::cmp::Ordering::Less => Some((close, count(close) - count(open), "too many")),
        std::cmp::Ordering::Equal => None,
    };
    // Brackets within text are rare; where they are, this would mislead.
    if query.contains('"') {
        return None;
    }
    let (bracket, number, what) = lacking('{', '}').or_else(|| lacking('(', ')'))?;
    Some(format!("{number} closing {bracket} {what}"))
}
