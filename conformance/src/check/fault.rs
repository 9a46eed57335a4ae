//! What a client does with frames that it cannot read or does not expect.

use glimesh_mock::transcript::ProcessEvent;

use crate::check::limit::{TOLERANCE, drop_note, limit, silence_before, spoiled};
use crate::check::process::how_it_ended;
use crate::check::{Check, Level, Observation, Scope, Timing};
use crate::session::Session;

/// The checks of this area.
pub(super) const CHECKS: [Check; 3] = [
    Check {
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
        judge: |session| survives(session, "step:send", "malformed frame"),
    },
    Check {
        id: "FT005",
        slug: "fault/oversize-frame",
        clauses: &["GCW-FR-07"],
        level: Level::Should,
        title: "bears a frame that is too big",
        requirement: "When a frame of 64 MiB is announced, the client SHOULD refuse it or wait for it, and not crash.",
        why: "A length is a number that anybody can write. A program that reserves the memory for it at once, or gives up \
          altogether, is ended by one bad frame.",
        mend: "Set your WebSocket library's limit for messages, 1 MiB for example, and treat its error as a lost connection.",
        scope: Scope::Of("lost-channel"),
        needs: None,
        timing: false,
        judge: bears_oversize,
    },
    Check {
        id: "FT009",
        slug: "fault/survives-fuzzed-frames",
        clauses: &["GCW-FR-07"],
        level: Level::Should,
        title: "survives five hundred mutated frames",
        requirement: "The client SHOULD skip frames whose parts are lost, repeated or replaced, or connect anew, and neither crash \
                  nor fall silent.",
        why: "A frame can be JSON and an array of five, and still hold a number where a text is wanted. Each place where a \
          client takes the kind of a value for granted is a place where it ends.",
        mend: "Check the kind of each value that you take out of a frame, and handle each frame so that an error in one cannot \
           end the loop. The transcript has the frame, and the scenario's seed makes the same ones again.",
        scope: Scope::Of("fuzzed-frames"),
        needs: None,
        timing: true,
        judge: |session| survives(session, "step:fuzz", "mutated frame"),
    },
];

/// `step`: the mark of the frames, of which `what` is one.
fn survives(session: &Session, step: &str, what: &str) -> Observation {
    let (Some(first), Some(last)) = (session.mark(step), session.last_mark(step)) else {
        return Observation::unseen(format!("the client did not subscribe, so no {what} was sent"));
    };
    // A heartbeat that was on its way when the frames came says nothing.
    let settled = session.mark("settled").unwrap_or(last);
    let expected = "it reads on, or connects anew, and goes on beating";
    if let Some((entry, event)) = session.early_exit() {
        let at = session.entry(entry).at;
        let after = at.since(first).as_secs_f64();
        let told =
            format!("the client {}, {after:.2} s after the first {what}", how_it_ended(event));
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

/// The mark of the frame that announces 64 MiB.
pub(super) const OVERSIZE: &str = "step:frame";

fn bears_oversize(session: &Session) -> Observation {
    let Some(sent) = session.mark(OVERSIZE) else {
        return Observation::unseen("the client did not get so far as the frame of 64 MiB");
    };
    let has_it = session.open_connections().any(|connection| {
        connection.opened_at.is_some_and(|at| at <= sent)
            && connection.ended_at.is_none_or(|end| end >= sent)
    });
    if !has_it {
        return Observation::unseen("the client had no connection when the frame was sent");
    }
    let crash = session.early_exit().filter(|(entry, _)| session.entry(*entry).at >= sent);
    if let Some((entry, event)) = crash {
        let at = session.entry(entry).at;
        let told = format!("the client {}", how_it_ended(event));
        let observation = match event {
            // The connection was cut soon after, and a client may end for that.
            ProcessEvent::Exited { signal: None, .. } => Observation::note(told),
            _ => Observation::unmet(told).expecting("an error that the client handles"),
        };
        return observation.at_entry(entry, at);
    }
    match session.requests().find(|request| request.at >= sent) {
        Some(request) => Observation::met("it came back").at_entry(request.entry, request.at),
        None if session.mark("end").is_some() => Observation::met("it lives on"),
        None => Observation::unseen("the session ended before the client could react"),
    }
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::From;

    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
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
    fn mutated_frames_are_like_malformed_ones() {
        let fuzzed = || {
            let open = Wire::new().scenario("fuzzed-frames").open(1.0).subscribed(1.1);
            open.mark(2.0, "step:fuzz").server(2.0, "[null,{}]").mark(4.0, "settled")
        };
        assert_eq!(outcome("FT009", fuzzed().beat(26.0)), Met);
        assert_eq!(outcome("FT009", fuzzed().entry(2.1, exited(Some(1), None))), Unmet);
        assert_eq!(outcome("FT009", fuzzed().entry(33.0, dropped())), Unmet);
        assert_eq!(outcome("FT009", fuzzed()), Unseen);
    }

    #[test]
    fn a_frame_that_is_too_big_is_borne() {
        let open = || Wire::new().scenario("lost-channel").open(1.0).subscribed(1.1);
        let huge = || open().mark(26.1, "step:frame");
        assert_eq!(outcome("FT005", huge().entry(26.2, exited(None, Some("SIGABRT")))), Unmet);
        assert_eq!(outcome("FT005", huge().entry(26.2, exited(Some(1), None))), Note);
        assert_eq!(outcome("FT005", huge().close(26.2, From::Client, 1009).open(27.0)), Met);
        assert_eq!(outcome("FT005", huge().mark(88.0, "end")), Met);
        assert_eq!(outcome("FT005", huge()), Unseen);
        assert_eq!(outcome("FT005", open()), Unseen);
    }

    #[test]
    fn what_was_not_shown_is_unseen() {
        assert_eq!(outcome("FT001", malformed()), Unseen);
        assert_eq!(outcome("FT001", Wire::new().scenario("malformed").open(1.0)), Unseen);
    }
}
