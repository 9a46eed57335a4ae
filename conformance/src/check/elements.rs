//! The parts of a frame's text, each with its place: evidence is shown as bytes of what was sent.

use std::collections::BTreeMap;

use glimesh_proto::frame;
use serde_json::Value;
use serde_json::value::RawValue;

/// A JSON value within the text that it was read from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    text: &'a str,
    raw: &'a str,
}

impl<'a> Part<'a> {
    /// The one value that a text holds; `None` if the text is not JSON.
    pub(crate) fn whole(text: &'a str) -> Option<Self> {
        Some(Self::of(text, serde_json::from_str(text).ok()?))
    }

    /// The elements, if it is an array.
    pub(crate) fn elements(self) -> Option<Vec<Self>> {
        let elements: Vec<&RawValue> = serde_json::from_str(self.raw).ok()?;
        Some(elements.into_iter().map(|raw| Self::of(self.text, raw)).collect())
    }

    /// A member, if it is an object that has it.
    pub(crate) fn member(self, name: &str) -> Option<Self> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(self.raw).ok()?;
        members.get(name).map(|raw| Self::of(self.text, raw))
    }

    /// Where it begins and ends within the text, in bytes.
    pub(crate) fn span(self) -> (usize, usize) {
        let from = self.raw.as_ptr() as usize - self.text.as_ptr() as usize;
        (from, from + self.raw.len())
    }

    /// What kind of value it is, told by its first byte.
    pub(crate) fn kind(self) -> Kind {
        match self.raw.as_bytes().first() {
            Some(b'"') => Kind::Text,
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'n') => Kind::Null,
            Some(b't' | b'f') => Kind::Bool,
            _ => Kind::Number,
        }
    }

    /// The text, if it is one.
    pub(crate) fn as_text(self) -> Option<String> {
        serde_json::from_str(self.raw).ok()
    }

    /// The value as sent, cut to what fits into a line.
    pub(crate) fn short(self) -> String {
        shorten(self.raw)
    }

    fn of(text: &'a str, raw: &'a RawValue) -> Self {
        Self { text, raw: raw.get() }
    }
}

/// A text, cut to what fits into a line.
pub(crate) fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    if text.len() <= MOST {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(MOST)])
}

/// The kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    Text,
    Array,
    Object,
}

impl Kind {
    /// With its article, as the rest of the kit says it.
    pub(crate) fn word(self) -> &'static str {
        frame::kind(&match self {
            Self::Null => Value::Null,
            Self::Bool => false.into(),
            Self::Number => 0.into(),
            Self::Text => "".into(),
            Self::Array => Vec::<Value>::new().into(),
            Self::Object => Value::Object(serde_json::Map::new()),
        })
    }
}

/// Where a text stops being JSON that the server reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonFault {
    /// The first byte at fault; the text's length if it ends too early.
    pub(crate) at: usize,
    /// The parser's words.
    pub(crate) message: String,
}

impl JsonFault {
    /// The first fault of a text, if it has one.
    pub(crate) fn of(text: &str) -> Option<Self> {
        // Skipping values has no limit of depth or size; reading them finds escapes that are no characters.
        let skipped = serde_json::from_str::<&RawValue>(text).err();
        let error = skipped.or_else(|| {
            let read = serde_json::from_str::<Value>(text).err();
            read.filter(|error| !is_limit_of_ours(error))
        })?;
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        let near = place(text, &error);
        // Of a string's faults the parser tells where it noticed them.
        let exact = match message.as_str() {
            _ if error.is_eof() => Some(text.len()),
            _ if message.starts_with("control character") => {
                text[near..].find(|c: char| c < ' ').map(|after| near + after)
            }
            _ if message.contains("hex escape") => text[..near].rfind(r"\u"),
            _ => None,
        };
        Some(Self { at: exact.unwrap_or(near), message })
    }

    /// The character at fault; empty at the text's end.
    pub(crate) fn span(&self, text: &str) -> (usize, usize) {
        let width = text[self.at..].chars().next().map_or(0, char::len_utf8);
        (self.at, self.at + width)
    }
}

fn is_limit_of_ours(error: &serde_json::Error) -> bool {
    let message = error.to_string();
    message.starts_with("recursion limit") || message.starts_with("number out of range")
}

/// The parser counts lines from 1, and columns in bytes from 1.
fn place(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let line: usize = lines.map(str::len).sum();
    let at = line + error.column().saturating_sub(1);
    text.floor_char_boundary(at.min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_know_their_place() {
        let text = r#" [ "1", null,"t","doc",{ "a":1, "variables" : "x" } ] "#;
        let whole = Part::whole(text).unwrap();
        assert_eq!(whole.span(), (1, text.len() - 1));
        let elements = whole.elements().unwrap();
        assert_eq!(elements[1].span(), (8, 12));
        let variables = elements[4].member("variables").unwrap();
        let (from, to) = variables.span();
        assert_eq!(&text[from..to], r#""x""#);
        assert_eq!((elements[0].kind(), elements[1].kind()), (Kind::Text, Kind::Null));
    }

    #[track_caller]
    fn fault(text: &str, at: usize) {
        assert_eq!(JsonFault::of(text).map(|fault| fault.at), Some(at), "{text}");
    }

    #[test]
    fn faults_are_found_at_their_byte() {
        fault("", 0);
        fault("[1,2", 4);
        fault("['1']", 1);
        fault("[1]\n[2]", 4);
        fault("[\n  'ä']", 4);
        fault("[1,]", 3);
        fault("\u{feff}[]", 0);
        fault("[\"a\nb\"]", 3);
        fault(r#"["a\ud800"]"#, 3);
        assert_eq!(JsonFault::of(" [1, 2]\r\n"), None);
        assert_eq!(JsonFault::of(&("[".repeat(5000) + &"]".repeat(5000))), None);
        assert_eq!(JsonFault::of("[1e999]"), None);
    }
}
