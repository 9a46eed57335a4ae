//! A part of a text that fits on a line, and what of it is where.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

/// Some columns of one line of a text, everything that could steer a terminal written out.
pub(crate) struct Window {
    /// What is shown.
    pub(crate) text: String,
    /// For each character that is shown, and for the end: where it stands in the text, and in the window.
    places: Vec<(usize, usize)>,
}

impl Window {
    /// At most `width` columns of the line in which `span` begins, so that the beginning of `span` is among them.
    pub(crate) fn new(text: &str, span: &Range<usize>, width: usize) -> Self {
        let at = boundary(text, span.start);
        let line_start = text[..at].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        // What follows the span's beginning gets two thirds, and what precedes it the rest.
        let ahead = reach(text[at..line_end].chars(), width);
        let room = (width - ahead.columns).max(width / 3);
        let behind = reach(text[line_start..at].chars().rev(), room);
        let cut_before = at - behind.bytes > line_start;
        let behind =
            if cut_before { reach(text[line_start..at].chars().rev(), room - 1) } else { behind };
        let start = at - behind.bytes;
        let room = width - behind.columns - usize::from(cut_before);
        let mut ahead = reach(text[at..line_end].chars(), room);
        let cut_after = at + ahead.bytes < line_end;
        if cut_after {
            ahead = reach(text[at..line_end].chars(), room.saturating_sub(1));
        }
        let end = at + ahead.bytes;
        let mut shown = String::new();
        let mut places = Vec::new();
        if cut_before {
            shown.push('…');
        }
        for (place, c) in text[start..end].char_indices() {
            places.push((start + place, shown.len()));
            push_visible(&mut shown, c);
        }
        places.push((end, shown.len()));
        if cut_after {
            shown.push('…');
        }
        Self { text: shown, places }
    }

    /// Where in the window a part of the text stands, as far as it is shown; `None` if nothing of it is.
    pub(crate) fn place(&self, span: &Range<usize>) -> Option<Range<usize>> {
        let (first, last) = (self.places.first()?.0, self.places.last()?.0);
        if span.end < first || span.start > last {
            return None;
        }
        let at = |byte: usize| {
            let index = self.places.partition_point(|(place, _)| *place < byte);
            self.places.get(index).or_else(|| self.places.last()).map_or(0, |(_, shown)| *shown)
        };
        Some(at(span.start)..at(span.end).max(at(span.start)))
    }
}

struct Reach {
    bytes: usize,
    columns: usize,
}

/// How much of some characters fits into `width` columns. Takes time by the width, not by the text.
fn reach(chars: impl Iterator<Item = char>, width: usize) -> Reach {
    let mut reach = Reach { bytes: 0, columns: 0 };
    let mut shown = String::new();
    for c in chars {
        shown.clear();
        push_visible(&mut shown, c);
        let columns = columns(&shown);
        if reach.columns + columns > width {
            break;
        }
        reach.columns += columns;
        reach.bytes += c.len_utf8();
    }
    reach
}

/// How many columns a text takes in which everything is visible.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or_default()).sum()
}

/// The text with everything visible.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|c| push_visible(&mut shown, c));
    shown
}

fn push_visible(into: &mut String, c: char) {
    let takes_room = c.width().is_some_and(|width| width > 0);
    if takes_room && !matches!(c, '\u{ad}' | '\u{a0}' | '\u{2028}' | '\u{2029}') {
        into.push(c);
    } else {
        into.extend(format!("\\u{{{:x}}}", u32::from(c)).chars());
    }
}

/// Lines of at most `width` columns, broken at blanks where possible.
pub(crate) fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut taken = 0;
    for word in text.split_ascii_whitespace() {
        let word = visible(word);
        let wide = columns(&word);
        if taken > 0 && taken + 1 + wide > width {
            lines.push('\n');
            taken = 0;
        } else if taken > 0 {
            lines.push(' ');
            taken += 1;
        }
        lines.push_str(&word);
        taken += wide;
    }
    lines
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, span: Range<usize>, expected: &str) {
        let window = Window::new(text, &span, 20);
        let place = window.place(&span).unwrap();
        let (before, rest) = window.text.split_at(place.start);
        let (inside, after) = rest.split_at(place.len());
        assert_eq!(format!("{before}[{inside}]{after}"), expected);
        assert!(columns(&window.text) <= 20, "{}", window.text);
    }

    #[test]
    fn long_lines_are_cut_around_the_span() {
        let long = "0123456789abcdefghijklmnopqrstuvwxyz";
        check("short", 1..2, "s[h]ort");
        check("short", 5..5, "short[]");
        check(long, 0..2, "[01]23456789abcdefghi…");
        check(long, 20..22, "…fghij[kl]mnopqrstuvw…");
        check(long, 34..36, "…hijklmnopqrstuvwx[yz]");
        check(long, 10..36, "…56789[abcdefghijklm]…");
        check("one\ntwo three\nfour", 8..13, "two [three]");
        check("a\u{202e}b", 1..4, "a[\\u{202e}]b");
    }
}
