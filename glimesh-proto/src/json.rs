//! Any JSON value, as text.

use std::fmt;

use serde_json::{Map, Value};

use crate::print;
use crate::scan::token::unescape;
use crate::scan::tokens::{Token, Tokens};
use crate::scan::{Kind, SyntaxError, SyntaxFault, first_error, strict};

/// How many arrays and objects inside each other are built as a [`Value`].
///
/// A `Value` is dropped by recursion, and the real server accepts 200,000 levels (rule 10). Texts of such depth are
/// read, held and sent; where a `Value` is made of one, each array and object below this level becomes `null`.
pub const MAX_DEPTH: usize = 128;

/// A JSON value, held as the text that the real server would print for it.
///
/// Equal values are equal texts: without blanks, with sorted keys, numbers and escapes in one form. Depth does not
/// matter.
///
/// ```
/// use glimesh_proto::Json;
///
/// let json = Json::parse(r#" {"b": 1e2, "a": "\u0041"} "#)?;
/// assert_eq!(json.as_str(), r#"{"a":"A","b":100.0}"#);
/// # Ok::<(), glimesh_proto::scan::SyntaxError>(())
/// ```
///
/// Source: recordings `heartbeat/ref_*`, rules 11 and 12.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Box<str>);

impl Json {
    /// Reads one JSON value.
    ///
    /// # Errors
    ///
    /// The text's first fault.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        match strict::text(text.as_bytes()) {
            Ok(()) => Ok(Self::of_json(text)),
            Err(fault) => Err(first_fault(text, fault.0)),
        }
    }

    /// A string.
    pub fn text(text: &str) -> Self {
        let mut json = String::with_capacity(text.len() + 2);
        print::push_text(&mut json, text);
        Self(json.into())
    }

    /// The value of a text that is known to be JSON.
    pub(crate) fn of_json(text: &str) -> Self {
        let mut json = String::with_capacity(text.len());
        print::push_reprinted(&mut json, text);
        Self(json.into())
    }

    /// The value as the real server prints it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What kind of value it is.
    pub fn kind(&self) -> Kind {
        Kind::of_first_byte(self.0.as_bytes()[0])
    }

    /// The value itself, down to [`MAX_DEPTH`] levels.
    pub fn to_value(&self) -> Value {
        to_value(&self.0).0
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        let mut json = String::new();
        print::push_value(&mut json, value);
        Self(json.into())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first fault of a text that the strict scanner refused at `at`, by its name.
#[cold]
pub(crate) fn first_fault(text: &str, at: usize) -> SyntaxError {
    let span = crate::scan::Span::empty(at);
    let nameless = SyntaxError { fault: SyntaxFault::UnexpectedCharacter, span, at };
    first_error(text).unwrap_or(nameless)
}

/// The value of a text that is known to be JSON, and whether it is whole; see [`MAX_DEPTH`].
///
/// Of duplicate keys the first counts. Source: recordings, rule 11.
pub(crate) fn to_value(json: &str) -> (Value, bool) {
    let mut builder = Builder { open: Vec::new(), cut: 0, is_whole: true, root: Value::Null };
    for token in Tokens::of_json(json) {
        builder.take(token);
    }
    (builder.root, builder.is_whole)
}

struct Builder<'a> {
    open: Vec<Open<'a>>,
    /// How many arrays and objects are open that are too deep to be built.
    cut: usize,
    is_whole: bool,
    root: Value,
}

enum Open<'a> {
    Array(Vec<Value>),
    Object { members: Map<String, Value>, key: Option<&'a str> },
}

impl<'a> Builder<'a> {
    fn take(&mut self, token: Token<'a>) {
        match token {
            Token::Open(_) if self.open.len() == MAX_DEPTH => {
                self.cut += 1;
                self.is_whole = false;
            }
            Token::Close if self.cut > 0 => {
                self.cut -= 1;
                if self.cut == 0 {
                    self.put(Value::Null);
                }
            }
            Token::Text(_) | Token::Plain(_) if self.cut > 0 => {}
            Token::Open(Kind::Object) => {
                self.open.push(Open::Object { members: Map::new(), key: None });
            }
            Token::Open(_) => self.open.push(Open::Array(Vec::new())),
            Token::Close => match self.open.pop() {
                Some(Open::Array(items)) => self.put(Value::Array(items)),
                Some(Open::Object { members, .. }) => self.put(Value::Object(members)),
                None => {}
            },
            Token::Text(text) => match self.open.last_mut() {
                Some(Open::Object { key: key @ None, .. }) => *key = Some(text),
                _ => self.put(Value::String(unescape(text).into_owned())),
            },
            Token::Plain(plain) => self.put(plain_value(plain)),
        }
    }

    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.root = value,
            Some(Open::Array(items)) => items.push(value),
            Some(Open::Object { members, key }) => {
                let key = unescape(key.take().unwrap_or_default()).into_owned();
                members.entry(key).or_insert(value);
            }
        }
    }
}

/// A literal or a number. An integer beyond 64 bits becomes a double, and one beyond a double `null`.
fn plain_value(plain: &str) -> Value {
    // serde_json's own doubles may be off by one in the last place.
    match plain.parse::<f64>() {
        Ok(double) if plain.contains(['.', 'e', 'E']) => Value::from(double),
        _ => serde_json::from_str(plain).unwrap_or_default(),
    }
}
