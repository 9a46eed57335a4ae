//! The five-element array, to and from text. Judges shape only.

use std::fmt;

use serde_json::Value;

use crate::json::Json;
use crate::name::Name;
use crate::payload::Payload;
use crate::raw::RawFrame;
use crate::scan::{Kind, SyntaxError};

/// A reference that joins a reply to its push: any JSON value but `null`.
///
/// The document asks for text, the real server echoes whatever it got.
/// Source: Glimesh/api-docs, "Connecting to Chat"; recordings `join/*`, rules 12 and 19.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ref(Json);

impl Ref {
    /// A reference as the document wants it: text.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self(Json::text(text.as_ref()))
    }

    /// A frame's first or second element, in which `null` stands for "none".
    pub fn from_json(json: Json) -> Option<Self> {
        (json.kind() != Kind::Null).then_some(Self(json))
    }

    /// The same, of a value.
    pub fn from_value(value: Value) -> Option<Self> {
        Self::from_json(Json::from(&value))
    }

    /// The value as it goes over the wire.
    pub const fn as_json(&self) -> &Json {
        &self.0
    }

    /// The value; see [`Json::to_value`].
    pub fn to_value(&self) -> Value {
        self.0.to_value()
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
    pub topic: Name,
    /// What is asked or told.
    pub event: Name,
    /// What comes with the event; usually an object.
    pub payload: Payload,
}

impl Frame {
    /// Reads a frame from the text of one WebSocket message.
    ///
    /// Elements after the fifth are ignored, as the real server ignores them.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] names the first thing that is wrong with the shape.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        Ok(Self::from(&RawFrame::decode(text)?))
    }

    /// Writes the frame as the text of one WebSocket message, as the real server does: without blanks.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        self.encode_into(&mut text);
        text
    }

    /// Appends the text of one WebSocket message.
    pub fn encode_into(&self, out: &mut String) {
        out.push('[');
        push_ref(out, self.join_ref.as_ref());
        out.push(',');
        push_ref(out, self.msg_ref.as_ref());
        out.push(',');
        self.topic.push_to(out);
        out.push(',');
        self.event.push_to(out);
        out.push(',');
        self.payload.push_to(out);
        out.push(']');
    }

    /// Appends the text of the message in the older format; see [`v1`](crate::v1).
    pub(crate) fn encode_v1_into(&self, out: &mut String) {
        out.push_str(r#"{"event":"#);
        self.event.push_to(out);
        out.push_str(r#","payload":"#);
        self.payload.push_to(out);
        out.push_str(r#","ref":"#);
        push_ref(out, self.msg_ref.as_ref());
        out.push_str(r#","topic":"#);
        self.topic.push_to(out);
        out.push('}');
    }
}

impl From<&RawFrame<'_>> for Frame {
    fn from(raw: &RawFrame<'_>) -> Self {
        Self {
            join_ref: read_ref(raw.join_ref),
            msg_ref: read_ref(raw.msg_ref),
            topic: Name::of_json(raw.topic),
            event: Name::of_json(raw.event),
            payload: Payload::of_json(raw.payload),
        }
    }
}

fn read_ref(json: &str) -> Option<Ref> {
    if json == "null" { None } else { Ref::from_json(Json::of_json(json)) }
}

fn push_ref(out: &mut String, reference: Option<&Ref>) {
    out.push_str(reference.map_or("null", |reference| reference.0.as_str()));
}

/// Why a text is not a V2 frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The text is not JSON; this is its first fault, [`scan`](crate::scan::scan) finds the others.
    #[error("not JSON: {0}")]
    NotJson(SyntaxError),
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
    /// An element has a type with which the real server cannot go on.
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
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Bool,
        Value::Number(_) => Kind::Number,
        Value::String(_) => Kind::String,
        Value::Array(_) => Kind::Array,
        Value::Object(_) => Kind::Object,
    }
    .with_article()
}
