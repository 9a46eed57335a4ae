//! What is wrong with a line of an adapter.

use std::ops::Range;

/// Which rule a line breaks. The names are permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Longer than [`MOST`](super::MOST).
    TooLong,
    /// Not UTF-8.
    NotUtf8,
    /// Not JSON.
    NotJson,
    /// JSON, but no object.
    NotAnObject,
    /// A reply without an `id`, or an object that is no reply and no event.
    NoId,
    /// An `id` that is not the request's number.
    WrongId,
    /// A reply without `ok`, `error` and `unsupported`, or with several of them.
    NoOutcome,
    /// An event that the protocol does not have.
    UnknownEvent,
    /// A field that is missing or has the wrong type.
    WrongField,
}

impl Fault {
    /// The fault's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::NotUtf8 => "not-utf8",
            Self::NotJson => "not-json",
            Self::NotAnObject => "not-an-object",
            Self::NoId => "no-id",
            Self::WrongId => "wrong-id",
            Self::NoOutcome => "no-outcome",
            Self::UnknownEvent => "unknown-event",
            Self::WrongField => "wrong-field",
        }
    }
}

/// A fault, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub fault: Fault,
    /// What is wrong, in a sentence.
    pub message: String,
    /// How to mend it; empty if the message says so.
    pub help: String,
    /// Which bytes of the line, its prefix included.
    pub span: Range<usize>,
}
