//! What a client does with frames that it cannot read or does not expect.

use crate::check::limit::{TOLERANCE, drop_note, limit, silence_before, spoiled};
use crate::check::process::how_it_ended;
use crate::check::{Check, Level, Observation, Scope, Timing};
use crate::session::Session;

/// The checks of this area.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "FT001",
    slug: "fault/survives-malformed-frames",
    clauses: &["GCW-FR-07"],
    level: Level::Should,
    title: "survives frames that it cannot read",
    requirement: "The client SHOULD skip a frame that it cannot read, or connect anew, and neither crash nor fall silent.",
    why: "One bad frame, from a proxy or a newer server, must not take a bot down. Most clients parse without a catch, \
          or take an array apart without a look at its length.",
    mend: "Parse each frame inside a try or a Result. If it is not an array of five elements, log it and read on.",
    scope: Scope::Of("malformed"),
    needs: None,
    timing: true,
    judge: survives,
}];

fn survives(session: &Session) -> Observation {
    let (Some(first), Some(last)) = (session.mark("step:send"), session.last_mark("step:send"))
    else {
        return Observation::unseen("the client did not subscribe, so no malformed frame was sent");
    };
    // A heartbeat that was on its way when the frames came says nothing.
    let settled = session.mark("settled").unwrap_or(last);
    let expected = "it reads on, or connects anew, and goes on beating";
    if let Some((entry, event)) = session.early_exit() {
        let at = session.entry(entry).at;
        let after = at.since(first).as_secs_f64();
        let told = format!(
            "the client {}, {after:.2} s after the first malformed frame",
            how_it_ended(event)
        );
        return Observation::unmet(told).expecting(expected).at_entry(entry, at);
    }
    for connection in session.open_connections() {
        let Some((beat, _)) = connection.heartbeats().find(|(seen, _)| seen.at >= settled) else {
            continue;
        };
        let anew = connection.opened_at.is_some_and(|opened| opened >= first);
        let how = if anew { "it connected anew and beats" } else { "it reads on and beats" };
        return Observation::met(how).at_entry(beat.entry, beat.at);
    }
    let Some(connection) = session.open_connections().last() else {
        return Observation::unseen("no connection was opened");
    };
    if let Some((entry, at, _)) = drop_note(session, connection) {
        return if spoiled(session) {
            Observation::unseen("the server dropped the client, but this machine stalled meanwhile")
        } else {
            let measured = silence_before(session, connection, at);
            let timing = Timing { measured, limit: limit(session), tolerance: TOLERANCE };
            Observation::unmet("the client fell silent and was dropped")
                .expecting(expected)
                .at_entry(entry, at)
                .with_timing(timing)
        };
    }
    match (connection.left(session), session.mark("missed:heartbeat")) {
        (Some((entry, at)), Some(_)) => {
            Observation::unmet("the client ended the connection and did not come back")
                .expecting(expected)
                .at_entry(entry, at)
        }
        (None, Some(_)) => Observation::unmet("the client fell silent").expecting(expected),
        (_, None) => Observation::unseen("the session ended before the next heartbeat was due"),
    }
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::From;

    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{Wire, dropped, exited, outcome};

    fn malformed() -> Wire {
        let open = Wire::new().scenario("malformed").open(1.0).subscribed(1.1);
        open.mark(2.0, "step:send").server(2.0, "").mark(2.0, "step:send").server(2.0, "42")
    }

    #[test]
    fn a_client_reads_on_or_connects_anew() {
        assert_eq!(outcome("FT001", malformed().beat(26.0)), Met);
        let anew = malformed().close(2.1, From::Client, 1002).open(3.0).beat(28.0);
        assert_eq!(outcome("FT001", anew), Met);
    }

    #[test]
    fn a_heartbeat_that_was_on_its_way_shows_nothing() {
        let in_flight = malformed().beat(2.1).mark(2.5, "settled");
        assert_eq!(outcome("FT001", in_flight.clone()), Unseen);
        assert_eq!(outcome("FT001", in_flight.clone().entry(2.6, exited(Some(1), None))), Unmet);
        assert_eq!(outcome("FT001", in_flight.beat(27.0)), Met);
    }

    #[test]
    fn a_client_that_crashes_leaves_or_falls_silent_is_caught() {
        assert_eq!(outcome("FT001", malformed().entry(2.1, exited(Some(1), None))), Unmet);
        assert_eq!(outcome("FT001", malformed().entry(33.0, dropped())), Unmet);
        let left = malformed().close(2.1, From::Client, 1002).mark(62.0, "missed:heartbeat");
        assert_eq!(outcome("FT001", left), Unmet);
    }

    #[test]
    fn what_was_not_shown_is_unseen() {
        assert_eq!(outcome("FT001", malformed()), Unseen);
        assert_eq!(outcome("FT001", Wire::new().scenario("malformed").open(1.0)), Unseen);
    }
}
