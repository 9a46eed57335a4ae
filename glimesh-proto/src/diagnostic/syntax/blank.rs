//! What stands between the tokens: blanks, comments, and what is taken for blanks.

use super::super::catalogue::{characters, structure};
use super::Scanner;

/// Blanks elsewhere, but not in JSON. Source: RFC 8259, section 2.
const FOREIGN: [char; 12] = [
    '\u{b}', '\u{c}', '\u{85}', '\u{a0}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2028}',
    '\u{2029}', '\u{202f}', '\u{2060}', '\u{3000}',
];
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Whether it is a blank elsewhere, but not in JSON.
pub(super) fn is_foreign(c: char) -> bool {
    FOREIGN.contains(&c) || c == BYTE_ORDER_MARK
}

impl Scanner<'_> {
    pub(super) fn byte_order_mark(&mut self) {
        if self.text.starts_with(BYTE_ORDER_MARK) {
            let span = self.char_span();
            self.at = span.end;
            let fault = self
                .fault(
                    &characters::BYTE_ORDER_MARK,
                    span.clone(),
                    "a byte order mark before the frame",
                )
                .help("encode the text as UTF-8 without a byte order mark")
                .edit(span, "");
            self.report(fault);
        }
    }

    pub(super) fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'/' | b'#' if self.comment() => {}
                0x0b | 0x0c | 0x80.. if self.foreign_blank() => {}
                _ => return,
            }
        }
    }

    fn foreign_blank(&mut self) -> bool {
        let length = self.rest().find(|c| !is_foreign(c));
        let span = self.at..self.at + length.unwrap_or_else(|| self.rest().len());
        let Some(first) = self.text[span.clone()].chars().next() else { return false };
        self.at = span.end;
        let message = format!("a blank that JSON does not know, U+{:04X}", u32::from(first));
        let fault = self.fault(&characters::FOREIGN_BLANK, span.clone(), message);
        self.report(fault.help("write a plain space, or nothing").edit(span, " "));
        true
    }

    /// Skips a comment of any language, if here is one.
    fn comment(&mut self) -> bool {
        let rest = self.rest();
        let length = if rest.starts_with("//") || rest.starts_with('#') {
            rest.find('\n').map_or(rest.len(), |end| end + 1)
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            return false;
        };
        let span = self.at..self.at + length;
        self.at = span.end;
        // A comment that runs to the end of the text may have swallowed the rest of the frame.
        let swallowed = span.end == self.text.len() && !self.opens.is_empty();
        let fault = self
            .fault(&structure::COMMENT, span.clone(), "a comment, which JSON does not have")
            .help("remove the comment");
        self.given_up = swallowed;
        self.report(if swallowed { fault } else { fault.edit(span, "") });
        true
    }
}
