//! The drop rule as the checks see it: limit, tolerance, and what the machine's own stalls may excuse.
//!
//! Times are the client's heartbeat seconds: under a contract clock they pass faster than real ones.

use std::time::Duration;

use glimesh_mock::scenario::Span;
use glimesh_proto::Instant;

use crate::clock::{CONTRACT_INTERVAL, Clock};
use crate::session::{Connection, Session};

/// What is allowed beyond the limit before it counts as broken.
///
/// A timer of exactly 30 s, as the document asks for, gives gaps of 30.01 to 30.4 s on the wire; two seconds leave
/// room for that and for a slow network.
pub const TOLERANCE: Duration = Duration::from_secs(2);

/// The document's interval, and what a client is assumed to keep to where it was told none.
const INTERVAL: Duration = Duration::from_secs(30);

/// Whether the machine stalled so badly that a timing failure may be its own.
///
/// A stall counts when it takes half of the room that a client has between its interval and the drop.
pub fn spoiled(session: &Session) -> bool {
    let interval = match session.clock {
        Clock::Real | Clock::Accel { .. } => INTERVAL,
        Clock::Contract { .. } => CONTRACT_INTERVAL,
    };
    session.clock.beats(session.worst_stall()) > (limit(session) + TOLERANCE - interval) / 2
}

/// The longest time between two restarts of the drop rule, as the session's server knew it.
pub(super) fn limit(session: &Session) -> Duration {
    let settings = &session.transcript.header.settings;
    let limit = settings.get("heartbeat.limit").and_then(|text| text.parse::<Span>().ok());
    limit.map_or(INTERVAL, |span| span.0)
}

/// The note with which the server dropped a connection for its silence.
pub(super) fn drop_note<'a>(
    session: &'a Session,
    connection: &Connection,
) -> Option<(usize, Instant, &'a str)> {
    let note = |code| connection.note(session, code);
    let (entry, text) = note("no-heartbeat").or_else(|| note("no-traffic"))?;
    Some((entry, session.entry(entry).at, text))
}

/// A length of time in seconds, for a sentence.
pub(super) fn secs(time: Duration) -> String {
    let text = format!("{:.2}", time.as_millis() as f64 / 1000.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub(super) fn silence_before(session: &Session, connection: &Connection, at: Instant) -> Duration {
    let last = connection.heartbeats().map(|(seen, _)| seen.at).filter(|beat| *beat <= at).last();
    let since = last.or(connection.opened_at).unwrap_or(at);
    session.clock.beats(at.since(since))
}

pub(super) fn largest_gap(session: &Session, connection: &Connection, until: Instant) -> Duration {
    let beats = connection.heartbeats().map(|(seen, _)| seen.at);
    let times: Vec<_> = connection.opened_at.into_iter().chain(beats).collect();
    let gaps = times.windows(2).map(|pair| pair[1].since(pair[0]));
    let last = times.last().map(|last| until.since(*last));
    session.clock.beats(gaps.chain(last).max().unwrap_or_default())
}
