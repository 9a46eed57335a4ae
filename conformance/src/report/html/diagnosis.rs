//! What the catalogue of diagnostics says of a client's frames, for the report to show beneath them.

use std::collections::HashMap;

use glimesh_mock::transcript::{From, What};
use glimesh_proto::diagnostic::{Context, Diagnostic, Profile, Severity, diagnose};
use glimesh_proto::names;

use crate::session::{Connection, Seen, Session};

/// Longer messages are not looked at; a report should be written in a moment.
const LONGEST: usize = 64 * 1024;

/// What is wrong with the client's messages, by the index of their entries.
pub(super) fn of(session: &Session) -> HashMap<usize, Vec<Diagnostic>> {
    let mut found = HashMap::new();
    let profile = match session.profile() {
        "phoenix" => Profile::Phoenix,
        "literal" => Profile::Literal,
        _ => Profile::Glimesh,
    };
    for connection in session.open_connections() {
        let mut joined = Some(false);
        for seen in &connection.frames {
            if seen.from == From::Client && lasted(connection, seen) {
                let What::Text { data, len, .. } = &session.entry(seen.entry).what else {
                    continue;
                };
                if *len > LONGEST || data.len() < *len {
                    continue;
                }
                let context = Context { joined, profile, ..Context::default() };
                let mut diagnostics = diagnose(data, &context);
                diagnostics.retain(|diagnostic| diagnostic.severity > Severity::Note);
                if !diagnostics.is_empty() {
                    found.insert(seen.entry, diagnostics);
                }
            }
            joined = after(seen, joined);
        }
    }
    found
}

/// Whether the connection still lasted; what comes after its end nobody reads any more.
fn lasted(connection: &Connection, seen: &Seen) -> bool {
    connection.ended_at.is_none_or(|ended| seen.at <= ended)
}

/// Whether the control topic is joined after a frame; `None` while that depends on an answer.
fn after(seen: &Seen, joined: Option<bool>) -> Option<bool> {
    let Ok(frame) = &seen.frame else { return joined };
    if frame.topic != names::CONTROL_TOPIC {
        return joined;
    }
    let is = |event: &str| frame.event == event;
    match seen.from {
        From::Client if is(names::PHX_JOIN) || is(names::PHX_LEAVE) => None,
        From::Server if is(names::PHX_ERROR) || is(names::PHX_CLOSE) => Some(false),
        // Which message a reply belongs to is not looked up: what follows a second join is not held against it.
        _ => joined,
    }
}
