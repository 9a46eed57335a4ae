//! Frames in lines: one a line, or somewhere in the lines of a log.

use std::time::Duration;

use glimesh_proto::diagnostic::{MessageKind, Sender};

use super::{Event, Origin, Sink, What};
use crate::lint::escaped::Unescaped;

/// Words that only frames of this protocol have.
const WORDS: [&str; 7] =
    ["__absinthe__", "phx_", "phoenix", "heartbeat", "subscription:data", "unsubscribe", "pheonix"];

/// Words of a log that say who sent what follows.
const SENT: [&str; 10] =
    ["send", "sent", "sending", "out", "outgoing", "push", "tx", "-->", ">>", "->"];
const RECEIVED: [&str; 10] =
    ["recv", "received", "receive", "receiving", "in", "incoming", "rx", "<--", "<<", "<-"];

/// Frames of a line each. Blank lines and lines that begin with `#` are left out.
pub(super) fn frames(bytes: &[u8], sink: &mut Sink<'_>) -> Vec<String> {
    for (offset, line) in lines(bytes) {
        let text = String::from_utf8_lossy(line);
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (sender, start) = split_marker(line);
        let at = time(&text[..start.min(text.len())]);
        sink(Event {
            conn: 1,
            at,
            origin: Origin::Plain(offset + start),
            what: What::Message { sender, kind: MessageKind::Text, data: line[start..].to_vec() },
        });
    }
    Vec::new()
}

/// Who sent the frame of a line, and where the frame begins: `> FRAME`, ` 0.041s < FRAME`, `FRAME`.
pub(in crate::lint) fn split_marker(line: &[u8]) -> (Option<Sender>, usize) {
    let head = &line[..line.len().min(64)];
    let first =
        |byte: &&u8| !matches!(byte, b' ' | b'\t' | b'.' | b'0'..=b'9' | b's' | b'm' | b':' | b',');
    let Some(at) = head.iter().position(|byte| first(&byte)) else { return (None, 0) };
    let sender = match head[at] {
        b'>' => Sender::Client,
        b'<' => Sender::Server,
        _ => return (None, 0),
    };
    let blanks = line[at + 1..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    (Some(sender), at + 1 + blanks)
}

/// Whether a line is probably a frame and nothing else.
pub(super) fn looks_like_frame(line: &str) -> bool {
    let (sender, start) = split_marker(line.as_bytes());
    let rest = line.get(start..).unwrap_or_default().trim();
    if rest.is_empty() || rest.starts_with('#') && sender.is_none() {
        // Neither for nor against it.
        return rest.starts_with('#');
    }
    let many = |c: char| rest.matches(c).take(3).count() >= 3;
    rest.starts_with(['[', '{', '"', '\'', '“'])
        && (sender.is_some()
            || WORDS.iter().any(|word| rest.contains(word))
            || many(',')
            || many(':'))
}

/// Frames somewhere in lines.
pub(super) fn log(bytes: &[u8], sink: &mut Sink<'_>) -> Vec<String> {
    let mut clock = Clock::default();
    for (offset, line) in lines(bytes) {
        let Ok(text) = std::str::from_utf8(line) else { continue };
        let Some(found) = find(text) else { continue };
        let before = &text[..found.start];
        let data = match found.escaped {
            true => Unescaped::read(&text[found.start..found.end]).map(|read| read.text),
            false => Some(text[found.start..found.end].to_owned()),
        };
        let Some(data) = data else { continue };
        let place = offset + found.start;
        let origin = if found.escaped { Origin::Escaped(place) } else { Origin::Plain(place) };
        let what = What::Message {
            sender: direction(before),
            kind: MessageKind::Text,
            data: data.into_bytes(),
        };
        sink(Event { conn: 1, at: time(before).map(|at| clock.read(at)), origin, what });
    }
    Vec::new()
}

/// Whether there is a frame somewhere in a line.
pub(super) fn has_frame(line: &str) -> bool {
    find(line).is_some()
}

struct Found {
    start: usize,
    end: usize,
    /// It stands within a string whose escapes are the log's.
    escaped: bool,
}

/// The frame in a line: from the bracket before the first word of the protocol to its partner, or the line's end.
fn find(line: &str) -> Option<Found> {
    let word = WORDS.iter().filter_map(|word| line.find(word)).min()?;
    let start = opening(line, word)?;
    let escaped = line[start..word].contains("\\\"");
    let end = if escaped { end_of_string(line, start) } else { end_of_value(line, start) };
    (end > word).then_some(Found { start, end, escaped })
}

/// The bracket that opens what a word stands in, as far to the left as the text between reads like a frame.
fn opening(line: &str, word: usize) -> Option<usize> {
    let before = &line[..word];
    let reads_on = |part: &str| {
        let plain = part.trim_matches(|c: char| " \t,:\"'\\{}[]0123456789.-“”".contains(c));
        plain.len() <= 48 && plain.matches(' ').count() <= 1
    };
    let brackets = before.rmatch_indices(['[', '{']).take(8);
    let mut start = None;
    for (at, _) in brackets {
        if !reads_on(&before[at..]) {
            break;
        }
        start = Some(at);
        // A frame begins with its refs.
        if before[at..].starts_with('[') {
            break;
        }
    }
    start
}

fn end_of_string(line: &str, start: usize) -> usize {
    let mut escaped = false;
    for (at, c) in line[start..].char_indices() {
        match c {
            '"' if !escaped => return start + at,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    line.trim_end().len()
}

/// Where the value ends; at the line's end if its brackets do not pair.
fn end_of_value(line: &str, start: usize) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in line.as_bytes()[start..].iter().enumerate() {
        match byte {
            b'"' if !escaped => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return start + at + 1;
                }
            }
            _ => {}
        }
        escaped = *byte == b'\\' && !escaped;
    }
    // The log's own quote may stand behind.
    line.trim_end().trim_end_matches(['\'', '`']).len().max(start)
}

fn direction(before: &str) -> Option<Sender> {
    let mut words = before.split(|c: char| c.is_whitespace() || matches!(c, ':' | '=' | '(' | '"'));
    words.rfind(|word| !word.is_empty() && sender_of(word).is_some()).and_then(sender_of)
}

fn sender_of(word: &str) -> Option<Sender> {
    let word = word.trim_matches(['[', ']', ',', '.']).to_ascii_lowercase();
    match word.as_str() {
        ">" => Some(Sender::Client),
        "<" => Some(Sender::Server),
        word if SENT.contains(&word) => Some(Sender::Client),
        word if RECEIVED.contains(&word) => Some(Sender::Server),
        _ => None,
    }
}

/// The last time of day, `HH:MM:SS` with a fraction perhaps, or a number of seconds, `12.345s`.
fn time(text: &str) -> Option<Duration> {
    let seconds = |text: &str| text.trim_end_matches('s').parse::<f64>().ok();
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, 'T' | 'Z' | '[' | ']'));
    for word in words.rev().filter(|word| !word.is_empty()) {
        let word = word.split(['+', 'Z']).next().unwrap_or(word);
        let parts: Vec<&str> = word.split(':').collect();
        if let [hours, minutes, rest] = parts[..]
            && let (Ok(hours), Ok(minutes), Some(rest)) =
                (hours.parse::<u8>(), minutes.parse::<u8>(), seconds(&rest.replace(',', ".")))
            && (0.0..61.0).contains(&rest)
        {
            let whole = u64::from(hours) * 3600 + u64::from(minutes) * 60;
            return Some(Duration::from_secs(whole) + Duration::from_secs_f64(rest));
        }
        if word.ends_with('s')
            && let Some(at) = seconds(word).filter(|at| (0.0..1e9).contains(at))
        {
            return Some(Duration::from_secs_f64(at));
        }
    }
    None
}

/// Times of day that go on after midnight.
#[derive(Default)]
struct Clock {
    days: u32,
    last: Duration,
}

impl Clock {
    fn read(&mut self, at: Duration) -> Duration {
        if at + Duration::from_secs(12 * 3600) < self.last {
            self.days = self.days.saturating_add(1);
        }
        self.last = at;
        at + Duration::from_secs(86_400) * self.days
    }
}

/// URLs of a line each.
pub(super) fn urls(bytes: &[u8], sink: &mut Sink<'_>) -> Vec<String> {
    let mut conn = 0;
    for (offset, line) in lines(bytes) {
        let text = String::from_utf8_lossy(line);
        let url = text.trim();
        if url.is_empty() {
            continue;
        }
        conn += 1;
        let indent = text.len() - text.trim_start().len();
        let origin = Origin::Plain(offset + indent);
        sink(Event {
            conn,
            at: None,
            origin,
            what: What::Upgrade { url: url.to_owned(), status: None },
        });
    }
    Vec::new()
}

/// The lines, and where each begins.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    bytes.split_inclusive(|&byte| byte == b'\n').map(move |line| {
        let offset = at;
        at += line.len();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        (offset, line.strip_suffix(b"\r").unwrap_or(line))
    })
}
