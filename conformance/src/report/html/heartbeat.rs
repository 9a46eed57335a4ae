//! The heartbeat deadlines and the connections of a session, for its timeline.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use glimesh_mock::scenario::Span;
use glimesh_mock::transcript::{From, What};
use glimesh_proto::Instant;

use crate::session::{Connection, Session};

/// One stretch between two restarts of the drop rule, in real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// When the rule was restarted.
    pub(super) from: Instant,
    /// Until when it must be restarted again.
    pub(super) due: Instant,
    /// When it was, or when the connection ended.
    pub(super) to: Instant,
}

/// The stretches of a connection, in order; none if the session's server told no limit.
pub(super) fn stretches(session: &Session, connection: &Connection) -> Vec<Stretch> {
    let (Some(limit), Some(opened)) = (limit(session), connection.opened_at) else {
        return Vec::new();
    };
    let end = connection.ended_at.unwrap_or_else(|| session.ended_at()).max(opened);
    let restarts = restarts(session, connection);
    let mut times: Vec<_> = std::iter::once(opened)
        .chain(restarts.into_iter().filter(|at| *at > opened && *at < end))
        .collect();
    times.push(end);
    let stretch = |pair: &[Instant]| Stretch { from: pair[0], due: pair[0] + limit, to: pair[1] };
    times.windows(2).map(stretch).collect()
}

/// The drop rule's limit in real time.
fn limit(session: &Session) -> Option<Duration> {
    let text = session.transcript.header.settings.get("heartbeat.limit")?;
    Some(text.parse::<Span>().ok()?.0 / session.clock.beat_rate())
}

fn restarts(session: &Session, connection: &Connection) -> Vec<Instant> {
    let by = session.transcript.header.settings.get("heartbeat.restarted_by");
    if by.is_some_and(|by| by == "any") {
        let sent = |what: &What| {
            matches!(
                what,
                What::Text { from: From::Client, .. }
                    | What::Binary { from: From::Client, .. }
                    | What::Ping { from: From::Client, .. }
                    | What::Pong { from: From::Client, .. }
            )
        };
        let entries = connection.entries.iter().map(|&index| session.entry(index));
        return entries.filter(|entry| sent(&entry.what)).map(|entry| entry.at).collect();
    }
    connection.heartbeats().map(|(seen, _)| seen.at).collect()
}

/// `FROM,DUE,TO;…` in milliseconds, as the timeline reads it.
pub(super) fn deadlines(session: &Session) -> String {
    let mut text = String::new();
    for stretch in session.open_connections().flat_map(|one| stretches(session, one)) {
        let [from, due, to] = [stretch.from, stretch.due, stretch.to].map(Instant::as_millis);
        write!(text, "{from},{due},{to};").expect("a string takes everything");
    }
    text
}

/// `FROM,TO,DROPPED,ID;…` in milliseconds, `DROPPED` being 1 if the client did not end the connection itself.
pub(super) fn connections(session: &Session) -> String {
    let mut text = String::new();
    for connection in session.open_connections() {
        let from = connection.opened_at.unwrap_or_default().as_millis();
        let to = connection.ended_at.unwrap_or_else(|| session.ended_at()).as_millis();
        let dropped = match connection.end(session) {
            Some((entry, From::Server)) => u8::from(!session.is_after_stop(entry)),
            _ => 0,
        };
        let id = connection.id;
        write!(text, "{from},{to},{dropped},{id};").expect("a string takes everything");
    }
    text
}

/// For each heartbeat, by the index of its entry: how it stands to its deadline, in the client's seconds.
pub(super) fn remarks(session: &Session) -> HashMap<usize, String> {
    let mut remarks = HashMap::new();
    for connection in session.open_connections() {
        let stretches = stretches(session, connection);
        for (seen, _) in connection.heartbeats() {
            let position = stretches.partition_point(|stretch| stretch.to < seen.at);
            if let Some(stretch) = stretches.get(position).filter(|one| one.to == seen.at) {
                remarks.insert(seen.entry, remark(session, *stretch));
            }
        }
    }
    remarks
}

fn remark(session: &Session, Stretch { from, due, to }: Stretch) -> String {
    let seconds = |time: Duration| {
        let ms = session.clock.beats(time).as_millis();
        format!("{}.{:02}\u{a0}s", ms / 1000, ms % 1000 / 10)
    };
    let after = seconds(to.since(from));
    if to > due {
        format!("after {after}, {} too late", seconds(to.since(due)))
    } else {
        format!("after {after}, {} to spare", seconds(due.since(to)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::testing::{JOIN, Wire};

    #[test]
    fn each_heartbeat_restarts_the_deadline() {
        let beat = r#"[null,"2","phoenix","heartbeat",{}]"#;
        let wire = Wire::new().setting("heartbeat.limit", "30s").open(0.1).client(0.2, JOIN);
        let session = wire.client(20.1, beat).client(55.1, beat).session();
        assert_eq!(deadlines(&session), "100,30100,20100;20100,50100,55100;");
        let mut remarks: Vec<_> = remarks(&session).into_iter().collect();
        remarks.sort_unstable();
        let remarks: Vec<_> = remarks.into_iter().map(|(_, remark)| remark).collect();
        let expected = [
            "after 20.00\u{a0}s, 10.00\u{a0}s to spare",
            "after 35.00\u{a0}s, 5.00\u{a0}s too late",
        ];
        assert_eq!(remarks, expected);
    }
}
