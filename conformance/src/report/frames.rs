//! What crossed the wire, a line each: the frames around a finding, long ones cut to a window.

use std::io::{self, Write};

use glimesh_mock::transcript::{Entry, From, ProcessEvent, What};
use glimesh_proto::Instant;

use super::page::{self, BAD, DIM, WIDTH, columns, push_visible};
use crate::results::Finding;
use crate::session::Session;

/// How many frames are shown before the one at fault.
const BEFORE: usize = 2;

/// How many are shown after it.
const AFTER: usize = 1;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// The client, or somebody who connected.
    Client,
    /// The mock.
    Server,
    /// The kit: notes, marks, the client's process.
    Kit,
}

impl Lane {
    const fn sign(self) -> char {
        match self {
            Self::Client => '>',
            Self::Server => '<',
            Self::Kit => '-',
        }
    }
}

impl std::convert::From<From> for Lane {
    fn from(from: From) -> Self {
        match from {
            From::Client => Self::Client,
            From::Server => Self::Server,
        }
    }
}

/// One entry of a transcript as text; not yet made visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Who did it.
    pub(super) lane: Lane,
    /// What happened.
    pub(super) text: String,
    /// The message's length in bytes, if it is a message.
    pub(super) bytes: Option<usize>,
}

impl Line {
    pub(super) fn of(entry: &Entry) -> Self {
        let line = |lane: Lane, text: String| Self { lane, text, bytes: None };
        match &entry.what {
            What::Accept => line(Lane::Client, "TCP connection".to_owned()),
            What::Upgrade { method, path, query, status, .. } => {
                let pairs: Vec<_> =
                    query.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let mark = if pairs.is_empty() { "" } else { "?" };
                line(
                    Lane::Client,
                    format!("{method} {path}{mark}{} answered with {status}", pairs.join("&")),
                )
            }
            What::Text { from, data, len } => {
                Self { lane: (*from).into(), text: data.clone(), bytes: Some(*len) }
            }
            What::Binary { from, hex, len } => Self {
                lane: (*from).into(),
                text: format!("binary message {hex}"),
                bytes: Some(*len),
            },
            What::Ping { from, .. } => line((*from).into(), "ping".to_owned()),
            What::Pong { from, .. } => line((*from).into(), "pong".to_owned()),
            What::Close { from, code, reason } => {
                let code =
                    code.map_or_else(|| "without a code".to_owned(), |code| code.to_string());
                let reason =
                    if reason.is_empty() { String::new() } else { format!(", {reason:?}") };
                line((*from).into(), format!("close {code}{reason}"))
            }
            What::Eof { from, reset: false } => line((*from).into(), "end of TCP".to_owned()),
            What::Eof { from, reset: true } => line((*from).into(), "TCP reset".to_owned()),
            What::Note { code, text } => line(Lane::Kit, format!("{code}: {text}")),
            What::Mark { name } => {
                let text = match name.split_once(':') {
                    Some(("missed", what)) => format!("awaited in vain: {what}"),
                    Some(("reached", what)) => format!("reached: {what}"),
                    _ if name == "gave-up" => "the timeline ended there".to_owned(),
                    _ => format!("reached: {name}"),
                };
                line(Lane::Kit, text)
            }
            What::Noise { worst_stall_ms } => {
                line(Lane::Kit, format!("the machine's longest stall was {worst_stall_ms} ms"))
            }
            What::Process { event } => line(Lane::Kit, process(event)),
            What::Driver { from: From::Server, data } => line(Lane::Kit, format!("asked: {data}")),
            What::Driver { from: From::Client, data } => line(Lane::Kit, format!("told: {data}")),
        }
    }
}

fn process(event: &ProcessEvent) -> String {
    match event {
        ProcessEvent::Started => "the client was started".to_owned(),
        ProcessEvent::NotStarted { error } => format!("the client could not be started: {error}"),
        ProcessEvent::Stop { signal } => format!("the client was asked to stop with {signal}"),
        ProcessEvent::Killed => "the client did not stop and was killed".to_owned(),
        ProcessEvent::Exited { signal: Some(signal), .. } => {
            format!("the client was ended by {signal}")
        }
        ProcessEvent::Exited { status: Some(status), .. } => {
            format!("the client exited with {status}")
        }
        ProcessEvent::Exited { .. } => "the client ended".to_owned(),
        ProcessEvent::Measured { processes, descriptors, memory_kib } => format!(
            "the client's {processes} processes hold {descriptors} descriptors and {memory_kib} KiB"
        ),
        ProcessEvent::Leaked { processes } => {
            format!("the client left {processes} processes behind")
        }
    }
}

/// One entry of a transcript as a line: who did it, and what; not yet made visible.
pub(crate) fn wire_line(entry: &Entry) -> String {
    let line = Line::of(entry);
    format!("{} {}", line.lane.sign(), line.text)
}

/// A window of a text, made visible, around the bytes at fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// Up to the bytes at fault; all of it if none are.
    pub(super) before: String,
    /// The bytes at fault.
    pub(super) fault: String,
    /// What follows them.
    pub(super) after: String,
    /// Whether the text begins earlier.
    pub(super) cut_before: bool,
    /// Whether the text goes on.
    pub(super) cut_after: bool,
}

impl Excerpt {
    /// At most `width` columns of a text. The time it takes depends on the width, not on the text.
    pub(super) fn new(text: &str, span: Option<(usize, usize)>, width: usize) -> Self {
        let from = span.map_or(0, |(from, _)| boundary(text, from));
        let to = span.map_or(0, |(_, to)| boundary(text, to).max(from));
        // What follows the span's start gets two thirds, and what precedes it the rest.
        let ahead = reach(text[from..].chars(), width);
        let room_before = (width - ahead.taken.min(width)).max(width / 3);
        let behind = reach(text[..from].chars().rev(), room_before.saturating_sub(1));
        let start = from - behind.bytes;
        let room = width - behind.taken - usize::from(start > 0);
        let mut ahead = reach(text[from..].chars(), room);
        if from + ahead.bytes < text.len() {
            ahead = reach(text[from..].chars(), room.saturating_sub(1));
        }
        let end = from + ahead.bytes;
        let to = to.min(end);
        Self {
            before: page::visible(&text[start..from]),
            fault: page::visible(&text[from..to]),
            after: page::visible(&text[to..end]),
            cut_before: start > 0,
            cut_after: end < text.len(),
        }
    }

    fn columns_before(&self) -> usize {
        usize::from(self.cut_before) + columns(&self.before)
    }
}

struct Reach {
    bytes: usize,
    taken: usize,
}

/// How much of some characters, made visible, fits into `width` columns.
fn reach(chars: impl Iterator<Item = char>, width: usize) -> Reach {
    let mut reach = Reach { bytes: 0, taken: 0 };
    let mut shown = String::new();
    for c in chars {
        shown.clear();
        push_visible(&mut shown, c);
        let columns = columns(&shown);
        if reach.taken + columns > width {
            break;
        }
        reach.taken += columns;
        reach.bytes += c.len_utf8();
    }
    reach
}

/// The last boundary of characters that is not behind `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default()
}

/// The indices of the entries around a finding, in order. Without an entry at fault, those around its time.
pub(super) fn around(session: &Session, finding: &Finding) -> Vec<usize> {
    let entries = &session.transcript.entries;
    let fault = finding.frame.filter(|&index| index < entries.len());
    let conn = fault.and_then(|index| entries[index].conn);
    let worth_showing = |entry: &Entry| match entry.what {
        What::Accept | What::Noise { .. } => false,
        What::Mark { .. } | What::Process { .. } | What::Driver { .. } => conn.is_none(),
        _ => conn.is_none() || entry.conn == conn,
    };
    let shown = |range: std::ops::Range<usize>| {
        range.filter(|&index| worth_showing(&entries[index])).collect::<Vec<_>>()
    };
    let split = match (fault, finding.at_ms) {
        (Some(index), _) => index,
        (None, Some(ms)) => entries.partition_point(|entry| entry.at <= Instant::from_millis(ms)),
        (None, None) => return Vec::new(),
    };
    let before = shown(0..split);
    let after = shown((split + usize::from(fault.is_some())).min(entries.len())..entries.len());
    let before = before[before.len().saturating_sub(BEFORE)..].iter().copied();
    before.chain(fault).chain(after.into_iter().take(AFTER)).collect()
}

/// The bytes at fault, if the entry has a text that they can lie in.
pub(super) fn span_in(entry: &Entry, finding: &Finding) -> Option<(usize, usize)> {
    match entry.what {
        What::Text { .. } => finding.span,
        _ => None,
    }
}

/// Writes the frames around a finding, the one at fault with a mark and carets.
pub(super) fn write(mut out: impl Write, session: &Session, finding: &Finding) -> io::Result<()> {
    for index in around(session, finding) {
        let entry = session.entry(index);
        let at_fault = finding.frame == Some(index);
        let span = if at_fault { span_in(entry, finding) } else { None };
        write_line(&mut out, entry, at_fault, span)?;
    }
    Ok(())
}

fn write_line(
    mut out: impl Write,
    entry: &Entry,
    at_fault: bool,
    span: Option<(usize, usize)>,
) -> io::Result<()> {
    let line = Line::of(entry);
    let mark = if at_fault { '▸' } else { ' ' };
    let head = format!("  {mark} {:>9} {} ", entry.at.to_string(), line.lane.sign());
    let room = WIDTH - columns(&head);
    let bytes = line.bytes.map(|bytes| format!(" {bytes} bytes")).unwrap_or_default();
    let whole = Excerpt::new(&line.text, span, room);
    // The length is worth its columns only where it is not to be seen.
    let cut = whole.cut_before || whole.cut_after;
    let excerpt = if cut { Excerpt::new(&line.text, span, room - bytes.len()) } else { whole };
    let style = if at_fault { BAD } else { DIM };
    write!(out, "{style}{head}{style:#}")?;
    let dots = |cut: bool| if cut { "…" } else { "" };
    write!(out, "{}{}{}", dots(excerpt.cut_before), excerpt.before, excerpt.fault)?;
    write!(out, "{}{}", excerpt.after, dots(excerpt.cut_after))?;
    writeln!(out, "{}", if cut { bytes.as_str() } else { "" })?;
    if span.is_some() {
        let indent = columns(&head) + excerpt.columns_before();
        let carets = "^".repeat(columns(&excerpt.fault).max(1));
        writeln!(out, "{:indent$}{BAD}{carets}{BAD:#}", "")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Excerpt;

    #[track_caller]
    fn check(text: &str, span: Option<(usize, usize)>, expected: &str) {
        let Excerpt { before, fault, after, cut_before, cut_after } = Excerpt::new(text, span, 20);
        let dots = |cut: bool| if cut { "…" } else { "" };
        let shown = format!("{}{before}[{fault}]{after}{}", dots(cut_before), dots(cut_after));
        assert_eq!(shown, expected);
        assert!(super::columns(&shown) <= 22, "{shown}");
    }

    #[test]
    fn long_texts_are_cut_to_a_window_around_the_fault() {
        let long = "0123456789abcdefghijklmnopqrstuvwxyz";
        check("short", None, "[]short");
        check("short", Some((1, 3)), "s[ho]rt");
        check(long, None, "[]0123456789abcdefghi…");
        check(long, Some((0, 40)), "[0123456789abcdefghi]…");
        check(long, Some((18, 20)), "…defgh[ij]klmnopqrstu…");
        check(long, Some((34, 36)), "…hijklmnopqrstuvwx[yz]");
        check(long, Some((99, 7)), "…hijklmnopqrstuvwxyz[]");
        check("ééé\u{1b}", Some((3, 5)), "é[é]é\\u{1b}");
    }
}
