//! The binary forms of `vsn=2.0.0`, for payloads that are bytes.
//!
//! The client's push carries its ref, the server's does not; both have kind 0, so who reads must know who wrote.
//! Lengths are one byte each.
//!
//! ```text
//! client  0, len join_ref, len ref, len topic, len event,  join_ref, ref, topic, event,  data
//! server  0, len join_ref, len topic, len event,           join_ref, topic, event,       data
//! server  1, len join_ref, len ref, len topic, len status, join_ref, ref, topic, status, data
//! server  2, len topic, len event,                         topic, event,                 data
//! ```
//!
//! The chat's server has no use for them: a heartbeat, a join and a leave in the client's form are answered with
//! text, a `doc` or an `unsubscribe` crashes the channel, and it never sends one.
//!
//! Source: Phoenix 1.7.0, `lib/phoenix/socket/serializers/v2_json_serializer.ex`; recordings `frame/bin_*`, rule 13.

use serde_json::Value;

use crate::frame::{Frame, Ref};

const PUSH: u8 = 0;
const REPLY: u8 = 1;
const BROADCAST: u8 = 2;

/// Why bytes are none of the binary forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The message is empty.
    #[error("expected a binary push, found nothing")]
    Empty,
    /// The first byte is none of the kinds that this side may send; `[` is JSON in a binary message.
    #[error("expected a binary push, found the kind {kind}")]
    UnknownKind {
        /// The first byte.
        kind: u8,
    },
    /// The message is shorter than its lengths say.
    #[error("expected at least {expected} bytes, found {found}")]
    Cut {
        /// How many bytes the lengths ask for.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A part that should be text is not UTF-8.
    #[error("the {part} is not UTF-8")]
    NotUtf8 {
        /// `join_ref`, `ref`, `topic`, `event` or `status`.
        part: &'static str,
    },
}

/// A part is too long to be sent: its length has one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {part} has {length} bytes; 255 are possible")]
pub struct TooLong {
    /// `join_ref`, `ref`, `topic`, `event` or `status`.
    pub part: &'static str,
    /// How many bytes it has.
    pub length: usize,
}

/// What a client sends.
///
/// ```
/// use glimesh_proto::binary::Push;
///
/// let beat = Push { join_ref: "", msg_ref: "1", topic: "phoenix", event: "heartbeat", data: &[] };
/// let bytes = beat.encode()?;
/// assert_eq!(&bytes[..5], &[0, 0, 1, 7, 9]);
/// assert_eq!(Push::decode(&bytes), Ok(beat));
/// # Ok::<(), glimesh_proto::binary::TooLong>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Push<'a> {
    /// The reference of the join; always text here, and empty rather than absent.
    pub join_ref: &'a str,
    /// The reference of the push; always text here.
    pub msg_ref: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// The event.
    pub event: &'a str,
    /// The payload.
    pub data: &'a [u8],
}

impl<'a> Push<'a> {
    /// Reads the bytes of one binary message of a client.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; the real server closes with 1011.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        match bytes.first() {
            None => Err(DecodeError::Empty),
            Some(&PUSH) => {
                let names = ["join_ref", "ref", "topic", "event"];
                let ([join_ref, msg_ref, topic, event], data) = split(bytes, names)?;
                Ok(Self { join_ref, msg_ref, topic, event, data })
            }
            Some(&kind) => Err(DecodeError::UnknownKind { kind }),
        }
    }

    /// Writes the bytes of one binary message.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if a text has more than 255 bytes.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let parts = [
            ("join_ref", self.join_ref),
            ("ref", self.msg_ref),
            ("topic", self.topic),
            ("event", self.event),
        ];
        join(PUSH, &parts, self.data)
    }

    /// The frame that the server takes it for; the data, which is no JSON, stands there as `null`.
    pub fn to_frame(&self) -> Frame {
        Frame {
            join_ref: Some(Ref::text(self.join_ref)),
            msg_ref: Some(Ref::text(self.msg_ref)),
            topic: self.topic.into(),
            event: self.event.into(),
            payload: Value::Null.into(),
        }
    }
}

/// What a server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerMessage<'a> {
    /// A push on a channel.
    Push {
        /// The reference of the join.
        join_ref: &'a str,
        /// The topic.
        topic: &'a str,
        /// The event.
        event: &'a str,
        /// The payload.
        data: &'a [u8],
    },
    /// The answer to a push.
    Reply {
        /// The reference of the join.
        join_ref: &'a str,
        /// The push's reference.
        msg_ref: &'a str,
        /// The topic.
        topic: &'a str,
        /// `ok` or `error`.
        status: &'a str,
        /// The response.
        data: &'a [u8],
    },
    /// Something for all who joined the topic.
    Broadcast {
        /// The topic.
        topic: &'a str,
        /// The event.
        event: &'a str,
        /// The payload.
        data: &'a [u8],
    },
}

impl<'a> ServerMessage<'a> {
    /// Reads the bytes of one binary message of a server.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] names the first thing that is wrong.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        match bytes.first() {
            None => Err(DecodeError::Empty),
            Some(&PUSH) => {
                let ([join_ref, topic, event], data) =
                    split(bytes, ["join_ref", "topic", "event"])?;
                Ok(Self::Push { join_ref, topic, event, data })
            }
            Some(&REPLY) => {
                let names = ["join_ref", "ref", "topic", "status"];
                let ([join_ref, msg_ref, topic, status], data) = split(bytes, names)?;
                Ok(Self::Reply { join_ref, msg_ref, topic, status, data })
            }
            Some(&BROADCAST) => {
                let ([topic, event], data) = split(bytes, ["topic", "event"])?;
                Ok(Self::Broadcast { topic, event, data })
            }
            Some(&kind) => Err(DecodeError::UnknownKind { kind }),
        }
    }

    /// Writes the bytes of one binary message.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if a text has more than 255 bytes.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        match *self {
            Self::Push { join_ref, topic, event, data } => {
                join(PUSH, &[("join_ref", join_ref), ("topic", topic), ("event", event)], data)
            }
            Self::Reply { join_ref, msg_ref, topic, status, data } => {
                let parts = [
                    ("join_ref", join_ref),
                    ("ref", msg_ref),
                    ("topic", topic),
                    ("status", status),
                ];
                join(REPLY, &parts, data)
            }
            Self::Broadcast { topic, event, data } => {
                join(BROADCAST, &[("topic", topic), ("event", event)], data)
            }
        }
    }
}

/// The texts after the kind and their lengths, and the data after them.
fn split<'a, const N: usize>(
    bytes: &'a [u8],
    names: [&'static str; N],
) -> Result<([&'a str; N], &'a [u8]), DecodeError> {
    let cut = |expected| DecodeError::Cut { expected, found: bytes.len() };
    let lengths = bytes.get(1..=N).ok_or_else(|| cut(N + 1))?;
    let texts: usize = lengths.iter().map(|&length| usize::from(length)).sum();
    let (head, data) = bytes.split_at_checked(N + 1 + texts).ok_or_else(|| cut(N + 1 + texts))?;
    let mut rest = &head[N + 1..];
    let mut parts = [""; N];
    for ((part, name), &length) in parts.iter_mut().zip(names).zip(lengths) {
        let (text, after) = rest.split_at(usize::from(length));
        *part = str::from_utf8(text).map_err(|_| DecodeError::NotUtf8 { part: name })?;
        rest = after;
    }
    Ok((parts, data))
}

fn join(kind: u8, parts: &[(&'static str, &str)], data: &[u8]) -> Result<Vec<u8>, TooLong> {
    let mut bytes = vec![kind];
    for &(part, text) in parts {
        let length = u8::try_from(text.len()).map_err(|_| TooLong { part, length: text.len() })?;
        bytes.push(length);
    }
    for (_, text) in parts {
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend_from_slice(data);
    Ok(bytes)
}
