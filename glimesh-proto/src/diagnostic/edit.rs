//! Small replacements in a text, and the way back from the mended text to the original.

use super::report::Span;

/// Replaces a range by a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) span: Span,
    pub(crate) replacement: String,
}

/// A text after its edits.
#[derive(Debug)]
pub(crate) struct Mended {
    pub(crate) text: String,
    /// For each edit: its place in the mended text, and the place it came from.
    moves: Vec<(Span, Span)>,
}

impl Mended {
    /// Applies the edits; `None` if two of them overlap.
    pub(crate) fn new<'a>(text: &str, edits: impl Iterator<Item = &'a Edit>) -> Option<Self> {
        let mut edits: Vec<&Edit> = edits.collect();
        edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        let mut mended = String::with_capacity(text.len());
        let mut moves = Vec::with_capacity(edits.len());
        let mut at = 0;
        for edit in edits {
            mended.push_str(text.get(at..edit.span.start)?);
            let start = mended.len();
            mended.push_str(&edit.replacement);
            moves.push((start..mended.len(), edit.span.clone()));
            at = edit.span.end;
        }
        mended.push_str(text.get(at..)?);
        Some(Self { text: mended, moves })
    }

    /// The place in the original text from which a place in the mended text comes.
    pub(crate) fn origin(&self, span: &Span) -> Span {
        let start = self.origin_of(span.start, |from| from.start);
        let end = self.origin_of(span.end, |from| from.end);
        start..end.max(start)
    }

    fn origin_of(&self, at: usize, edge: impl Fn(&Span) -> usize) -> usize {
        let before = self.moves.partition_point(|(to, _)| to.start <= at);
        match before.checked_sub(1).map(|last| &self.moves[last]) {
            None => at,
            Some((to, from)) if at < to.end => edge(from),
            Some((to, from)) => from.end + (at - to.end),
        }
    }
}
