//! The five-element array, to and from text. Judges shape only.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::{Entry, Map};
use serde_json::{Number, Value};

use crate::jason;

/// A reference that joins a reply to its push: any JSON value but `null`.
///
/// The document asks for text, the real server echoes whatever it got.
/// Source: Glimesh/api-docs, "Connecting to Chat"; recordings `join/*`, rules 12 and 19.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ref(Value);

impl Ref {
    /// A reference as the document wants it: text.
    pub fn text(text: impl Into<String>) -> Self {
        Self(Value::String(text.into()))
    }

    /// The value as it goes over the wire.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Reads a frame's first or second element, in which `null` stands for "none".
    pub fn from_value(value: Value) -> Option<Self> {
        (!value.is_null()).then_some(Self(value))
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One frame of `vsn=2.0.0`: `[join_ref, ref, topic, event, payload]`.
///
/// Permissive: anything that is a V2 frame can be held, printed and sent back.
///
/// ```
/// use glimesh_proto::Frame;
///
/// let text = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
/// let frame = Frame::decode(text)?;
/// assert_eq!(frame.event, "phx_join");
/// assert_eq!(frame.encode(), text);
/// # Ok::<(), glimesh_proto::DecodeError>(())
/// ```
///
/// Source: Phoenix 1.7.0, `lib/phoenix/socket/serializers/v2_json_serializer.ex`.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The reference of the join that this frame belongs to.
    pub join_ref: Option<Ref>,
    /// The reference of this push, repeated in its reply.
    pub msg_ref: Option<Ref>,
    /// Whom it concerns: the control topic, `phoenix`, or a subscription's id.
    pub topic: String,
    /// What is asked or told.
    pub event: String,
    /// What comes with the event; usually an object.
    pub payload: Value,
}

impl Frame {
    /// Reads a frame from the text of one WebSocket message.
    ///
    /// Elements after the fifth are ignored, and of a key that an object has twice the first one counts, as with
    /// the real server. Unlike there, JSON may be nested in 128 levels at most.
    ///
    /// Source: recordings `frame/json_array6`, `frame/dup_keys_query`; rules 10 and 11.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] names the first thing that is wrong with the shape.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let Elements { join_ref, msg_ref, topic, event, payload } = Elements::decode(text)?;
        Ok(Self {
            join_ref,
            msg_ref,
            topic: text_at(3, topic)?,
            event: text_at(4, event)?,
            payload,
        })
    }

    /// Writes the frame as the text of one WebSocket message, without blanks, in the real server's spelling.
    pub fn encode(&self) -> String {
        let null = Value::Null;
        let first = self.join_ref.as_ref().map_or(&null, Ref::as_value);
        let second = self.msg_ref.as_ref().map_or(&null, Ref::as_value);
        jason::to_string(&(first, second, &self.topic, &self.event, &self.payload))
    }
}

/// The first five elements of an array, whatever they are.
pub(crate) struct Elements {
    pub(crate) join_ref: Option<Ref>,
    pub(crate) msg_ref: Option<Ref>,
    pub(crate) topic: Value,
    pub(crate) event: Value,
    pub(crate) payload: Value,
}

impl Elements {
    pub(crate) fn decode(text: &str) -> Result<Self, DecodeError> {
        let FirstKeys(value) = serde_json::from_str(text)
            .map_err(|error| DecodeError::NotJson { line: error.line(), column: error.column() })?;
        let Value::Array(elements) = value else {
            return Err(DecodeError::NotArray { found: kind(&value) });
        };
        let found = elements.len();
        let mut elements = elements.into_iter();
        let mut next = || elements.next().ok_or(DecodeError::WrongLength { found });
        let (join_ref, msg_ref) = (Ref::from_value(next()?), Ref::from_value(next()?));
        Ok(Self { join_ref, msg_ref, topic: next()?, event: next()?, payload: next()? })
    }
}

/// Why a text is not a V2 frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The text is not JSON; the position is that of the first fault, counted from 1.
    #[error("not JSON: first fault at line {line}, column {column}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted in bytes, from 1; 0 if the line is empty.
        column: usize,
    },
    /// The text is JSON, but not an array.
    #[error("expected an array of five elements, found {found}")]
    NotArray {
        /// What stands there instead.
        found: &'static str,
    },
    /// The array has fewer than five elements.
    #[error("expected an array of five elements, found {found}")]
    WrongLength {
        /// How many there are.
        found: usize,
    },
    /// An element has the wrong type.
    #[error("expected {expected} as element {position}, found {found}")]
    WrongType {
        /// Counted from 1.
        position: usize,
        /// What should stand there.
        expected: &'static str,
        /// What stands there instead.
        found: &'static str,
    },
}

/// What kind of JSON value this is, with its article, for messages.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn text_at(position: usize, value: Value) -> Result<String, DecodeError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(text_expected(position, &other)),
    }
}

pub(crate) fn text_expected(position: usize, found: &Value) -> DecodeError {
    DecodeError::WrongType { position, expected: "a string", found: kind(found) }
}

/// A JSON value in whose objects the first of equal keys counts; serde_json's own takes the last.
struct FirstKeys(Value);

impl<'de> Deserialize<'de> for FirstKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FirstKeysVisitor).map(Self)
    }
}

struct FirstKeysVisitor;

impl<'de> Visitor<'de> for FirstKeysVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(FirstKeys(element)) = access.next_element()? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, FirstKeys(value))) = access.next_entry::<String, _>()? {
            if let Entry::Vacant(place) = object.entry(key) {
                place.insert(value);
            }
        }
        Ok(Value::Object(object))
    }
}
