//! Stands between the protocol's client and the socket, and makes of each frame what a variant or a mutant sends.
//!
//! The polite client's frames pass unchanged. So the client stays the plain machine that it is, and each
//! difference is one arm of a match.

mod incoming;
mod outgoing;
mod refs;
mod text;

use std::time::{Duration, Instant};

use glimesh_proto::Doc;

use super::{Manner, Mutant};
use refs::Refs;

pub(super) use incoming::Heard;

/// One connection's frames, both ways.
#[derive(Debug)]
pub(super) struct Wire {
    manner: Manner,
    /// Whether there was a connection before this one.
    again: bool,
    /// Which connection this is, counted from 1.
    nth: u32,
    /// What those who are in a hurry send before they are asked to.
    subscription: Doc,
    refs: Refs,
    channel_id: String,
    beats: u32,
    messages: u32,
    joined_at: Option<Instant>,
    /// When the last heartbeat was sent.
    beat_at: Option<Instant>,
    /// Whether the last heartbeat was not answered yet.
    beat_pending: bool,
    /// When the last message came.
    heard_at: Option<Instant>,
    /// Whether the join was answered.
    joined: bool,
    /// Whether a document is unanswered.
    asking: bool,
    /// Whether a text came that is no frame.
    malformed: bool,
}

/// One thing to put on the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Out {
    Text(String),
    /// Bytes that pass the WebSocket by.
    Raw(Vec<u8>),
    Binary(Vec<u8>),
    Ping,
    Pong,
    /// Wait this long before the next one.
    Pause(Duration),
}

impl Wire {
    pub(super) fn new(manner: Manner, nth: u32, subscription: Doc, channel_id: &str) -> Self {
        Self {
            manner,
            again: nth > 1,
            nth,
            subscription,
            refs: Refs::new(manner),
            channel_id: channel_id.to_owned(),
            beats: 0,
            messages: 0,
            joined_at: None,
            beat_at: None,
            beat_pending: false,
            heard_at: None,
            joined: false,
            asking: false,
            malformed: false,
        }
    }

    /// Whether the program ends with its next heartbeat.
    pub(super) fn fails_now(&self) -> bool {
        self.malformed && self.manner.is(Mutant::FailsAtBeatAfterMalformed)
    }
}

/// A short text as one WebSocket frame with a mask of zeros.
pub(super) fn masked(text: &str) -> Vec<u8> {
    raw(0x80, &[0; 4], text.as_bytes())
}

/// A short text as one WebSocket frame, with a byte in it that is no UTF-8.
fn latin1(text: &str) -> Vec<u8> {
    let mut frame = masked(text);
    if let Some(last) = frame.last_mut() {
        *last = 0xE9;
    }
    frame
}

/// A short text as one WebSocket frame without a mask, which RFC 6455 forbids a client.
fn unmasked(text: &str) -> Vec<u8> {
    raw(0, &[], text.as_bytes())
}

/// The payload of a compressed text as one WebSocket frame with a mask of zeros; `None` if it is very long.
pub(super) fn compressed(payload: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(payload.len()).ok()?;
    let head = match length {
        0..126 => vec![0xc1, 0x80 | length as u8],
        _ => [&[0xc1, 0xfe], &length.to_be_bytes()[..]].concat(),
    };
    Some([&head, &[0; 4][..], payload].concat())
}

fn raw(mask_bit: u8, mask: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("the text is short");
    [&[0x81, mask_bit | length], mask, payload].concat()
}
