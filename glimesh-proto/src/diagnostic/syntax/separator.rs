//! Commas and colons that are missing, or too many.

use super::super::catalogue::structure;
use super::{Expect, Scanner};

/// What an input method for Chinese or Japanese writes for a comma and a colon.
const WIDE: [(char, u8); 3] = [('\u{ff0c}', b','), ('\u{3001}', b','), ('\u{ff1a}', b':')];

/// Whether it is a comma or a colon in another script.
pub(super) fn is_wide(c: char) -> bool {
    WIDE.iter().any(|(wide, _)| *wide == c)
}

impl Scanner<'_> {
    /// Takes a comma or a colon of another script for ours, where ours may come.
    pub(super) fn wide_separator(&mut self) -> bool {
        let found = self.rest().chars().next();
        let Some((wide, plain)) = WIDE.into_iter().find(|(wide, _)| Some(*wide) == found) else {
            return false;
        };
        let expect = match (self.expect, plain) {
            (Expect::Colon, b':') => Expect::Value,
            (Expect::CommaOrClose, b',') if self.in_object() => Expect::Key,
            (Expect::CommaOrClose, b',') => Expect::Value,
            _ => return false,
        };
        let (span, plain) = (self.char_span(), char::from(plain));
        let message = format!("expected {}, found '{wide}'", self.expected());
        let fault = self.fault(&structure::UNEXPECTED_CHARACTER, span.clone(), message);
        let help = if plain == ',' { "write an ASCII comma" } else { "write an ASCII colon" };
        self.report(fault.help(help).edit(span.clone(), plain.to_string()));
        self.at = span.end;
        self.expect = expect;
        true
    }

    pub(super) fn no_comma(&mut self) {
        let fault = self
            .fault(
                &structure::MISSING_COMMA,
                self.char_span(),
                "expected a comma, found another value",
            )
            .help("put a comma between the two values")
            .edit(self.before..self.before, ",");
        self.report(fault);
        self.expect = if self.in_object() { Expect::Key } else { Expect::Value };
    }

    pub(super) fn no_colon(&mut self, byte: u8) {
        let start = self.at;
        if byte == b'=' {
            self.at += if self.rest().starts_with("=>") { 2 } else { 1 };
            let found = &self.text[start..self.at];
            let fault = self.fault(
                &structure::MISSING_COLON,
                start..self.at,
                format!("expected a colon, found {found}"),
            );
            self.report(
                fault.help("write a colon between key and value").edit(start..self.at, ":"),
            );
            self.expect = Expect::Value;
        } else if matches!(byte, b',' | b'}' | b']') {
            let fault = self
                .fault(&structure::MISSING_VALUE, self.char_span(), "expected a colon and a value")
                .label(self.before..self.before, "this key has no value")
                .help("give the key a value, or leave it out");
            self.report(fault);
            self.expect = Expect::CommaOrClose;
        } else {
            let fault = self
                .fault(
                    &structure::MISSING_COLON,
                    self.char_span(),
                    "expected a colon after the key",
                )
                .help("write a colon between key and value")
                .edit(self.before..self.before, ":");
            self.report(fault);
            self.expect = Expect::Value;
        }
    }

    pub(super) fn comma_for_value(&mut self) {
        let span = self.char_span();
        let after_colon = self.expect == Expect::Value && self.in_object();
        let fault = if after_colon {
            self.fault(&structure::MISSING_VALUE, span, "expected a value, found a comma")
                .help("give the key a value, or leave it out")
        } else {
            self.fault(&structure::EXTRA_COMMA, span.clone(), "expected a value, found a comma")
                .help("remove the comma, or write null for the value that is left out")
                .edit(span, "")
        };
        self.at += 1;
        self.report(fault);
        if self.in_object() {
            self.expect = Expect::Key;
        }
    }
}
