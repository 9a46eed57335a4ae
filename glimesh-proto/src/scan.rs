//! A strict JSON scanner that says where everything is: the elements of a frame, and every fault.
//!
//! Two scanners with one judgement. The strict one ([`RawFrame`](crate::RawFrame), [`Json`](crate::Json)) stops at
//! the first fault, allocates nothing and knows only where. The patient one, [`scan`], goes on after a fault to
//! find more, and names each. What a faulty text was meant to be is not asked here: that is the
//! [diagnostics'](crate::diagnostic) own reader. Neither recurses: depth costs one bit a level in the first, one entry in the second.
//!
//! What is JSON is decided by RFC 8259, with the real server's two additions: an escaped surrogate without its
//! partner is a fault, and so is a number with fraction or exponent that is too large for a double.
//!
//! Source: RFC 8259; recordings `frame/json_*` and `heartbeat/ref_too_big_float`, rule 10.

mod duplicate;
mod fault;
mod number;
mod patient;
mod span;
pub(crate) mod strict;
pub(crate) mod token;
pub(crate) mod tokens;

pub use duplicate::{DuplicateKey, DuplicateKeys, duplicate_keys};
pub use fault::{SyntaxError, SyntaxFault};
pub(crate) use patient::first_error;
pub use patient::scan;
pub use span::{Element, Kind, Span};

/// What [`scan`] found in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The outermost value; `None` if the text has none.
    pub root: Option<Element>,
    /// The first [five](FRAME_LENGTH) elements, if the outermost value is an array.
    pub elements: Vec<Element>,
    /// How many elements the outermost array has; 0 if the outermost value is something else.
    pub count: usize,
    /// The members, if the outermost value is an object.
    pub members: Vec<Member>,
    /// Everything that is wrong, in the order of the text. Empty exactly if the text is JSON.
    pub errors: Vec<SyntaxError>,
}

impl Scan {
    /// Whether the text is JSON.
    pub const fn is_json(&self) -> bool {
        self.errors.is_empty()
    }

    /// The first fault.
    pub fn first_error(&self) -> Option<SyntaxError> {
        self.errors.first().copied()
    }
}

/// How many elements of the outermost array [`Scan`] keeps: as many as a frame has.
pub const FRAME_LENGTH: usize = 5;

/// A key and its value, in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key, with its quotes.
    pub key: Span,
    /// The value.
    pub value: Element,
}

#[cfg(test)]
mod tests;
