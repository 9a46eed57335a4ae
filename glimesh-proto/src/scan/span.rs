//! Where something stands in a text, and what it is.

use std::ops::Range;

/// A part of a text, counted in bytes from 0; `end` is the first byte after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The first byte after it.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` to before `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The place before the byte at `at`.
    pub const fn empty(at: usize) -> Self {
        Self::new(at, at)
    }

    /// The same as a range.
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// The part itself; empty if it is none of this text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }

    /// How many bytes it has.
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether it is a place and not a part.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The same part, where the text it was counted in begins at `by` of a larger one.
    #[must_use]
    pub const fn shifted(self, by: usize) -> Self {
        Self::new(self.start + by, self.end + by)
    }
}

/// The six kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// Text in double quotes.
    String,
    /// `[..]`
    Array,
    /// `{..}`
    Object,
}

impl Kind {
    /// The kind of a value, by its first byte; the value must be JSON.
    pub(crate) const fn of_first_byte(byte: u8) -> Self {
        match byte {
            b'n' => Self::Null,
            b't' | b'f' => Self::Bool,
            b'"' => Self::String,
            b'[' => Self::Array,
            b'{' => Self::Object,
            _ => Self::Number,
        }
    }

    /// The kind with its article, for messages: `a string`.
    pub const fn with_article(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// One value: what it is and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Element {
    /// What it is; for a faulty value, what it was probably meant to be.
    pub kind: Kind,
    /// Where it stands, with quotes or brackets.
    pub span: Span,
}
