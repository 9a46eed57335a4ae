//! What stands between the commas: strings, numbers, words and comments, good and bad.

use super::Patient;
use crate::scan::fault::SyntaxFault;
use crate::scan::number::number;
use crate::scan::token::{escape, string_run};
use crate::scan::{Element, Kind, Span};

impl Patient<'_> {
    pub(super) fn begins_value(&self, byte: u8) -> bool {
        match byte {
            b'"' | b'\'' | b'`' | b'[' | b'{' | b'-' | b'+' | b'_' | b'$' => true,
            b'.' => self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit),
            _ if byte.is_ascii() => byte.is_ascii_alphanumeric(),
            _ => self
                .first_char()
                .is_some_and(|first| closing_quotes(first).is_some() || first.is_alphabetic()),
        }
    }

    pub(super) fn first_char(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    pub(super) fn scalar(&mut self, byte: u8) -> Element {
        let start = self.at;
        let kind = match byte {
            b'"' => self.string(),
            b'0'..=b'9' | b'-' | b'+' | b'.' => self.number(),
            _ => match self.first_char().and_then(closing_quotes) {
                Some(closing) => self.other_string(byte, closing),
                None => self.word(),
            },
        };
        Element { kind, span: Span::new(start, self.at) }
    }

    fn string(&mut self) -> Kind {
        let start = self.at;
        self.at += 1;
        loop {
            self.at = string_run(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Kind::String;
                }
                Some(b'\\') => match escape(self.bytes, self.at) {
                    Ok(end) => self.at = end,
                    Err(bad) => {
                        self.error_at(bad.fault, Span::new(self.at, bad.end), bad.at);
                        self.at = bad.end;
                    }
                },
                Some(_) => {
                    self.error(SyntaxFault::ControlCharacter, Span::new(self.at, self.at + 1));
                    self.at += 1;
                }
                None => {
                    self.error(SyntaxFault::UnterminatedString, Span::new(start, self.at));
                    return Kind::String;
                }
            }
        }
    }

    /// A text in quotes that are none of JSON's.
    fn other_string(&mut self, byte: u8, closing: &[char]) -> Kind {
        let start = self.at;
        let mut escaped = true; // The opening quote does not close.
        let end = self.text[start..].char_indices().find(|&(_, found)| {
            let closes = !escaped && closing.contains(&found);
            escaped = !escaped && found == '\\';
            closes
        });
        let fault =
            if byte == b'\'' { SyntaxFault::SingleQuotes } else { SyntaxFault::OtherQuotes };
        self.at = end.map_or(self.bytes.len(), |(at, quote)| start + at + quote.len_utf8());
        self.error_at(fault, Span::new(start, self.at), start);
        if end.is_none() {
            let span = Span::new(start, self.at);
            self.error(SyntaxFault::UnterminatedString, span);
        }
        Kind::String
    }

    fn number(&mut self) -> Kind {
        let start = self.at;
        let belongs = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-._".contains(byte);
        let end = start + self.bytes[start..].iter().take_while(belongs).count();
        self.at = end;
        let (fault, at) = match number(self.bytes, start) {
            Ok(stop) if stop == end => return Kind::Number,
            Ok(stop) => (SyntaxFault::MalformedNumber, stop),
            Err(bad) => (bad.fault, bad.at),
        };
        let word = &self.text[start..end];
        self.error_at(number_fault(word).unwrap_or(fault), Span::new(start, end), at);
        Kind::Number
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        let in_array = self.open.last().is_some_and(|open| open.kind == Kind::Array);
        let mut chars = self.text[start..].char_indices().peekable();
        let mut end = start;
        while let Some((at, found)) = chars.next() {
            // A topic without its quotes is one word: `__absinthe__:control`.
            let inner_colon = in_array
                && found == ':'
                && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
            if !(found.is_alphanumeric() || "_$-.".contains(found) || inner_colon) {
                break;
            }
            end = start + at + found.len_utf8();
        }
        self.at = end;
        let word = &self.text[start..end];
        let literals = [("null", Kind::Null), ("true", Kind::Bool), ("false", Kind::Bool)];
        if let Some(&(_, kind)) = literals.iter().find(|(literal, _)| *literal == word) {
            return kind;
        }
        let same = |(literal, _): &(&str, _)| {
            literal.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count()
        };
        let same = literals.iter().map(same).max().unwrap_or_default();
        let fault = number_fault(word).unwrap_or(SyntaxFault::UnquotedWord);
        self.error_at(fault, Span::new(start, end), start + same);
        match (fault, word.to_ascii_lowercase().as_str()) {
            (SyntaxFault::NotFinite, _) => Kind::Number,
            (_, "null" | "nil" | "none" | "undefined") => Kind::Null,
            (_, "true" | "false") => Kind::Bool,
            _ => Kind::String,
        }
    }

    pub(super) fn comment(&mut self) {
        let start = self.at;
        let rest = &self.text[start + 2..];
        let length = if self.bytes[start + 1] == b'*' {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else {
            rest.find(['\n', '\r']).unwrap_or(rest.len())
        };
        self.at = start + 2 + length;
        self.error_at(SyntaxFault::Comment, Span::new(start, self.at), start);
    }
}

/// What a malformed number was meant to be, where that says more than the byte that broke it.
fn number_fault(word: &str) -> Option<SyntaxFault> {
    let unsigned = word.trim_start_matches(['+', '-']);
    let is = |name: &str| unsigned.eq_ignore_ascii_case(name);
    let hex = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X"));
    if is("nan") || is("infinity") || is("inf") {
        Some(SyntaxFault::NotFinite)
    } else if word.starts_with('+') {
        Some(SyntaxFault::PlusSign)
    } else if hex.is_some() {
        Some(SyntaxFault::HexNumber)
    } else if unsigned.starts_with('.') {
        Some(SyntaxFault::NoIntegerDigits)
    } else {
        None
    }
}

/// The quotes that may end what a quote begins, for all quotes but JSON's.
const fn closing_quotes(opening: char) -> Option<&'static [char]> {
    match opening {
        '\'' => Some(&['\'']),
        '`' => Some(&['`', '\'']),
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => Some(&['\u{2018}', '\u{2019}']),
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' => Some(&['\u{201c}', '\u{201d}']),
        '\u{ab}' => Some(&['\u{bb}']),
        '\u{bb}' => Some(&['\u{ab}']),
        _ => None,
    }
}
