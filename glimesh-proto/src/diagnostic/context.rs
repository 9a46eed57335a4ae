//! What is known about a frame besides its bytes.

use crate::connect::Vsn;

/// How the server behaves, and by whose rules a client is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Profile {
    /// The document's rules, the deployed server's answers.
    #[default]
    Glimesh,
    /// The deployed server's rules and answers.
    Phoenix,
    /// The document's rules, and its frames as printed.
    Literal,
}

/// Who sent a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Sender {
    /// The client: every rule applies.
    #[default]
    Client,
    /// The server: only syntax and the number of elements are looked at.
    Server,
}

/// The type of a WebSocket message, from its opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Opcode 1.
    Text,
    /// Opcode 2.
    Binary,
}

/// Where a frame was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Context {
    /// The frame format that the upgrade asked for.
    pub vsn: Vsn,
    /// Whether the control topic is joined; `None`: not known, nothing is said about the order of frames.
    pub joined: Option<bool>,
    /// Who sent it.
    pub sender: Sender,
    /// Whose rules apply.
    pub profile: Profile,
}

impl Default for Context {
    /// A client's frame on a `vsn=2.0.0` socket, in profile `glimesh`, of which nothing else is known.
    fn default() -> Self {
        Self { vsn: Vsn::V2, joined: None, sender: Sender::default(), profile: Profile::default() }
    }
}
