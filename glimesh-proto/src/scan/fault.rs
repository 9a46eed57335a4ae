//! What can be wrong with a text that should be JSON.

use super::Span;

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{fault} at byte {at}")]
pub struct SyntaxError {
    /// What is wrong.
    pub fault: SyntaxFault,
    /// The part to show: the whole wrong word, number or escape, or the place where something is missing.
    pub span: Span,
    /// The first byte that cannot stand where it stands; the length of the text if that ends too early.
    ///
    /// All bytes before it could still have become JSON. Counted from 0.
    pub at: usize,
}

/// The kinds of faults.
///
/// Source: RFC 8259; the recordings `frame/json_*` show what the real server does with most of them: 1011.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum SyntaxFault {
    /// Nothing but white space.
    #[error("an empty text")]
    Empty,
    /// U+FEFF, which some encoders put before a text.
    #[error("a byte order mark")]
    ByteOrderMark,
    /// A byte 0 outside of a string.
    #[error("a NUL byte")]
    Nul,
    /// A character that begins nothing.
    #[error("an unexpected character")]
    UnexpectedCharacter,
    /// `'text'`
    #[error("single quotes")]
    SingleQuotes,
    /// Typographic quotes or backticks around a text.
    #[error("quotes other than \"")]
    OtherQuotes,
    /// `// ..` or `/* .. */`
    #[error("a comment")]
    Comment,
    /// `None`, `undefined`, `NULL`, `phx_join`: a word without quotes, as a value or as a key.
    #[error("a word without quotes")]
    UnquotedWord,
    /// `01`
    #[error("a number with a leading zero")]
    LeadingZero,
    /// `+1`
    #[error("a number with a plus sign")]
    PlusSign,
    /// `.5`
    #[error("a number without digits before the point")]
    NoIntegerDigits,
    /// `1.`
    #[error("a number without digits after the point")]
    NoFractionDigits,
    /// `1e`
    #[error("a number without digits in the exponent")]
    NoExponentDigits,
    /// `-`
    #[error("a minus without a number")]
    LoneMinus,
    /// `0x1`
    #[error("a hexadecimal number")]
    HexNumber,
    /// `NaN`, `Infinity`, `-Infinity`
    #[error("not a number, or an infinite one")]
    NotFinite,
    /// `1e400`: more than a double can hold.
    #[error("a number too large for a double")]
    NumberTooLarge,
    /// A number with something in it that belongs to no number: `1_000`, `12px`.
    #[error("a malformed number")]
    MalformedNumber,
    /// `\x`, `\U0041`, `\u12`: no escape of JSON.
    #[error("an unknown or cut escape")]
    BadEscape,
    /// `\ud83d` or `\ude00` without its partner.
    #[error("half of a surrogate pair")]
    LoneSurrogate,
    /// A character below U+0020 in a string, such as a line break.
    #[error("a control character in a string")]
    ControlCharacter,
    /// A string that the end of the text ends.
    #[error("a string without its closing quote")]
    UnterminatedString,
    /// Two values, or two members, with nothing between them.
    #[error("a missing comma")]
    MissingComma,
    /// A comma before a closing bracket.
    #[error("a comma after the last element")]
    TrailingComma,
    /// A comma or colon with nothing before or after it.
    #[error("a missing value")]
    MissingValue,
    /// A key without a colon.
    #[error("a missing colon")]
    MissingColon,
    /// A colon where none belongs, such as between the elements of an array.
    #[error("an unexpected colon")]
    UnexpectedColon,
    /// A member of an object whose key is not a string.
    #[error("a key that is not a string")]
    KeyNotString,
    /// `]` for `{`, or `}` for `[`.
    #[error("a closing bracket of the other kind")]
    MismatchedBracket,
    /// An array that the end of the text ends.
    #[error("an array without its closing bracket")]
    UnterminatedArray,
    /// An object that the end of the text ends.
    #[error("an object without its closing brace")]
    UnterminatedObject,
    /// Something after the outermost value.
    #[error("text after the end of the value")]
    TrailingText,
}
