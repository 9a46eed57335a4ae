//! One connection at a time.

use std::time::Duration;

use glimesh_proto::Instant;

use crate::check::limit::{secs, spoiled};
use crate::check::{Check, Level, Observation, Scope, Timing, never_opened};
use crate::session::{Connection, Session};

/// The checks of this area.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "CN017",
    slug: "connect/one-at-a-time",
    clauses: &["GCW-TR-01"],
    level: Level::Should,
    title: "one connection at a time",
    requirement: "The client SHOULD not have two WebSockets open for longer than a second.",
    why: "Two connections bring every message twice and answer every command twice. Usually a timer and an event both start a reconnect, or the old connection was forgotten instead of closed.",
    mend: "Keep one connection in one place: close the old one before you open the next, and let only one thing start a reconnect.",
    scope: Scope::Every,
    needs: None,
    timing: true,
    judge: one_at_a_time,
}];

/// How long an old connection may outlive the beginning of the next one, in real time: both ends travel.
const OVERLAP: Duration = Duration::from_secs(1);

fn one_at_a_time(session: &Session) -> Observation {
    let expected = "the old connection ends within a second of the next one's open";
    let open: Vec<_> = session.open_connections().filter_map(|it| lived(session, it)).collect();
    if open.is_empty() {
        return never_opened();
    }
    let pairs = open.iter().enumerate().flat_map(|(nth, later)| {
        open[..nth].iter().map(move |earlier| (later, overlap(earlier, later)))
    });
    let Some(((_, entry, at), longest)) = pairs
        .map(|((from, _, entry), overlap)| ((*from, *entry, *from), overlap))
        .max_by_key(|(_, overlap)| *overlap)
    else {
        return Observation::met("one connection");
    };
    // Under an accelerated clock a moment of the machine's is long for the client.
    let limit = OVERLAP * session.clock.pace();
    let timing = Timing { measured: longest, limit, tolerance: Duration::ZERO };
    let told = match longest {
        Duration::ZERO => format!("{} connections, one after the other", open.len()),
        _ => format!("two connections were open at once for {} s", secs(longest)),
    };
    let observation = match longest {
        _ if longest <= limit => return Observation::met(told),
        _ if spoiled(session) => {
            Observation::unseen(format!("{told}, but this machine stalled meanwhile"))
        }
        _ => Observation::unmet(told),
    };
    observation.expecting(expected).at_entry(entry, at).with_timing(timing)
}

/// When a connection was opened, until when it stood, and the entry that opened it.
fn lived(session: &Session, connection: &Connection) -> Option<(Instant, Instant, usize)> {
    let from = connection.opened_at?;
    let entry = *connection.entries.first()?;
    Some((from, session.shown_until(connection).max(from), entry))
}

fn overlap(
    &(_, earlier_until, _): &(Instant, Instant, usize),
    &(from, until, _): &(Instant, Instant, usize),
) -> Duration {
    let end = earlier_until.min(until);
    if end > from { end.since(from) } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::{From, What};

    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{Wire, outcome, stop};

    #[test]
    fn the_old_connection_ends_where_the_next_one_begins() {
        let check = |wire: Wire, expected| assert_eq!(outcome("CN017", wire), expected);
        check(Wire::new().open(1.0).mark(9.0, "end"), Met);
        check(Wire::new().open(1.0).eof(2.0, From::Client).open(3.0).mark(9.0, "end"), Met);
        check(Wire::new().open(1.0).open(3.0).mark(9.0, "end"), Unmet);
        check(Wire::new().open(1.0).open(3.0).mark(4.0, "end"), Met);
        check(Wire::new().open(1.0).open(3.0).entry(3.5, stop()).mark(9.0, "end"), Met);
        let stalled = What::Noise { worst_stall_ms: 1500 };
        check(Wire::new().open(1.0).open(3.0).entry(9.0, stalled), Unseen);
        check(Wire::new(), Unseen);
    }
}
