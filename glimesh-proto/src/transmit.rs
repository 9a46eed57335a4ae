//! What a machine asks to be put on the WebSocket.

use std::fmt;

/// One thing to send, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// A text message.
    Text(String),
    /// A close frame; nothing follows.
    Close(Close),
}

/// How a WebSocket ended.
///
/// Source: RFC 6455, section 7.1.5 and 7.1.6.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Close {
    /// The close code; `None` if there was no close frame, or an empty one.
    pub code: Option<u16>,
    /// The close reason; often empty.
    pub reason: String,
}

impl Close {
    /// A close with a code and an empty reason, as the real server sends them.
    pub const fn new(code: u16) -> Self {
        Self { code: Some(code), reason: String::new() }
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) if self.reason.is_empty() => write!(f, "{code}"),
            Some(code) => write!(f, "{code} {:?}", self.reason),
            None => write!(f, "no code"),
        }
    }
}
