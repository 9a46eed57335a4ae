//! What comes with an event.

use std::fmt;
use std::ops::Deref;

use serde_json::Value;

use crate::json::to_value;
use crate::print;

/// What comes with an event: any JSON value, however deep.
///
/// It reads as a [`Value`], in which everything below [`MAX_DEPTH`](crate::MAX_DEPTH) levels is `null`; nothing of
/// it is lost when the frame is written again.
#[derive(Clone, Default, PartialEq)]
pub struct Payload {
    value: Value,
    /// The text of a payload that is deeper than its value.
    whole: Option<Box<str>>,
}

impl Payload {
    /// The payload in a text that is known to be JSON.
    pub(crate) fn of_json(json: &str) -> Self {
        let (value, is_whole) = to_value(json);
        Self { value, whole: (!is_whole).then(|| json.into()) }
    }

    /// The value, down to [`MAX_DEPTH`](crate::MAX_DEPTH) levels.
    pub const fn as_value(&self) -> &Value {
        &self.value
    }

    /// The value, down to [`MAX_DEPTH`](crate::MAX_DEPTH) levels.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// The value, to be changed; what was below [`MAX_DEPTH`](crate::MAX_DEPTH) levels is gone from now on.
    pub fn value_mut(&mut self) -> &mut Value {
        self.whole = None;
        &mut self.value
    }

    /// Whether the value is all there is.
    pub const fn is_whole(&self) -> bool {
        self.whole.is_none()
    }

    pub(crate) fn push_to(&self, out: &mut String) {
        match &self.whole {
            Some(json) => out.push_str(json),
            None => print::push_value(out, &self.value),
        }
    }
}

impl Deref for Payload {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self { value, whole: None }
    }
}

impl PartialEq<Value> for Payload {
    fn eq(&self, other: &Value) -> bool {
        self.is_whole() && self.value == *other
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
