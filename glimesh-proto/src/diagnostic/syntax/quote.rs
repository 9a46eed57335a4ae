//! Strings in other quotes than JSON's, and frames that were quoted or escaped as a whole.

use super::super::catalogue::words;
use super::Scanner;

/// The quotes that may close what they open.
const QUOTES: [(char, &[char]); 5] = [
    ('\'', &['\'']),
    ('`', &['`']),
    ('“', &['”', '“', '"']),
    ('”', &['”', '"']),
    ('‘', &['’', '‘']),
];

impl Scanner<'_> {
    pub(super) fn at_other_quote(&self) -> bool {
        self.rest().starts_with(QUOTES.map(|(quote, _)| quote))
    }

    /// `'…'` in the place of a string.
    pub(super) fn quoted_otherwise(&mut self) {
        let start = self.at;
        let Some((open, closers)) =
            QUOTES.into_iter().find(|(quote, _)| self.rest().starts_with(*quote))
        else {
            return;
        };
        let inside = start + open.len_utf8();
        let close = self.text[inside..]
            .match_indices(closers)
            .map(|(offset, close)| (inside + offset, inside + offset + close.len()))
            .find(|(at, end)| self.bytes[at - 1] != b'\\' && self.may_follow_string(*end));
        let straight = matches!(open, '\'' | '`');
        let code = if straight { &words::SINGLE_QUOTES } else { &words::CURLY_QUOTES };
        let Some((at, end)) = close else {
            let message = format!("a string in {open}, which never ends");
            let fault = self.fault(code, start..inside, message);
            self.given_up = true;
            return self.report(fault.help("JSON's strings stand in double quotes"));
        };
        let right = requoted(&self.text[inside..at]);
        let message = format!("a string in {open}, where JSON has \"");
        let fault = self
            .fault(code, start..end, message)
            .help("JSON's strings stand in double quotes")
            .edit(start..end, right);
        self.report(fault);
        self.at = end;
        self.value_done();
    }

    fn may_follow_string(&self, at: usize) -> bool {
        let rest = self.text[at..].trim_start_matches([' ', '\t', '\r', '\n']);
        rest.is_empty() || rest.starts_with([',', ':', ']', '}'])
    }

    /// The program's own quotes were sent along: `'["1",…]'`.
    pub(super) fn quoted_as_a_whole(&mut self) -> bool {
        let text = self.text.trim();
        let inside = ['\'', '`', '"'].iter().find_map(|quote| {
            text.strip_prefix(*quote)?.strip_suffix(*quote).filter(|inside| inside.starts_with('['))
        });
        // A proper string that holds a frame is JSON, and another's fault.
        let Some(inside) = inside.filter(|inside| {
            !text.starts_with('"') || inside.trim_start_matches(['[', ' ']).starts_with('"')
        }) else {
            return false;
        };
        let start = self.text.len() - self.text.trim_start().len();
        let end = start + text.len();
        let double = text.starts_with('"');
        let code = if double { &words::UNESCAPED_QUOTE } else { &words::SINGLE_QUOTES };
        let fault = self
            .fault(code, start..start + 1, "the whole frame stands in quotes")
            .label(end - 1..end, "up to here")
            .help("send what is between the quotes; they belong to the program or the shell")
            .edit(0..self.text.len(), inside);
        self.report(fault);
        true
    }

    /// `[\"1\",…]`: one level of escapes too many in the whole text.
    pub(super) fn escaped_outside(&mut self) {
        let span = self.at..self.at + 1;
        self.given_up = true;
        let fault =
            self.fault(&words::ESCAPED_OUTSIDE, span, "a backslash outside of any string").help(
                "the quotes of the frame itself have no backslash, only those inside its strings",
            );
        let first = self.faults.is_empty() && self.rest().starts_with("\\\"");
        self.report(if first {
            fault.edit(0..self.text.len(), without_one_level(self.text))
        } else {
            fault
        });
    }
}

/// The inside of a string in other quotes, as a JSON string.
fn requoted(inside: &str) -> String {
    let mut right = String::with_capacity(inside.len() + 2);
    right.push('"');
    let mut escaped = false;
    for c in inside.chars() {
        match c {
            '\'' | '`' if escaped => drop(right.pop()),
            '"' if !escaped => right.push('\\'),
            _ => {}
        }
        right.push(c);
        escaped = c == '\\' && !escaped;
    }
    right.push('"');
    right
}

fn without_one_level(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('"' | '\\')) => plain.extend(chars.next()),
            _ => plain.push(c),
        }
    }
    plain
}
