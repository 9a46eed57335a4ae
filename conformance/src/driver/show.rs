//! What is wrong with a line, for people, in rustc's manner.

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::violation::{Fault, Violation};
use crate::lint::human::without_separator;
use crate::lint::window::{Window, columns, wrapped};

/// How wide a line may be.
const WIDTH: usize = 80;

/// Draws a violation in a line, which is the adapter's `number`-th, counted from 1. `ignored` says that the line is
/// understood all the same.
pub fn show(line: &[u8], number: usize, violation: &Violation, ignored: bool) -> String {
    let Violation { fault, message, help, span } = violation;
    let text = String::from_utf8_lossy(line);
    let gutter = number.to_string().len() + 3;
    let window = Window::new(&text, span, WIDTH - gutter);
    let marked = window.place(span).unwrap_or(0..0);
    let level = if ignored { Level::WARNING } else { Level::ERROR };
    let snippet = Snippet::source(window.text.as_str()).line_start(number).fold(false);
    let title = wrapped(message, WIDTH - columns(fault.name()) - "warning[]: ".len());
    let mut group = level
        .primary_title(title)
        .id(fault.name())
        .element(Origin::path("the adapter's standard output").line(number))
        .element(snippet.annotation(AnnotationKind::Primary.span(marked)));
    if !help.is_empty() {
        let help = wrapped(help, WIDTH - gutter - "help = ".len());
        group = group.element(Level::NOTE.with_name(Some("help")).message(help));
    }
    if *fault == Fault::NotUtf8 {
        let note = "bytes that are not UTF-8 are shown as \u{fffd}";
        group = group.element(Level::NOTE.message(note));
    }
    without_separator(&Renderer::plain().term_width(WIDTH * 4).render(&[group]))
}
