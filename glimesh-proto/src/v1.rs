//! The older frame format, `vsn=1.0.0` or no `vsn` at all: objects.
//!
//! Shape: `{"topic": TOPIC, "event": EVENT, "payload": PAYLOAD, "ref": REF}`. All four must be there, each may be any
//! JSON value; `join_ref` may be there, too. The server's own frames have the four, sorted, and no `join_ref`.
//!
//! ```
//! use glimesh_proto::v1;
//!
//! let frame = v1::decode(r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"h1"}"#)?;
//! assert_eq!(frame.encode(), r#"[null,"h1","phoenix","heartbeat",{}]"#);
//! assert_eq!(v1::encode(&frame), r#"{"event":"heartbeat","payload":{},"ref":"h1","topic":"phoenix"}"#);
//! # Ok::<(), glimesh_proto::v1::DecodeError>(())
//! ```
//!
//! Source: Phoenix 1.7.0, `lib/phoenix/socket/serializers/v1_json_serializer.ex` and `lib/phoenix/socket/message.ex`,
//! `from_map!`; recordings `connect/vsn_1_flow` and `connect/vsn_1.0.0`.

use crate::frame::Frame;
use crate::raw::{RawFrame, fault_of};
use crate::scan::strict::{self, FaultAt, blank, byte, element, end, key_and_value};
use crate::scan::token::unescape;
use crate::scan::{Kind, SyntaxError};

/// Why a text is not a V1 frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The text is not JSON; this is its first fault.
    #[error("not JSON: {0}")]
    NotJson(SyntaxError),
    /// The text is JSON, but not an object; an array is a frame of `vsn=2.0.0`.
    #[error("expected an object with topic, event, payload and ref, found {found}")]
    NotObject {
        /// What stands there instead.
        found: &'static str,
    },
    /// A member is missing.
    #[error("expected an object with topic, event, payload and ref, found no {name}")]
    NoMember {
        /// The member's name.
        name: &'static str,
    },
}

/// Reads a frame from the text of one WebSocket message. Other members are ignored; of equal ones the first counts.
///
/// # Errors
///
/// [`DecodeError`]; the real server closes with 1011.
pub fn decode(text: &str) -> Result<Frame, DecodeError> {
    decode_raw(text).map(|raw| Frame::from(&raw))
}

/// The same without copying.
///
/// # Errors
///
/// As [`decode`].
pub fn decode_raw(text: &str) -> Result<RawFrame<'_>, DecodeError> {
    let members = Members::read(text)?;
    let part = |found: Option<_>, name| found.ok_or(DecodeError::NoMember { name });
    // In the order in which the real server looks for them.
    let topic = part(members.topic, "topic")?;
    let event = part(members.event, "event")?;
    let payload = part(members.payload, "payload")?;
    let msg_ref = part(members.msg_ref, "ref")?;
    let join_ref = members.join_ref.unwrap_or("null");
    Ok(RawFrame::from_parts(text, [join_ref, msg_ref, topic, event, payload]))
}

/// Writes a frame as the text of one WebSocket message, as the server does.
pub fn encode(frame: &Frame) -> String {
    let mut text = String::new();
    frame.encode_v1_into(&mut text);
    text
}

#[derive(Default)]
struct Members<'a> {
    topic: Option<&'a str>,
    event: Option<&'a str>,
    payload: Option<&'a str>,
    msg_ref: Option<&'a str>,
    join_ref: Option<&'a str>,
}

impl<'a> Members<'a> {
    fn read(text: &'a str) -> Result<Self, DecodeError> {
        let mut members = Self::default();
        let bytes = text.as_bytes();
        let first = bytes.get(blank(bytes, 0)).copied();
        let read = match first {
            Some(b'{') => members.read_object(text),
            _ => strict::text(bytes),
        };
        read.map_err(|fault| DecodeError::NotJson(fault_of(text, fault)))?;
        match first.map(Kind::of_first_byte) {
            Some(Kind::Object) => Ok(members),
            found => {
                let found = found.unwrap_or(Kind::Null).with_article();
                Err(DecodeError::NotObject { found })
            }
        }
    }

    fn read_object(&mut self, text: &'a str) -> Result<(), FaultAt> {
        let bytes = text.as_bytes();
        let mut at = blank(bytes, byte(bytes, blank(bytes, 0), b'{')?);
        if bytes.get(at) == Some(&b'}') {
            return end(bytes, at + 1);
        }
        loop {
            let (key_end, value) = key_and_value(bytes, at)?;
            let value_end = element(bytes, value)?;
            self.put(&text[at + 1..key_end - 1], &text[value..value_end]);
            at = blank(bytes, value_end);
            if bytes.get(at) != Some(&b',') {
                break end(bytes, byte(bytes, at, b'}')?);
            }
            at = blank(bytes, at + 1);
        }
    }

    fn put(&mut self, key: &str, value: &'a str) {
        let place = match &*unescape(key) {
            "topic" => &mut self.topic,
            "event" => &mut self.event,
            "payload" => &mut self.payload,
            "ref" => &mut self.msg_ref,
            "join_ref" => &mut self.join_ref,
            _ => return,
        };
        place.get_or_insert(value);
    }
}
