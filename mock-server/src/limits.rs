//! How much a client may ask of a server before it is refused or cut.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::scenario::Span;

/// Bounds of memory and time, so that no client can take them from the others.
///
/// The longest message is a setting of the [`Profile`](crate::Profile), `message.limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `limit.connections`: how many connections may be open at once.
    pub connections: usize,
    /// `limit.head_timeout`: how long a request's head may take. Source: recordings, rule 22.
    pub head_timeout: Duration,
    /// `limit.head`: how large it may be, in bytes; at least 8192.
    pub head: usize,
    /// `limit.body_timeout`: how long a request's body may take.
    pub body_timeout: Duration,
    /// `limit.body`: how large it may be, in bytes. Source: Plug 1.14.0, `Plug.Parsers`: 8 000 000.
    pub body: usize,
    /// `limit.subscriptions`: how many subscriptions a connection may have; more are refused.
    pub subscriptions: usize,
    /// `limit.mailbox`: how many messages may wait for a connection that is busy; at least 1.
    pub mailbox: usize,
    /// `limit.unsent`: how many bytes may wait for a client that reads slowly; at least 4096.
    pub unsent: usize,
    /// `limit.held`: how many frames may wait behind an answer that a scenario holds back, and how many answers may
    /// be held.
    pub held: usize,
    /// `limit.held_bytes`: how many bytes all of them may have.
    pub held_bytes: usize,
}

impl Limits {
    /// The limits unless told otherwise.
    pub const DEFAULT: Self = Self {
        connections: 20_000,
        head_timeout: Duration::from_secs(5),
        head: 64 << 10,
        body_timeout: Duration::from_secs(5),
        body: 8_000_000,
        subscriptions: 10_000,
        mailbox: 16_384,
        unsent: 8 << 20,
        held: 4_096,
        held_bytes: 32 << 20,
    };

    /// The same within what a server can keep.
    pub(crate) fn clamped(self) -> Self {
        Self {
            // hyper takes no smaller buffer.
            head: self.head.max(8_192),
            mailbox: self.mailbox.max(1),
            unsent: self.unsent.max(4_096),
            ..self
        }
    }

    /// Every limit by its own name, as text.
    pub fn settings(&self) -> BTreeMap<String, String> {
        [
            ("limit.connections", self.connections.to_string()),
            ("limit.head_timeout", Span(self.head_timeout).to_string()),
            ("limit.head", self.head.to_string()),
            ("limit.body_timeout", Span(self.body_timeout).to_string()),
            ("limit.body", self.body.to_string()),
            ("limit.subscriptions", self.subscriptions.to_string()),
            ("limit.mailbox", self.mailbox.to_string()),
            ("limit.unsent", self.unsent.to_string()),
            ("limit.held", self.held.to_string()),
            ("limit.held_bytes", self.held_bytes.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
