//! Lines and columns of the input.

use std::cell::OnceCell;
use std::ops::Range;

use super::escaped::Unescaped;
use super::event::Origin;
use super::finding::{Subject, SubjectKind};
use super::input::{Input, InputKind};

/// Finds places in an input.
pub struct Places<'a> {
    input: &'a Input,
    /// Where each line begins.
    starts: OnceCell<Vec<usize>>,
}

impl<'a> Places<'a> {
    /// Places in this input.
    pub const fn new(input: &'a Input) -> Self {
        Self { input, starts: OnceCell::new() }
    }

    /// Whether a person finds a message by line and column; in a HAR or a capture, it is found by its number.
    pub const fn are_lines(&self) -> bool {
        matches!(
            self.input.kind,
            InputKind::Frame
                | InputKind::Frames
                | InputKind::Log
                | InputKind::Url
                | InputKind::Transcript
        )
    }

    /// Which bytes of the input a part of a subject is; `None` where it does not stand there as text.
    pub(super) fn of(&self, subject: &Subject, span: &Range<usize>) -> Option<Range<usize>> {
        match subject.origin {
            _ if matches!(subject.kind, SubjectKind::Bytes(_)) => {
                let Origin::Plain(offset) = subject.origin else { return None };
                Some(offset + span.start / 3..offset + span.end.div_ceil(3))
            }
            Origin::Plain(offset) => Some(offset + span.start..offset + span.end),
            Origin::Escaped(offset) => {
                let rest = self.input.bytes.get(offset..)?;
                let text = std::str::from_utf8(&rest[..end_of_string(rest)]).ok()?;
                let read = Unescaped::read(text)?;
                let within = read.origin(span);
                Some(offset + within.start..offset + within.end)
            }
            Origin::Encoded(_) | Origin::Packet(_) => None,
        }
    }

    /// The line and the column of a byte, both counted from 1; columns count characters.
    pub fn line_and_column(&self, at: usize) -> (usize, usize) {
        let bytes = &self.input.bytes;
        let starts = self.starts.get_or_init(|| {
            let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect()
        });
        let at = at.min(bytes.len());
        let line = starts.partition_point(|start| *start <= at).max(1);
        let start = starts.get(line - 1).copied().unwrap_or_default();
        let column = String::from_utf8_lossy(&bytes[start..at]).chars().count() + 1;
        (line, column)
    }
}

/// Where the JSON string ends whose inside the text begins with.
fn end_of_string(text: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'"' if !escaped => return at,
            _ => escaped = *byte == b'\\' && !escaped,
        }
    }
    text.len()
}
