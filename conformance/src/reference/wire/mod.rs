//! Stands between the protocol's client and the socket, and makes of each frame what a variant or a mutant sends.
//!
//! The polite client's frames pass unchanged. So the client stays the plain machine that it is, and each
//! difference is one arm of a match.

mod incoming;
mod outgoing;
mod refs;
mod text;

use std::time::Duration;

use glimesh_proto::Doc;

use super::Manner;
use refs::Refs;

pub(super) use incoming::Heard;

/// One connection's frames, both ways.
#[derive(Debug)]
pub(super) struct Wire {
    manner: Manner,
    /// Whether there was a connection before this one.
    again: bool,
    /// What those who are in a hurry send before they are asked to.
    subscription: Doc,
    refs: Refs,
    beats: u32,
    messages: u32,
}

/// One thing to put on the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Out {
    Text(String),
    Binary(Vec<u8>),
    Ping,
    Pong,
    /// Wait this long before the next one.
    Pause(Duration),
}

impl Wire {
    pub(super) fn new(manner: Manner, again: bool, subscription: Doc) -> Self {
        let refs = Refs::new(manner);
        Self { manner, again, subscription, refs, beats: 0, messages: 0 }
    }
}
