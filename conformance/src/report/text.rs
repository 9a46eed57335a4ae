//! Text for people: nothing hidden in it, cut and wrapped to the width of a terminal.

/// The width of everything that is written for people.
pub(super) const WIDTH: usize = 80;

/// The same text with every character made visible that could move a cursor, change a colour or turn the line.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Controls, and the marks that change the direction of text or take no place.
///
/// Source: Unicode, Bidirectional Algorithm (UAX 9), table of explicit formatting characters.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A part of a text, and where a span of the whole stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// The part, with `…` where something is left out.
    pub(super) text: String,
    /// The columns of the span: the first one, and how many.
    pub(super) columns: Option<(usize, usize)>,
}

/// Cuts a text to a width, so that the beginning of a span of bytes can be seen.
pub(super) fn window(text: &str, span: Option<(usize, usize)>, width: usize) -> Window {
    let cells = cells(text, span);
    let marked = |at: usize| cells.get(at).is_some_and(|(_, marked)| *marked);
    let first = (0..cells.len()).find(|&at| marked(at));
    let room = width.saturating_sub(2).max(1);
    let start = match first {
        _ if cells.len() <= width => 0,
        // Some of what stands before it helps to find the place.
        Some(first) => first.saturating_sub(room / 3).min(cells.len().saturating_sub(room)),
        None => 0,
    };
    let end = if cells.len() <= width { cells.len() } else { (start + room).min(cells.len()) };
    let before = if start > 0 { "…" } else { "" };
    let after = if end < cells.len() { "…" } else { "" };
    let middle: String = cells[start..end].iter().map(|(character, _)| character).collect();
    let columns = first.filter(|first| *first < end).map(|first| {
        let many = (first..end).take_while(|&at| marked(at)).count();
        (first - start + before.chars().count(), many)
    });
    Window { text: format!("{before}{middle}{after}"), columns }
}

/// The visible characters, each with whether it belongs to the span.
fn cells(text: &str, span: Option<(usize, usize)>) -> Vec<(char, bool)> {
    // What is shown is a few hundred characters at most: a hostile frame must not cost more than that.
    const ENOUGH: usize = 4_096;
    let from = span.map_or(0, |(from, _)| from.saturating_sub(ENOUGH));
    let from =
        (0..=from.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
    let within =
        |at: usize| span.is_some_and(|(start, end)| at >= start && at < end.max(start + 1));
    let mut cells = Vec::new();
    if from > 0 {
        cells.push(('…', false));
    }
    for (at, character) in text[from..].char_indices().take(2 * ENOUGH) {
        let mut buffer = [0; 4];
        let shown = visible(character.encode_utf8(&mut buffer));
        cells.extend(shown.chars().map(|shown| (shown, within(from + at))));
    }
    cells
}

/// Breaks a text between words into lines of at most this width. A longer word has a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in visible(text).split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_is_more_than_a_letter() {
        assert_eq!(visible("a\u{1b}[31mb\u{202e}c\n"), "a\\u{1b}[31mb\\u{202e}c\\u{a}");
        assert_eq!(visible("Grüße 🎉"), "Grüße 🎉");
    }

    #[test]
    fn a_window_shows_the_beginning_of_the_span() {
        let text = format!("[{}!{}]", "a".repeat(100), "b".repeat(100));
        let found = window(&text, Some((101, 102)), 20);
        assert_eq!(found.text, "…aaaaaa!bbbbbbbbbbb…");
        assert_eq!(found.columns, Some((7, 1)));
        let whole = window("[1,2]", Some((1, 2)), 20);
        assert_eq!(whole, Window { text: "[1,2]".to_owned(), columns: Some((1, 1)) });
        assert_eq!(window("abcdef", None, 5).text, "abc…");
    }

    #[test]
    fn a_span_at_the_end_or_behind_it_does_no_harm() {
        assert_eq!(window("[1", Some((2, 2)), 20).columns, None);
        assert_eq!(window("", Some((0, 0)), 20).text, "");
        assert_eq!(window("äöü", Some((1, 9)), 20).text, "äöü");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("a-very-long-word b", 4), ["a-very-long-word", "b"]);
    }
}
