//! What follows the frame: a second one, a terminator, anything else.

use super::super::catalogue::{characters, structure};
use super::super::report::Span;
use super::Scanner;

impl Scanner<'_> {
    pub(super) fn text_after(&mut self, byte: u8) {
        let rest = self.rest();
        let span = self.at..self.text.len();
        self.given_up = true;
        if rest.chars().all(|c| c == '\0') {
            return self.nul(span);
        }
        let next = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        let fault = self.fault(
            &structure::TEXT_AFTER_FRAME,
            span.clone(),
            match next.starts_with(['[', '{']) {
                true => "a second frame in the same message",
                false => "expected the end of the message, found more text",
            },
        );
        let fault = fault.label(0..self.before, "the first value is complete here");
        self.report(if matches!(rest.trim(), ";" | ",") {
            fault.help("remove it").edit(span, "")
        } else if byte == b'\\' && is_written_blank(rest) {
            fault
                .help("outside of a string this is a backslash and a letter, and no line break: remove it")
                .edit(span, "")
        } else if next.starts_with('[') {
            fault.help("send each frame as a message of its own")
        } else {
            fault.help("remove what follows the frame, or look for a bracket that closes too early")
        });
    }

    pub(super) fn nul(&mut self, span: Span) {
        let fault = self.fault(&characters::NUL, span.clone(), "a NUL character");
        self.report(if span.end == self.text.len() {
            fault.help("leave the terminator of the C string out of the length").edit(span, "")
        } else {
            fault.help("remove it")
        });
    }
}

/// Whether a text is nothing but white space and what programmers write for it: `\n`.
fn is_written_blank(mut text: &str) -> bool {
    while let Some(rest) = text.strip_prefix("\\n").or_else(|| text.strip_prefix("\\r")) {
        text = rest.trim_start();
    }
    text.is_empty()
}
