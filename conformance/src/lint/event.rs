//! What an input is taken apart into: messages and what else happened on a connection.

use std::time::Duration;

use glimesh_proto::diagnostic::{MessageKind, Sender};

/// One thing that happened on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// The connection, counted from 1; 1 where the input does not tell connections apart.
    pub conn: u32,
    /// When, from any fixed moment on; `None` where the input does not say.
    pub at: Option<Duration>,
    /// Where in the input it stands.
    pub origin: Origin,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// An upgrade was asked for.
    Upgrade {
        /// The URL, or only the request's target.
        url: String,
        /// The answer's status; `None` where it is not known.
        status: Option<u16>,
    },
    /// A message.
    Message {
        /// Who sent it; `None` where only the message itself can tell.
        sender: Option<Sender>,
        /// Its type.
        kind: MessageKind,
        /// Its data.
        data: Vec<u8>,
    },
    /// A close frame.
    Close {
        /// Who sent it.
        sender: Sender,
        /// The close code.
        code: Option<u16>,
    },
    /// The connection ended.
    End,
}

/// Where something stands in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// As it is, from this byte on.
    Plain(usize),
    /// Within a JSON string whose inside begins at this byte.
    Escaped(usize),
    /// In some other form that begins at this byte.
    Encoded(usize),
    /// It ended in the packet of this number, counted from 1.
    Packet(u64),
}
