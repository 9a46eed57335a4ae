//! Strings: their ends, their escapes, and other languages' quotes.

use super::super::catalogue::{characters, words};
use super::super::report::{Diagnostic, Span};
use super::blank::is_foreign;
use super::separator::is_wide;
use super::{Expect, Scanner};

/// How far a key is looked for when it is asked whether a quote ends a string.
const LONGEST_KEY: usize = 80;

impl Scanner<'_> {
    /// The scanner stands at a double quote.
    pub(super) fn string(&mut self) {
        let start = self.at;
        let Some(end) = self.closing_quote(start + 1) else { return self.unclosed(start) };
        self.at = end + 1;
        if !self.string_may_end(self.at) {
            return self.ended_too_early(start, end);
        }
        self.contents(start + 1..end);
        self.value_done();
    }

    /// The next double quote without a backslash.
    fn closing_quote(&self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            match self.bytes.get(at)? {
                b'"' => return Some(at),
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
    }

    fn skip_plain_blanks(&self, at: usize) -> usize {
        let blanks = self.bytes[at.min(self.bytes.len())..]
            .iter()
            .take_while(|byte| b" \t\r\n".contains(byte))
            .count();
        at + blanks
    }

    /// Whether what follows a string's end may follow it; other faults than a quote's are left to others.
    fn string_may_end(&self, at: usize) -> bool {
        let next = self.skip_plain_blanks(at);
        match self.bytes.get(next) {
            Some(b',') if self.is_member_value() => self.member_may_follow(next + 1),
            None | Some(b',' | b']' | b'}' | b':' | b'=' | b'/' | b'#' | 0) => true,
            // Two strings side by side: a comma is missing, unless the quote belongs to a longer string.
            Some(b'"') => !self.is_member_value() || self.is_key(next),
            Some(b'[' | b'{') if !self.in_object() => true,
            Some(0x80..) if self.text[next..].starts_with(|c| is_foreign(c) || is_wide(c)) => true,
            Some(_) => self.opens.is_empty(),
        }
    }

    fn is_member_value(&self) -> bool {
        self.in_object() && self.expect == Expect::Value
    }

    /// Whether what follows a comma can be an object's next member, or a fault that is not a quote's.
    fn member_may_follow(&self, at: usize) -> bool {
        let next = self.skip_plain_blanks(at);
        let rest = &self.text[next.min(self.text.len())..];
        let word = rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        match rest.as_bytes().first() {
            Some(byte) if byte.is_ascii_alphabetic() => word.trim_start().starts_with(':'),
            Some(0x80..) => rest.starts_with(is_foreign),
            Some(byte) => !byte.is_ascii_digit(),
            None => true,
        }
    }

    /// Whether a quoted key with its colon stands here.
    fn is_key(&self, quote: usize) -> bool {
        let limit = (quote + LONGEST_KEY).min(self.bytes.len());
        let key = &self.bytes[(quote + 1).min(limit)..limit];
        key.iter().position(|byte| *byte == b'"').is_some_and(|length| {
            let after = self.skip_plain_blanks(quote + length + 2);
            self.bytes.get(after) == Some(&b':')
        })
    }

    fn ended_too_early(&mut self, start: usize, quote: usize) {
        let before = self.bytes[start + 1..quote].iter().rposition(|byte| !b" \t".contains(byte));
        let comma = before.map(|offset| start + 1 + offset).filter(|at| self.bytes[*at] == b',');
        if let (Some(comma), false) = (comma, self.in_object()) {
            return self.lost_quote(start, comma);
        }
        let Some((end, inner)) = self.plausible_end(quote) else {
            let fault = self.unescaped(start, quote);
            self.given_up = true;
            return self.report(fault);
        };
        let mut fault = self.unescaped(start, quote);
        for at in inner {
            fault = fault.edit(at..at, "\\");
        }
        let fault = fault.label(end..end + 1, "the string probably ends here");
        self.report(fault);
        self.contents(start + 1..end);
        self.at = end + 1;
        self.value_done();
    }

    fn unescaped(&self, start: usize, quote: usize) -> Diagnostic {
        self.fault(
            &words::UNESCAPED_QUOTE,
            quote..quote + 1,
            "this quote ends the string too early: it lacks its backslash",
        )
        .label(start..start + 1, "the string probably begins here")
        .help(r#"write \" for each quote inside the string, or hand the text over in variables"#)
    }

    /// `"1,"topic"`: the first string's closing quote was forgotten before the comma.
    fn lost_quote(&mut self, start: usize, comma: usize) {
        let fault = self
            .fault(&words::UNCLOSED_STRING, start..start + 1, "this string is not closed")
            .label(comma..comma, "a quote is probably missing here")
            .help("add the closing quote")
            .edit(comma..comma, "\"");
        self.report(fault);
        self.at = comma;
        self.value_done();
    }

    /// The quote at which a string that holds unescaped quotes seems to end, and those quotes.
    ///
    /// A quote ends the string if the rest goes on as JSON does: closers that fit what is open, then a comma and
    /// another key or value, or the end of the text.
    fn plausible_end(&self, first: usize) -> Option<(usize, Vec<usize>)> {
        let mut inner = vec![first];
        let mut at = first + 1;
        loop {
            let quote = self.closing_quote(at)?;
            if self.goes_on_as_json(quote + 1) {
                return Some((quote, inner));
            }
            inner.push(quote);
            at = quote + 1;
        }
    }

    fn goes_on_as_json(&self, from: usize) -> bool {
        let mut at = self.skip_plain_blanks(from);
        let mut open = self.opens.len();
        while let Some(byte @ (b']' | b'}')) = self.bytes.get(at) {
            if open == 0 || self.opens[open - 1].object != (*byte == b'}') {
                return false;
            }
            open -= 1;
            at = self.skip_plain_blanks(at + 1);
        }
        match self.bytes.get(at) {
            None => true,
            Some(b',') if open > 0 => {
                let next = self.skip_plain_blanks(at + 1);
                if self.opens[open - 1].object {
                    self.bytes.get(next) == Some(&b'"') && self.is_key(next)
                } else {
                    matches!(
                        self.bytes.get(next),
                        Some(b'"' | b'{' | b'[' | b'-' | b'0'..=b'9' | b'n')
                    )
                }
            }
            Some(_) => false,
        }
    }

    fn unclosed(&mut self, start: usize) {
        self.given_up = true;
        let fault = self
            .fault(&words::UNCLOSED_STRING, start..start + 1, "this string is never closed")
            .label(self.text.len()..self.text.len(), "the text ends inside the string")
            .help("add the closing quote, or remove the backslash before it");
        self.report(fault);
    }

    /// Looks at the inside of a string: control characters and escapes.
    fn contents(&mut self, span: Span) {
        let mut controls: Option<Diagnostic> = None;
        let mut at = span.start;
        while at < span.end && self.faults.len() < super::MOST {
            match self.bytes[at] {
                b'\\' => at += self.escape(at, span.end),
                byte if byte < 0x20 => {
                    let fault = controls.take().unwrap_or_else(|| self.control(at, byte));
                    controls = Some(match byte {
                        0 => fault,
                        _ => fault.edit(at..at + 1, escaped(byte)),
                    });
                    at += 1;
                }
                _ => at += 1,
            }
        }
        self.faults.extend(controls);
    }

    fn control(&self, at: usize, byte: u8) -> Diagnostic {
        let span = at..at + 1;
        if byte == 0 {
            let fault = self.fault(&characters::NUL, span, "a NUL character inside a string");
            return fault.help("remove it; where it is meant, write \\u0000");
        }
        let name = match byte {
            b'\n' => "line break".to_owned(),
            b'\t' => "tab".to_owned(),
            b'\r' => "carriage return".to_owned(),
            _ => format!("control character U+{byte:04X}"),
        };
        self.fault(&characters::CONTROL_CHARACTER, span, format!("a raw {name} inside a string"))
            .help(format!("write {} in its place", escaped(byte)))
    }

    /// Looks at the escape that begins at `at`; returns its length.
    fn escape(&mut self, at: usize, end: usize) -> usize {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => self.unicode_escape(at, end),
            _ => {
                let length = self.text[at + 1..end].chars().next().map_or(0, char::len_utf8);
                let span = at..at + 1 + length;
                let shown = self.text[span.clone()].to_owned();
                let hex = self.text.get(at + 2..at + 4).filter(|pair| is_hex(pair));
                let fault = self.fault(
                    &characters::BAD_ESCAPE,
                    span.clone(),
                    format!("JSON has no escape {shown}"),
                );
                let fault = match (self.bytes.get(at + 1), hex) {
                    (Some(b'\''), _) => fault.help("write ' without a backslash").edit(span, "'"),
                    (Some(b'x'), Some(hex)) => {
                        let right = format!("\\u00{hex}");
                        fault.help(format!("write {right}")).edit(at..at + 4, right)
                    }
                    _ => fault.help(r"write \\ for a backslash, or remove it"),
                };
                self.report(fault);
                1 + length
            }
        }
    }

    fn unicode_escape(&mut self, at: usize, end: usize) -> usize {
        let unit = |at: usize| {
            let digits = self.text.get(at + 2..at + 6).filter(|_| at + 6 <= end)?;
            let escapes = self.text.get(at..)?.starts_with("\\u") && is_hex(digits);
            escapes.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
        };
        match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(half @ 0xd800..=0xdfff), _) => {
                let which = if half < 0xdc00 { "first" } else { "second" };
                let fault = self.fault(
                    &characters::LONE_SURROGATE,
                    at..at + 6,
                    format!("the {which} half of a surrogate pair, without the other"),
                );
                self.report(fault.help("write both halves, or the character itself"));
                6
            }
            (Some(_), _) => 6,
            (None, _) => {
                let digits =
                    self.text[at + 2..end].bytes().take(4).take_while(u8::is_ascii_hexdigit);
                let length = 2 + digits.count();
                let fault = self.fault(
                    &characters::SHORT_UNICODE_ESCAPE,
                    at..at + length,
                    format!("expected four hexadecimal digits, found {}", length - 2),
                );
                self.report(fault.help("write \\u and four hexadecimal digits"));
                length
            }
        }
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn escaped(byte: u8) -> String {
    match byte {
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        _ => format!("\\u{byte:04x}"),
    }
}
