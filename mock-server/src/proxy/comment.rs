//! Comments on what is malformed: the core's diagnostics, with the place in the frame.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use glimesh_proto::diagnostic::{Diagnostic, Severity};

use crate::transcript::From;

/// Where comments go; each may have several lines.
pub(super) type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// How much of a long frame is shown before and behind the place, in bytes.
const AROUND: usize = 60;

/// Comments on one message, of which this is the text.
pub(super) fn on(tell: &Tell, (conn, from): (u32, From), text: &str, found: &[Diagnostic]) {
    for diagnostic in found {
        tell(&with_place(conn, from, text, diagnostic));
    }
}

/// What is wrong and how to mend it, without the place.
pub(super) fn in_words(conn: u32, from: From, found: &Diagnostic) -> String {
    let place = where_from(conn, from);
    format!(
        "{}[{}]: {}\n  --> {place}\n  = help: {}\n  = note: the real server {}",
        level_word(found.severity),
        found.code.id,
        found.message,
        found.help,
        found.reaction
    )
}

fn with_place(conn: u32, from: From, text: &str, found: &Diagnostic) -> String {
    let (window, begin) = window(text, &found.span);
    let shown = &text[window.clone()];
    let line = blanked(shown);
    let within = |span: &Range<usize>| {
        let at = |place: usize| place.clamp(window.start, window.end) - window.start;
        let (start, end) = (at(span.start), at(span.end));
        floor(&line, start)..floor(&line, end)
    };
    let path = where_from(conn, from);
    let mut snippet = Snippet::source(line.as_str())
        .path(if begin { path } else { format!("{path}, from byte {}", window.start) })
        .annotation(AnnotationKind::Primary.span(within(&found.span)));
    for label in found
        .labels
        .iter()
        .filter(|label| window.contains(&label.span.start) && label.span.end <= window.end)
    {
        let annotation = AnnotationKind::Context.span(within(&label.span));
        snippet = snippet.annotation(annotation.label(label.text.clone()));
    }
    let level = match found.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let reaction = format!("the real server {}", found.reaction);
    let report = [level
        .primary_title(found.message.as_str())
        .id(found.code.id)
        .element(snippet)
        .element(Level::HELP.message(found.help.as_str()))
        .element(Level::NOTE.message(reaction))];
    Renderer::plain().render(&report)
}

/// The same with blanks for what could move a terminal's cursor or turn its text around; every byte keeps its place.
fn blanked(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match c.is_control() || turns {
            true => line.extend(std::iter::repeat_n(' ', c.len_utf8())),
            false => line.push(c),
        }
    }
    line
}

const fn level_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn where_from(conn: u32, from: From) -> String {
    match from {
        From::Client => format!("connection {conn}, from the client"),
        From::Server => format!("connection {conn}, from the server"),
    }
}

/// The part of a long text that is shown, and whether it is from the beginning.
fn window(text: &str, span: &Range<usize>) -> (Range<usize>, bool) {
    let start = floor(text, span.start.saturating_sub(AROUND));
    let end = floor(text, span.end.min(span.start + AROUND).saturating_add(AROUND));
    (start..end.max(start), start == 0)
}

/// The last beginning or end of a character that is not behind a byte of the text.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&place| text.is_char_boundary(place)).unwrap_or_default()
}
