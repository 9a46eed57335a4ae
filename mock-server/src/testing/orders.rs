//! What a test tells the server to do, at once.

use glimesh_proto::{Close, Frame};

use crate::mailbox::Command;
use crate::mock::MockServer;

/// An order found nobody to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no connection is open")]
pub struct NoConnection;

/// Direct orders. Each goes to the newest open connection; [`disconnect`](Self::disconnect) and its neighbours reach
/// others.
impl MockServer {
    /// Sends a text message, verbatim, whatever it is.
    ///
    /// # Errors
    ///
    /// [`NoConnection`]
    pub fn push_text(&self, text: impl Into<String>) -> Result<(), NoConnection> {
        self.order(Command::Text(text.into()))
    }

    /// Sends a frame.
    ///
    /// # Errors
    ///
    /// [`NoConnection`]
    pub fn push(&self, frame: &Frame) -> Result<(), NoConnection> {
        self.push_text(frame.encode())
    }

    /// Sends a binary message.
    ///
    /// # Errors
    ///
    /// [`NoConnection`]
    pub fn push_binary(&self, bytes: impl Into<Vec<u8>>) -> Result<(), NoConnection> {
        self.order(Command::Binary(bytes.into()))
    }

    /// Ends the connection with a close frame.
    ///
    /// # Errors
    ///
    /// [`NoConnection`]
    pub fn close(&self, code: u16, reason: impl Into<String>) -> Result<(), NoConnection> {
        let close = Close { code: Some(code), reason: reason.into() };
        self.order(Command::Close(Box::new(close)))
    }

    /// Ends TCP without a close frame.
    ///
    /// # Errors
    ///
    /// [`NoConnection`]
    pub fn cut(&self) -> Result<(), NoConnection> {
        self.order(Command::Cut)
    }

    /// Resets TCP. A stream that the caller has brought just ends.
    ///
    /// # Errors
    ///
    /// [`NoConnection`]
    pub fn reset_connection(&self) -> Result<(), NoConnection> {
        self.order(Command::Reset)
    }

    fn order(&self, command: Command) -> Result<(), NoConnection> {
        if self.shared().chat.tell_newest(command) { Ok(()) } else { Err(NoConnection) }
    }
}
