//! Commas and colons that are missing, or too many.

use super::super::catalogue::structure;
use super::{Expect, Scanner};

impl Scanner<'_> {
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
