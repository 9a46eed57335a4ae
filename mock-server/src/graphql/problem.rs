//! What is wrong with a document, as the wire shows it.
//!
//! Shape: `{"locations":[{"column":9,"line":1}],"message":TEXT}`, locations only when there are some.

use apollo_compiler::parser::SourceSpan;
use serde_json::{Map, Value, json};

/// One error. Places are byte offsets into the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    places: Vec<usize>,
    message: String,
    /// What was probably meant, where the server does not say it.
    meant: String,
}

impl Problem {
    pub(super) fn nowhere(message: impl Into<String>) -> Self {
        Self { places: Vec::new(), message: message.into(), meant: String::new() }
    }

    pub(super) fn at(place: usize, message: impl Into<String>) -> Self {
        Self { places: vec![place], message: message.into(), meant: String::new() }
    }

    pub(super) fn at_both(places: [usize; 2], message: impl Into<String>) -> Self {
        Self { places: places.into(), message: message.into(), meant: String::new() }
    }

    /// Adds what was probably meant, in the form of [`did_you_mean`](super::suggest::did_you_mean). It is not on the
    /// wire.
    pub(super) fn meaning(mut self, meant: String) -> Self {
        self.meant = meant;
        self
    }

    /// What was probably meant, where the server does not say it.
    pub(super) fn meant(&self) -> &str {
        &self.meant
    }

    /// What the server says.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Where it is first of all.
    pub(super) fn place(&self) -> Option<usize> {
        self.places.first().copied()
    }

    /// With a path, it is a resolver's error.
    pub(super) fn to_value(&self, lines: &Lines<'_>, path: Option<Value>) -> Value {
        let mut error = Map::new();
        if !self.places.is_empty() {
            let locations = self.places.iter().map(|place| lines.location(*place));
            error.insert("locations".to_owned(), locations.collect());
        }
        error.insert("message".to_owned(), Value::String(self.message.clone()));
        error.extend(path.map(|path| ("path".to_owned(), path)));
        Value::Object(error)
    }
}

/// The byte at which something of the document begins.
pub(super) fn start(span: Option<SourceSpan>) -> usize {
    span.map_or(0, |span| span.offset())
}

/// Finds lines and columns, both from 1. Columns count characters, and a tab is one.
///
/// Source: recordings `doc/x_tab_pos`, `doc/x_unicode_pos`, `doc/x_multi_line_pos`.
pub(super) struct Lines<'a> {
    text: &'a str,
    /// Line and column of every [`STEP`]-th byte, so that no search is long, however many errors there are.
    marks: Vec<(usize, usize)>,
}

const STEP: usize = 1024;

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut marks = vec![(1, 1)];
        while let Some(bytes) = text.as_bytes().get((marks.len() - 1) * STEP..marks.len() * STEP) {
            marks.push(advance(marks[marks.len() - 1], bytes));
        }
        Self { text, marks }
    }

    fn location(&self, place: usize) -> Value {
        let mark = place / STEP;
        let bytes = self.text.as_bytes().get(mark * STEP..place).unwrap_or_default();
        let (line, column) = advance(self.marks.get(mark).copied().unwrap_or((1, 1)), bytes);
        json!({"column": column, "line": line})
    }
}

fn advance(from: (usize, usize), bytes: &[u8]) -> (usize, usize) {
    bytes.iter().fold(from, |(line, column), byte| match byte {
        b'\n' => (line + 1, 1),
        // Only the first byte of a character counts.
        0x80..=0xbf => (line, column),
        _ => (line, column + 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_on_long_lines_too() {
        let text = format!("a\n{}é{}b", " ".repeat(2000), " ".repeat(2000));
        let lines = Lines::new(&text);
        assert_eq!(lines.location(0), json!({"column": 1, "line": 1}));
        assert_eq!(lines.location(2), json!({"column": 1, "line": 2}));
        assert_eq!(lines.location(text.len() - 1), json!({"column": 4002, "line": 2}));
    }
}
