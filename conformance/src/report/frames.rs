//! What crossed the wire, an entry a line.

use glimesh_mock::transcript::{Entry, From, ProcessEvent, What};

use crate::session::Session;

/// Whose line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// The client said it.
    Client,
    /// The server said it.
    Server,
    /// It was not said: a process, or why the server did something.
    Beside,
}

/// One entry, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) entry: usize,
    /// Such as `12.034s`.
    pub(super) time: String,
    pub(super) conn: Option<u32>,
    pub(super) lane: Lane,
    pub(super) text: String,
}

impl Lane {
    /// The mark between time and text.
    pub(super) const fn mark(self) -> char {
        match self {
            Self::Client => '>',
            Self::Server => '<',
            Self::Beside => '*',
        }
    }
}

/// How many lines of the same connection stand before the one that a finding is about.
const BEFORE: usize = 2;

/// And how many behind it.
const AFTER: usize = 1;

/// The lines around the entry that a finding is about.
pub(super) fn around(session: &Session, entry: usize) -> Vec<Line> {
    let Some(conn) = session.transcript.entries.get(entry).map(|entry| entry.conn) else {
        return Vec::new();
    };
    let lines: Vec<Line> = lines(session)
        .filter(|line| {
            line.entry == entry || line.conn.is_none() || conn.is_none() || line.conn == conn
        })
        .collect();
    let Some(at) = lines.iter().position(|line| line.entry == entry) else { return Vec::new() };
    let from = at.saturating_sub(BEFORE);
    let to = (at + AFTER + 1).min(lines.len());
    lines[from..to].to_vec()
}

/// Every entry that says something to people.
pub(super) fn lines(session: &Session) -> impl Iterator<Item = Line> {
    session.transcript.entries.iter().enumerate().filter_map(|(index, entry)| {
        let (lane, text) = told(entry)?;
        Some(Line {
            entry: index,
            time: seconds(entry.at.as_millis()),
            conn: entry.conn,
            lane,
            text,
        })
    })
}

/// A time since the session began, such as `12.034s`.
pub(super) fn seconds(ms: u64) -> String {
    format!("{}.{:03}s", ms / 1_000, ms % 1_000)
}

fn told(entry: &Entry) -> Option<(Lane, String)> {
    let lane = |from: From| match from {
        From::Client => Lane::Client,
        From::Server => Lane::Server,
    };
    Some(match &entry.what {
        What::Upgrade { method, path, query, status, .. } => {
            let pairs: Vec<_> =
                query.iter().map(|(name, value)| format!("{name}={value}")).collect();
            (Lane::Client, format!("{method} {path}?{} (answered with {status})", pairs.join("&")))
        }
        What::Text { from, data, len } if data.len() < *len => {
            (lane(*from), format!("{data} ({len} bytes in all)"))
        }
        What::Text { from, data, .. } => (lane(*from), data.clone()),
        What::Binary { from, hex, len } => (lane(*from), format!("binary, {len} bytes: {hex}")),
        What::Ping { from } => (lane(*from), "ping".to_owned()),
        What::Pong { from } => (lane(*from), "pong".to_owned()),
        What::Close { from, code, reason } => {
            let code = code.map_or_else(|| "without a code".to_owned(), |code| code.to_string());
            (lane(*from), format!("close {code} {reason}").trim_end().to_owned())
        }
        What::Eof { from, reset: true } => (lane(*from), "TCP reset".to_owned()),
        What::Eof { from, .. } => (lane(*from), "end of TCP".to_owned()),
        What::Note { text, .. } => (Lane::Beside, text.clone()),
        // It is known only after the client's first frames may have come, and says nothing that they do not.
        What::Process { event: ProcessEvent::Started } => return None,
        What::Process { event } => (Lane::Beside, process(event)),
        What::Accept | What::Mark { .. } | What::Noise { .. } => return None,
    })
}

fn process(event: &ProcessEvent) -> String {
    match event {
        ProcessEvent::Started => "the client was started".to_owned(),
        ProcessEvent::NotStarted { error } => format!("the client could not be started: {error}"),
        ProcessEvent::Stop { signal } => format!("the client was sent {signal}"),
        ProcessEvent::Killed => "the client was killed".to_owned(),
        ProcessEvent::Exited { signal: Some(signal), .. } => {
            format!("the client was ended by {signal}")
        }
        ProcessEvent::Exited { status, .. } => {
            format!("the client exited with status {}", status.unwrap_or_default())
        }
        ProcessEvent::Leaked { processes } => {
            format!("the client left {processes} processes behind")
        }
    }
}
