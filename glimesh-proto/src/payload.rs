//! What comes with an event.

use std::fmt;
use std::mem;
use std::ops::Deref;
use std::sync::OnceLock;

use serde_json::Value;

use crate::json::to_value;
use crate::print;

/// What comes with an event: any JSON value, however deep.
///
/// It reads as a [`Value`], in which everything below [`MAX_DEPTH`](crate::MAX_DEPTH) levels is `null`; nothing of
/// it is lost when the frame is written again. A payload that was received is held as its text until somebody looks
/// into it, and as both from then on: a value takes up to sixty times the memory of its text.
#[derive(Clone)]
pub struct Payload {
    /// As it was received; `None` once it is the value alone that counts.
    text: Option<Box<str>>,
    read: OnceLock<Read>,
}

/// The value of a payload.
#[derive(Clone)]
struct Read {
    value: Value,
    /// Whether the value is all there is: the text may be deeper.
    is_whole: bool,
}

impl Payload {
    /// The payload in a text that is known to be JSON.
    pub(crate) fn of_json(json: &str) -> Self {
        Self { text: Some(json.into()), read: OnceLock::new() }
    }

    /// The value, down to [`MAX_DEPTH`](crate::MAX_DEPTH) levels.
    pub fn as_value(&self) -> &Value {
        &self.read().value
    }

    /// The value, down to [`MAX_DEPTH`](crate::MAX_DEPTH) levels.
    pub fn into_value(mut self) -> Value {
        mem::take(self.value_mut())
    }

    /// The value, to be changed; what was below [`MAX_DEPTH`](crate::MAX_DEPTH) levels is gone from now on.
    pub fn value_mut(&mut self) -> &mut Value {
        self.read();
        self.text = None;
        let read = self.read.get_mut().expect("it was read above");
        read.is_whole = true;
        &mut read.value
    }

    /// Whether the value is all there is.
    pub fn is_whole(&self) -> bool {
        self.read().is_whole
    }

    pub(crate) fn push_to(&self, out: &mut String) {
        match self.beyond_value() {
            Some(json) => out.push_str(json),
            None => print::push_value(out, self.as_value()),
        }
    }

    fn read(&self) -> &Read {
        self.read.get_or_init(|| {
            let json = self.text.as_deref().expect("without a value there is a text");
            let (value, is_whole) = to_value(json);
            Read { value, is_whole }
        })
    }

    /// The text of a payload that is deeper than its value.
    fn beyond_value(&self) -> Option<&str> {
        self.text.as_deref().filter(|_| !self.is_whole())
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::from(Value::Null)
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.as_value() == other.as_value() && self.beyond_value() == other.beyond_value()
    }
}

impl Deref for Payload {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.as_value()
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self { text: None, read: OnceLock::from(Read { value, is_whole: true }) }
    }
}

impl PartialEq<Value> for Payload {
    fn eq(&self, other: &Value) -> bool {
        self.is_whole() && self.as_value() == other
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_value().fmt(f)
    }
}
