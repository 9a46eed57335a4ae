//! What crossed the wire, for tests to read and for failure messages.

use std::fmt::{self, Write as _};

use glimesh_proto::{Frame, Instant};

use crate::mock::MockServer;
use crate::transcript::{Entry, From, What};

/// A text message on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenFrame {
    /// When, since the server's start.
    pub at: Instant,
    /// On which connection, counted from 1 in the order of acceptance.
    pub conn: u32,
    /// Who sent it.
    pub from: From,
    /// The text, with the credentials replaced by marks such as `<token>`.
    pub text: String,
    /// The frame, if the text is one.
    pub frame: Option<Frame>,
}

impl SeenFrame {
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let What::Text { from, data, .. } = &entry.what else { return None };
        let whole = entry.client_text().or_else(|| entry.server_text());
        Some(Self {
            at: entry.at,
            conn: entry.conn?,
            from: *from,
            text: data.clone(),
            frame: whole.and_then(|text| Frame::decode(text).ok()),
        })
    }
}

/// Captured frames; [`transcript`](MockServer::transcript) has everything else, too.
impl MockServer {
    /// The text messages of both sides so far, on all connections, in the order of time.
    pub fn frames(&self) -> Vec<SeenFrame> {
        self.entries_from(0).iter().filter_map(SeenFrame::of).collect()
    }

    /// Those of one connection, counted from 1 in the order of acceptance.
    pub fn frames_on(&self, conn: u32) -> Vec<SeenFrame> {
        self.frames().into_iter().filter(|seen| seen.conn == conn).collect()
    }
}

/// How many entries a failure message shows, the last ones.
const MOST_SHOWN: usize = 40;

/// How much of a text it shows, in characters.
const MOST_CHARS: usize = 200;

/// The wire as a failure message shows it: one line each, after a line that counts them.
pub(super) struct Wire(pub(super) Vec<Entry>);

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().filter_map(line).collect();
        if lines.is_empty() {
            return f.write_str("nothing crossed the wire");
        }
        let hidden = lines.len().saturating_sub(MOST_SHOWN);
        match hidden {
            0 => f.write_str("on the wire:")?,
            _ => write!(f, "on the wire, after {hidden} lines that are not shown:")?,
        }
        lines[hidden..].iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

fn line(entry: &Entry) -> Option<String> {
    let (sign, text) = match &entry.what {
        What::Upgrade { method, path, status, .. } => {
            ('>', format!("{method} {path} answered with {status}"))
        }
        What::Text { from, data, .. } => (sign(*from), data.clone()),
        What::Binary { from, hex, .. } => (sign(*from), format!("binary {hex}")),
        What::Ping { from, .. } => (sign(*from), "ping".to_owned()),
        What::Pong { from, .. } => (sign(*from), "pong".to_owned()),
        What::Close { from, code, reason } => {
            let code = code.map_or_else(|| "without a code".to_owned(), |code| code.to_string());
            (sign(*from), format!("close {code} {reason}").trim_end().to_owned())
        }
        What::Eof { from, reset } => {
            (sign(*from), if *reset { "reset" } else { "end of the connection" }.to_owned())
        }
        What::Note { code, text } => ('-', format!("{code}: {text}")),
        // Every timeline has an end, and so has none at all.
        What::Mark { name } if name == "end" => return None,
        What::Mark { name } => ('-', format!("step {name}")),
        What::Accept | What::Noise { .. } | What::Process { .. } | What::Driver { .. } => {
            return None;
        }
    };
    let mut line = format!("{:>9.3}s ", entry.at.since_start().as_secs_f64());
    match entry.conn {
        Some(conn) => write!(line, "#{conn} {sign} ").ok()?,
        None => write!(line, "   {sign} ").ok()?,
    }
    // One line each, whatever the peer has sent.
    let escaped = text.chars().flat_map(|c| match c {
        '"' | '\'' | '\\' => vec![c],
        c => c.escape_debug().collect(),
    });
    line.extend(escaped.take(MOST_CHARS));
    if text.chars().nth(MOST_CHARS).is_some() {
        line.push('…');
    }
    Some(line)
}

const fn sign(from: From) -> char {
    match from {
        From::Client => '>',
        From::Server => '<',
    }
}
