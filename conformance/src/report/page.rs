//! Text for people: made harmless, and broken into lines of 80 columns.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthChar;

/// How wide a line may be.
pub(super) const WIDTH: usize = 80;

pub(super) const PLAIN: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const WEAK: Style = AnsiColor::Yellow.on_default().bold();

/// The text with every character that could steer a terminal, turn the reading direction or hide written out.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|c| push_visible(&mut shown, c));
    shown
}

/// Appends a character as [`visible`] shows it: `\u{1b}` for the escape. JSON's own escapes have no braces.
pub(super) fn push_visible(into: &mut String, c: char) {
    if takes_room(c) {
        into.push(c);
    } else {
        write!(into, "\\u{{{:x}}}", u32::from(c)).expect("a string takes everything");
    }
}

/// Controls have no width; joiners, marks and overrides have a width of zero. Separators of lines are neither.
fn takes_room(c: char) -> bool {
    // Nearly all that is ever shown; the tables of widths are not asked for it.
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    c.width().is_some_and(|width| width > 0) && !matches!(c, '\u{ad}' | '\u{2028}' | '\u{2029}')
}

/// How many columns a text takes that [`visible`] has made.
pub(super) fn columns(text: &str) -> usize {
    if text.is_ascii() {
        return text.bytes().filter(|byte| !byte.is_ascii_control()).count();
    }
    text.chars().map(|c| c.width().unwrap_or_default()).sum()
}

/// Lines of at most `width` columns, broken between words where possible, and never at a no-break space. The text
/// is made [`visible`].
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_ascii_whitespace().map(visible) {
        for piece in pieces(&word, width) {
            let line = lines.last_mut().expect("there is always a line");
            let gap = usize::from(!line.is_empty());
            if columns(line) + gap + columns(piece) <= width {
                line.push_str(&" "[..gap]);
                line.push_str(piece);
            } else {
                lines.push(piece.to_owned());
            }
        }
    }
    lines
}

/// A word in pieces that fit.
fn pieces(word: &str, width: usize) -> Vec<&str> {
    let (mut pieces, mut start, mut taken) = (Vec::new(), 0, 0);
    for (at, c) in word.char_indices() {
        let wide = c.width().unwrap_or_default();
        if taken + wide > width && at > start {
            pieces.push(&word[start..at]);
            (start, taken) = (at, 0);
        }
        taken += wide;
    }
    pieces.push(&word[start..]);
    pieces
}

/// The text, made [`visible`] and cut to `width` columns.
pub(super) fn cut(text: &str, width: usize) -> String {
    let (mut shown, mut taken) = (String::new(), 0);
    for c in text.chars() {
        let before = shown.len();
        push_visible(&mut shown, c);
        taken += columns(&shown[before..]);
        if taken > width {
            shown.truncate(before);
            while columns(&shown) >= width && shown.pop().is_some() {}
            shown.push('…');
            break;
        }
    }
    shown
}

/// Writes a head, and beside it a text whose further lines begin where its first does.
pub(super) fn hanging(mut out: impl Write, head: &str, style: Style, text: &str) -> io::Result<()> {
    let indent = columns(head);
    for (index, line) in wrap(text, WIDTH - indent).into_iter().enumerate() {
        match index {
            0 => writeln!(out, "{style}{head}{style:#}{line}")?,
            _ => writeln!(out, "{:indent$}{line}", "")?,
        }
    }
    Ok(())
}

/// Writes parts with a middle dot between them, breaking lines at the dots only.
pub(super) fn dotted(mut out: impl Write, parts: &[String]) -> io::Result<()> {
    let mut line = String::new();
    for part in parts {
        if !line.is_empty() && columns(&line) + 3 + columns(part) > WIDTH {
            writeln!(out, "{line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push_str(" · ");
        }
        line.push_str(&cut(part, WIDTH));
    }
    writeln!(out, "{line}")
}

/// A length of time for people: `850 ms`, `5.2 s`, `2 min 5 s`.
pub(super) fn length(time: Duration) -> String {
    match time.as_millis() {
        ms @ ..1_000 => format!("{ms} ms"),
        ms @ 1_000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        ms => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

/// `1 check`, `2 checks`.
pub(super) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_or_hides() {
        let hostile = "\u{1b}]0;x\u{7}\u{9b}31m\u{202e}evil\u{2066}\u{200b}\u{feff}e\u{301}\r\n\u{2028}\u{ad}";
        let shown = r"\u{1b}]0;x\u{7}\u{9b}31m\u{202e}evil\u{2066}\u{200b}\u{feff}e\u{301}\u{d}\u{a}\u{2028}\u{ad}";
        assert_eq!(visible(hostile), shown);
        assert_eq!(visible("Grüße, 世界 🎉"), "Grüße, 世界 🎉");
    }

    #[test]
    fn lines_are_as_narrow_as_asked_for() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("世界世界世", 4), ["世界", "世界", "世"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("in 30\u{a0}s", 6), ["in", "30\u{a0}s"]);
        assert_eq!(cut("four\u{1b}", 6), "four…");
        assert_eq!(cut("exact", 5), "exact");
    }
}
