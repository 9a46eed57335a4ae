//! A scanner that reads JSON strictly, and goes on after a fault as its writer probably meant it.
//!
//! It keeps one entry for each open bracket and never recurses; every byte is looked at a bounded number of times.
//!
//! It is not [`scan`](fn@crate::scan::scan), which reads the same texts, because the two answer different questions.
//!
//! - `scan` says what stands there. Its first fault is the byte from which on the text cannot become JSON, the same that
//!   a decoder's error names; it guesses nothing, so that its places are those of the strict scanner and of jiter.
//! - This one says what was meant. It looks ahead to find where a string with an unescaped quote ends, takes a quoted or
//!   escaped frame apart as a whole, counts single quotes everywhere as one habit, gives each fault the edit that mends
//!   it, and gives up after [`MOST`] or where a guess would mislead.
//!
//! In `["a "b" c"]` the first sees two strings and a word between them, and the second one string that lacks two
//! backslashes: after such a fault they stand at different places of different states. What they must agree on, whether
//! a text is JSON, is held by a property test.

mod after;
mod blank;
mod bracket;
mod quote;
mod separator;
mod string;
mod word;

pub(crate) use word::shorten;

use super::catalogue::{characters, structure, words};
use super::code::Code;
use super::context::Context;
use super::report::{Diagnostic, Label, Span};

/// No more faults than this are looked for.
pub(crate) const MOST: usize = 20;
/// What is seldom done once only.
const HABITS: [&Code; 5] = [
    &words::SINGLE_QUOTES,
    &words::CURLY_QUOTES,
    &words::UNQUOTED_KEY,
    &characters::FOREIGN_BLANK,
    &structure::COMMENT,
];
/// No more places of one habit than this are shown.
const MOST_PLACES: usize = 5;

/// The faults of a text, in order; none if and only if the text is JSON.
pub(crate) fn faults(text: &str, context: &Context) -> Vec<Diagnostic> {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        context,
        at: 0,
        before: 0,
        comma: 0,
        opens: Vec::new(),
        expect: Expect::Value,
        faults: Vec::new(),
        given_up: false,
    };
    scanner.run();
    scanner.faults
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// A value.
    Value,
    /// A value, or the end of the array that has just begun.
    ValueOrClose,
    /// A key.
    Key,
    /// A key, or the end of the object that has just begun.
    KeyOrClose,
    /// The colon after a key.
    Colon,
    /// A comma, or the end of what is open.
    CommaOrClose,
    /// Nothing: the frame is complete.
    End,
}

/// A bracket that is not closed yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    at: usize,
    object: bool,
}

impl Open {
    const fn closer(self) -> char {
        if self.object { '}' } else { ']' }
    }
}

#[derive(Debug)]
struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    context: &'a Context,
    at: usize,
    /// Where the last value or bracket ended.
    before: usize,
    /// Where the last comma stands.
    comma: usize,
    opens: Vec<Open>,
    expect: Expect,
    faults: Vec<Diagnostic>,
    given_up: bool,
}

impl<'a> Scanner<'a> {
    fn run(&mut self) {
        if self.text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
            let empty = self.fault(&structure::EMPTY_TEXT, 0..self.text.len(), "no text at all");
            return self.report(empty.help("send a frame; a heartbeat keeps the connection open"));
        }
        self.byte_order_mark();
        if self.quoted_as_a_whole() || self.nothing_like_json() {
            return;
        }
        while !self.given_up && self.faults.len() < MOST {
            self.skip_blanks();
            match self.peek() {
                Some(byte) if self.expect == Expect::End => self.text_after(byte),
                Some(byte) => self.token(byte),
                None if self.expect == Expect::End => return,
                None => return self.ends_too_early(),
            }
        }
    }

    fn token(&mut self, byte: u8) {
        match (self.expect, byte) {
            (_, 0x80..) if self.wide_separator() => {}
            (Expect::Value | Expect::ValueOrClose, _) => self.value(byte),
            (Expect::Key | Expect::KeyOrClose, _) => self.key(byte),
            (Expect::Colon, b':') => {
                self.at += 1;
                self.expect = Expect::Value;
            }
            (Expect::Colon, _) => self.no_colon(byte),
            (Expect::CommaOrClose | Expect::End, _) => self.after_value(byte),
        }
    }

    fn value(&mut self, byte: u8) {
        match byte {
            b'[' | b'{' => self.open(byte == b'{'),
            b'"' => self.string(),
            b']' | b'}' => self.close(byte),
            b',' => self.comma_for_value(),
            b'\\' => self.escaped_outside(),
            b'-' | b'+' | b'.' | b'0'..=b'9' => self.number(),
            _ if self.at_other_quote() => self.quoted_otherwise(),
            _ if self.at_word() => self.word(),
            _ => self.unexpected(),
        }
    }

    fn key(&mut self, byte: u8) {
        match byte {
            b'"' => self.string(),
            b']' | b'}' => self.close(byte),
            b',' => self.comma_for_value(),
            b'\\' => self.escaped_outside(),
            _ if self.at_other_quote() => self.quoted_otherwise(),
            _ if self.at_word() || byte.is_ascii_digit() => self.bare_key(),
            _ => self.unexpected(),
        }
    }

    fn after_value(&mut self, byte: u8) {
        match byte {
            b',' => {
                self.comma = self.at;
                self.at += 1;
                self.expect = if self.in_object() { Expect::Key } else { Expect::Value };
            }
            b']' | b'}' => self.close(byte),
            b'\\' => self.escaped_outside(),
            b'[' | b'{' | b'"' | b'-' | b'0'..=b'9' => self.no_comma(),
            _ if self.at_word() || self.at_other_quote() => self.no_comma(),
            _ => self.unexpected(),
        }
    }

    fn unexpected(&mut self) {
        let span = self.char_span();
        let found = self.rest().chars().next().unwrap_or_default();
        self.at = span.end;
        if found == '\0' {
            return self.nul(span);
        }
        let fault = self.fault(
            &structure::UNEXPECTED_CHARACTER,
            span,
            format!("expected {}, found {found:?}", self.expected()),
        );
        self.report(fault.help("remove it"));
    }

    fn expected(&self) -> &'static str {
        match self.expect {
            Expect::Value => "a value",
            Expect::ValueOrClose => "a value or a closing bracket",
            Expect::Key => "a key in quotes",
            Expect::KeyOrClose => "a key in quotes, or a closing bracket",
            Expect::Colon => "a colon",
            Expect::CommaOrClose => "a comma or a closing bracket",
            Expect::End => "the end of the message",
        }
    }

    // Small parts that all of the scanner uses.

    fn fault(&self, code: &'static Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, self.context, span, message)
    }

    /// Reports a fault. A habit, such as single quotes everywhere, is one fault with many places.
    fn report(&mut self, fault: Diagnostic) {
        let habit = HABITS.contains(&fault.code);
        match self.faults.iter_mut().find(|earlier| habit && earlier.code == fault.code) {
            Some(earlier) => {
                if earlier.labels.len() < MOST_PLACES {
                    earlier.labels.push(Label { span: fault.span, text: "and here".to_owned() });
                }
                earlier.edits.extend(fault.edits);
            }
            None => self.faults.push(fault),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn char_span(&self) -> Span {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        self.at..self.at + length
    }

    fn in_object(&self) -> bool {
        self.opens.last().is_some_and(|open| open.object)
    }

    /// A value is complete: what may come next depends on what is open.
    fn value_done(&mut self) {
        self.before = self.at;
        self.expect = match (self.expect, self.opens.is_empty()) {
            (Expect::Key | Expect::KeyOrClose, _) => Expect::Colon,
            (_, true) => Expect::End,
            (_, false) => Expect::CommaOrClose,
        };
    }
}
