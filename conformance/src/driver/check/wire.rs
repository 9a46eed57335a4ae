//! What crossed the wire while an adapter was asked something.

use std::time::Duration;

use glimesh_mock::MockServer;
use glimesh_mock::transcript::{Entry, From, What};
use serde_json::Value;
use tokio::time::timeout;

use crate::lint::window::Window;
use crate::report::wire_line;

/// How long something that was claimed may take to show on the wire. It was there before the claim, if that is true.
const LATE: Duration = Duration::from_secs(2);

/// How many lines a finding shows, the last ones.
const MOST_SHOWN: usize = 4;

/// How wide one of them may be.
const WIDTH: usize = 68;

/// The transcript from a moment on.
#[derive(Clone, Copy)]
pub(super) struct Since<'a> {
    server: &'a MockServer,
    from: usize,
}

/// A Phoenix frame.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) conn: u32,
    pub(super) from: From,
    pub(super) msg_ref: Value,
    pub(super) event: String,
    pub(super) payload: Value,
}

/// How far a push has come.
pub(super) enum Push {
    /// None was sent.
    Never,
    /// It was sent, and not answered.
    Unanswered,
    /// The server's reply.
    Answered { is_ok: bool, response: Value },
}

impl<'a> Since<'a> {
    pub(super) fn now(server: &'a MockServer) -> Self {
        Self { server, from: *server.watch().borrow() }
    }

    /// From the server's start on.
    pub(super) const fn all(server: &'a MockServer) -> Self {
        Self { server, from: 0 }
    }

    /// Looks until something is found, for a short while.
    pub(super) async fn find<T>(self, look: impl Fn(&[Entry]) -> Option<T>) -> Option<T> {
        let mut length = self.server.watch();
        let found = async {
            loop {
                length.borrow_and_update();
                if let Some(found) = look(&self.server.entries_from(self.from)) {
                    return found;
                }
                if length.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        timeout(LATE, found).await.ok()
    }

    /// Looks for a push of the client on a connection, and for the server's reply to it.
    pub(super) async fn push(self, conn: u32, is_it: impl Fn(&Sent) -> bool) -> Push {
        let answered = self.find(|entries| asked(entries, conn, &is_it)?);
        if let Some(reply) = answered.await {
            let response = reply.payload["response"].clone();
            return Push::Answered { is_ok: reply.payload["status"] == "ok", response };
        }
        match asked(&self.server.entries_from(self.from), conn, &is_it) {
            Some(_) => Push::Unanswered,
            None => Push::Never,
        }
    }

    /// How many chat messages the server has sent on a connection.
    pub(super) fn chats(self, conn: u32) -> usize {
        let entries = self.server.entries_from(self.from);
        let frames = entries.iter().filter_map(Sent::of).filter(|sent| sent.conn == conn);
        frames.filter(|sent| sent.chat().is_some()).count()
    }

    /// The last lines, as people read them.
    pub(super) fn shown(self) -> Vec<String> {
        let entries = self.server.entries_from(self.from);
        let lines: Vec<_> = entries.iter().filter_map(shown).collect();
        if lines.is_empty() {
            return vec!["nothing".to_owned()];
        }
        lines[lines.len().saturating_sub(MOST_SHOWN)..].to_vec()
    }
}

/// The reply to a push, if there is one, if the push was sent.
fn asked(entries: &[Entry], conn: u32, is_it: &impl Fn(&Sent) -> bool) -> Option<Option<Sent>> {
    let frames = || entries.iter().filter_map(Sent::of).filter(|sent| sent.conn == conn);
    let asked = frames().find(|sent| sent.from == From::Client && is_it(sent))?;
    let is_reply = |sent: &Sent| {
        sent.from == From::Server && sent.event == "phx_reply" && sent.msg_ref == asked.msg_ref
    };
    Some(frames().find(is_reply))
}

impl Sent {
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let What::Text { from, .. } = entry.what else { return None };
        let text = entry.client_text().or_else(|| entry.server_text())?;
        let frame: (Value, Value, String, String, Value) = serde_json::from_str(text).ok()?;
        let (_, msg_ref, _, event, payload) = frame;
        Some(Self { conn: entry.conn?, from, msg_ref, event, payload })
    }

    /// The chat message in it, if the server sends one to a subscription.
    pub(super) fn chat(&self) -> Option<&Value> {
        let is_data = self.from == From::Server && self.event == "subscription:data";
        is_data.then(|| &self.payload["result"]["data"]["chatMessage"])
    }

    /// Whether it is a document that begins so.
    pub(super) fn is_doc(&self, kind: &str) -> bool {
        let query = self.payload["query"].as_str().unwrap_or_default();
        self.event == "doc" && query.trim_start().starts_with(kind)
    }
}

fn shown(entry: &Entry) -> Option<String> {
    if matches!(entry.what, What::Accept | What::Mark { .. } | What::Noise { .. }) {
        return None;
    }
    let conn = entry.conn.map(|conn| format!("#{conn} ")).unwrap_or_default();
    let line = format!("{conn}{}", wire_line(entry));
    Some(Window::new(&line, &(0..0), WIDTH).text)
}
