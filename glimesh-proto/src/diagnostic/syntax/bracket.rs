//! Brackets: opened, closed, of the wrong kind, and never closed.

use super::super::catalogue::structure;
use super::{Expect, Open, Scanner};

/// At most this many closing brackets are added for somebody who forgot them.
const MOST_ADDED: usize = 8;

impl Scanner<'_> {
    pub(super) fn open(&mut self, object: bool) {
        self.opens.push(Open { at: self.at, object });
        self.at += 1;
        self.before = self.at;
        self.expect = if object { Expect::KeyOrClose } else { Expect::ValueOrClose };
    }

    pub(super) fn close(&mut self, byte: u8) {
        if self.opens.is_empty() {
            return self.unexpected();
        }
        match self.expect {
            Expect::Key => self.trailing_comma(),
            Expect::Value if self.in_object() => self.no_value(),
            Expect::Value => self.trailing_comma(),
            _ => {}
        }
        self.match_open(byte == b'}');
        self.at += 1;
        self.expect = Expect::CommaOrClose;
        self.value_done();
    }

    fn trailing_comma(&mut self) {
        let comma = self.comma..self.comma + 1;
        let fault = self
            .fault(&structure::TRAILING_COMMA, comma.clone(), "a comma before a closing bracket")
            .help("remove the comma")
            .edit(comma, "");
        // The comma may have been reported already, as one too many.
        if self.bytes.get(self.comma) == Some(&b',') && !self.is_reported(&fault.span) {
            self.report(fault);
        }
    }

    fn no_value(&mut self) {
        let fault = self
            .fault(&structure::MISSING_VALUE, self.char_span(), "expected a value, found a bracket")
            .help("give the key a value, or leave it out");
        self.report(fault);
    }

    fn is_reported(&self, span: &std::ops::Range<usize>) -> bool {
        self.faults.iter().any(|fault| fault.span == *span)
    }

    /// Closes the innermost bracket, or says why this closer does not.
    fn match_open(&mut self, object: bool) {
        let Some(open) = self.opens.pop() else { return };
        if open.object == object {
            return;
        }
        let span = self.char_span();
        let expected = open.closer();
        let found = &self.text[span.clone()];
        let fault = self
            .fault(
                &structure::MISMATCHED_BRACKET,
                span.clone(),
                format!("expected {expected}, found {found}"),
            )
            .label(open.at..open.at + 1, "this bracket is open");
        // If the bracket around is of the found kind, the inner one was forgotten; else it is the wrong one.
        let forgotten =
            self.opens.last().is_some_and(|outer| outer.object == object) && !self.closes_again();
        let fault = if forgotten {
            self.opens.pop();
            fault.edit(span.start..span.start, expected)
        } else {
            fault.edit(span, expected)
        };
        self.report(fault.help(format!("close the bracket with {expected}")));
    }

    /// Whether as many closers follow as there are brackets open, so that none was forgotten.
    fn closes_again(&self) -> bool {
        let closers = self.bytes[self.at + 1..]
            .iter()
            .filter(|byte| !b" \t\r\n".contains(byte))
            .take_while(|byte| b"]}".contains(byte))
            .take(self.opens.len())
            .count();
        closers >= self.opens.len()
    }

    pub(super) fn ends_too_early(&mut self) {
        let end = self.text.len();
        let message = format!("expected {}, found the end of the text", self.expected());
        let mut fault = self.fault(&structure::UNCLOSED_BRACKET, end..end, message);
        for open in self.opens.iter().rev().take(3) {
            fault = fault.label(open.at..open.at + 1, "this bracket is never closed");
        }
        let complete =
            matches!(self.expect, Expect::CommaOrClose | Expect::ValueOrClose | Expect::KeyOrClose);
        if complete && self.opens.len() <= MOST_ADDED {
            let closers: String = self.opens.iter().rev().map(|open| open.closer()).collect();
            fault = fault.help(format!("add {closers} at the end")).edit(end..end, closers);
        } else {
            fault = fault.help("the text is cut off: send the whole frame as one message");
        }
        self.report(fault);
    }
}
