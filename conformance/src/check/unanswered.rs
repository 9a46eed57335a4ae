//! What a client makes of heartbeats that are not answered, or answered with an error.
//!
//! Times are told in the client's heartbeat seconds, except where a client's own reply timer is meant.

use std::time::Duration;

use glimesh_mock::transcript::ProcessEvent;
use glimesh_proto::{Instant, names};

use crate::check::heartbeat::ended_by;
use crate::check::limit::{drop_note, secs};
use crate::check::process::how_it_ended;
use crate::check::{Check, Level, Observation, Scope, Timing};
use crate::clock::Clock;
use crate::session::{Connection, Seen, Session};

/// The checks HB013, HB014, HB015 and HB017.
pub(super) const CHECKS: [Check; 4] = [
    Check {
        id: "HB013",
        slug: "heartbeat/notices-missing-reply",
        clauses: &["GCW-HB-03"],
        level: Level::Should,
        title: "notices that nobody answers",
        requirement: "A client whose heartbeats are not answered SHOULD end the connection, or connect anew, within 60 s.",
        why: "When the other side is gone without a word, TCP takes many minutes to tell. The missing reply is the only sign, and most bots that fall silent one day did not look for it.",
        mend: "Remember the ref of the heartbeat that waits. If its reply has not come when the next one is due, close the connection and connect anew.",
        scope: Scope::Of("muted-heartbeat"),
        needs: None,
        timing: true,
        judge: notices,
    },
    Check {
        id: "HB014",
        slug: "heartbeat/notices-soon",
        clauses: &["GCW-HB-03"],
        level: Level::May,
        title: "notices before the next heartbeat",
        requirement: "The client MAY wait for the next heartbeat before it gives up an unanswered one; within 15 s is better.",
        why: "Until it notices, a client hears nothing and loses messages. With a timer of its own for the reply it loses half as many.",
        mend: "Start a timer of 10 s with each heartbeat, and stop it when the reply comes.",
        scope: Scope::Of("muted-heartbeat"),
        needs: None,
        timing: true,
        judge: notices_soon,
    },
    Check {
        id: "HB015",
        slug: "heartbeat/reply-has-its-ref",
        clauses: &["GCW-HB-03", "PHX-02"],
        level: Level::Should,
        title: "knows the heartbeat's reply by its ref",
        requirement: "A reply with another ref than the heartbeat's SHOULD not count as its answer: the client ends the connection, or connects anew, within 60 s.",
        why: "A client that takes any reply for the heartbeat's believes a connection alive on which its own heartbeats are lost.",
        mend: "Remember the ref of the heartbeat that waits, and compare it with the second element of the reply.",
        scope: Scope::Of("heartbeat-foreign-ref"),
        needs: None,
        timing: true,
        judge: notices,
    },
    Check {
        id: "HB017",
        slug: "heartbeat/error-reply",
        clauses: &["GCW-HB-03"],
        level: Level::Note,
        title: "takes a heartbeat's reply with an error",
        requirement: "The client MAY do as it likes after a heartbeat's reply with the status error; what it does is noted.",
        why: "The deployed server never sent one to a heartbeat in the right form, so a client may do as it likes, but a crash would surprise its user.",
        mend: "Treat it as an answer, or connect anew.",
        scope: Scope::Of("odd-heartbeat-replies"),
        needs: None,
        timing: false,
        judge: takes_error,
    },
];

/// How soon a missing reply is noticed.
const WITHIN: Duration = Duration::from_secs(60);

/// What is allowed beyond [`WITHIN`]: a client that looks only with every second heartbeat of 30 s needs as long.
pub(super) const WITHIN_TOLERANCE: Duration = Duration::from_secs(15);

/// How soon is soon.
const SOON: Duration = Duration::from_secs(15);

/// What is allowed beyond [`SOON`].
const SOON_TOLERANCE: Duration = Duration::from_secs(2);

/// The longest timer for a reply that a client is expected to have, in real time. Under a contract clock only the
/// heartbeats pass faster.
const REPLY_TIMER: Duration = Duration::from_secs(12);

/// A heartbeat without an answer, and how its connection ended.
struct Unanswered<'a> {
    connection: &'a Connection,
    beat: &'a Seen,
    /// When the client ended the connection or itself.
    noticed: Option<(usize, Instant)>,
}

fn unanswered(session: &Session) -> Option<Unanswered<'_>> {
    let (connection, beat) = session.open_connections().find_map(|connection| {
        let (beat, frame) = connection.heartbeats().next()?;
        let answered = connection.server_frames().any(|(seen, reply)| {
            seen.entry > beat.entry
                && reply.topic == names::PHOENIX_TOPIC
                && reply.msg_ref == frame.msg_ref
        });
        (!answered).then_some((connection, beat))
    })?;
    let exited = session.early_exit().and_then(|(entry, event)| {
        let by_itself = matches!(event, ProcessEvent::Exited { signal: None, .. });
        by_itself.then(|| (entry, session.entry(entry).at))
    });
    let ends = [connection.left(session), exited];
    let noticed = ends.into_iter().flatten().min_by_key(|(entry, _)| *entry);
    Some(Unanswered { connection, beat, noticed })
}

fn no_beat() -> Observation {
    Observation::unseen("the client sent no heartbeat that could be left unanswered")
}

/// How soon a missing reply is noticed by a client that looks for it.
pub(super) fn within(session: &Session) -> Duration {
    match session.clock {
        Clock::Real | Clock::Accel { .. } => WITHIN,
        Clock::Contract { .. } => WITHIN.max(session.clock.beats(REPLY_TIMER)),
    }
}

fn notices(session: &Session) -> Observation {
    let Some(Unanswered { connection, beat, noticed }) = unanswered(session) else {
        return no_beat();
    };
    let expected = "the connection ended by the client within 60 s";
    let limit = within(session);
    let timing = |measured| Timing { measured, limit, tolerance: WITHIN_TOLERANCE };
    if let Some((entry, event)) = session.early_exit()
        && noticed.is_none()
    {
        return Observation::unmet(format!("the client {}", how_it_ended(event)))
            .expecting(expected)
            .at_entry(entry, session.entry(entry).at);
    }
    if let Some((entry, at)) = noticed {
        let after = session.clock.beats(at.since(beat.at));
        let told = format!("it noticed {} s after the unanswered heartbeat", secs(after));
        let observation = if after <= limit + WITHIN_TOLERANCE {
            Observation::met(told)
        } else {
            Observation::unmet(told)
        };
        return observation.expecting(expected).at_entry(entry, at).with_timing(timing(after));
    }
    let silent = session.clock.beats(session.shown_until(connection).since(beat.at));
    match session.mark("missed:end") {
        Some(_) => Observation::unmet(format!("it did not notice in {} s", secs(silent)))
            .expecting(expected)
            .at_entry(beat.entry, beat.at)
            .with_timing(timing(silent)),
        None if drop_note(session, connection).is_some() => {
            Observation::unseen("the client stopped beating and was dropped")
        }
        None => Observation::unseen("the session ended before the client could notice"),
    }
}

fn notices_soon(session: &Session) -> Observation {
    let Some(Unanswered { beat, noticed, .. }) = unanswered(session) else { return no_beat() };
    let Some((entry, at)) = noticed else {
        return match session.mark("missed:end") {
            Some(_) => Observation::note("it did not notice that nobody answers"),
            None => Observation::unseen("the session ended before the client could notice"),
        };
    };
    let after = session.clock.beats(at.since(beat.at));
    let told = format!("it noticed {} s after the unanswered heartbeat", secs(after));
    let soon = after <= SOON + SOON_TOLERANCE;
    let observation = if soon { Observation::met(told) } else { Observation::note(told) };
    observation.at_entry(entry, at).with_timing(Timing {
        measured: after,
        limit: SOON,
        tolerance: SOON_TOLERANCE,
    })
}

fn takes_error(session: &Session) -> Observation {
    let refused = session.open_connections().find_map(|connection| {
        let mut replies = connection.server_frames();
        let (seen, _) = replies.find(|(_, frame)| {
            frame.topic == names::PHOENIX_TOPIC && frame.payload["status"] == "error"
        })?;
        Some((connection, seen))
    });
    let Some((connection, reply)) = refused else {
        return Observation::unseen("no heartbeat was answered with an error");
    };
    // What ends a client after that has a check of its own.
    if connection.heartbeats().any(|(seen, _)| seen.entry > reply.entry) {
        return Observation::met("it goes on beating");
    }
    if let Some((entry, event)) = session.early_exit() {
        let told = format!("the client {} after the reply", how_it_ended(event));
        return Observation::note(told).at_entry(entry, session.entry(entry).at);
    }
    match ended_by(session, connection, reply).or_else(|| {
        let (entry, at) = connection.left(session)?;
        Some(Observation::met("it ended the connection").at_entry(entry, at))
    }) {
        Some(_) if session.requests().any(|request| request.entry > reply.entry) => {
            Observation::met("it connected anew")
        }
        Some(left) => Observation::note(left.actual).at_entry(reply.entry, reply.at),
        None => Observation::unseen("the session ended before the next heartbeat was due"),
    }
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::From;

    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
    use crate::check::testing::{BEAT, Wire, dropped, exited, outcome, stop};

    fn muted() -> Wire {
        Wire::new().scenario("muted-heartbeat").open(0.0).subscribed(0.1).client(25.0, BEAT)
    }

    #[test]
    fn a_missing_reply_is_noticed_by_an_end() {
        for (at, notices, soon) in [
            (35.0, Met, Met),
            (42.0, Met, Met),
            (50.0, Met, Note),
            (85.0, Met, Note),
            (100.0, Met, Note),
            (100.1, Unmet, Note),
        ] {
            let left = || muted().close(at, From::Client, 1000);
            assert_eq!(outcome("HB013", left()), notices, "{at}");
            assert_eq!(outcome("HB014", left()), soon, "{at}");
        }
        assert_eq!(outcome("HB013", muted().entry(35.0, exited(Some(1), None))), Met);
        assert_eq!(outcome("HB013", muted().entry(35.0, exited(None, Some("SIGABRT")))), Unmet);
    }

    #[test]
    fn who_beats_on_has_not_noticed() {
        let on = || muted().client(50.0, BEAT).client(75.0, BEAT).client(100.0, BEAT);
        assert_eq!(outcome("HB013", on().mark(125.0, "missed:end")), Unmet);
        assert_eq!(outcome("HB014", on().mark(125.0, "missed:end")), Note);
        assert_eq!(outcome("HB013", on()), Unseen);
        let stopped = on().entry(101.0, stop()).close(101.1, From::Client, 1000);
        assert_eq!(outcome("HB013", stopped), Unseen);
        assert_eq!(outcome("HB013", muted().entry(57.0, dropped())), Unseen);
    }

    #[test]
    fn a_reply_timer_of_ten_real_seconds_is_fine_on_a_contract_clock() {
        let muted =
            || Wire::new().scenario("muted-heartbeat").contract(25).open(0.0).client(0.8, BEAT);
        assert_eq!(outcome("HB013", muted().close(10.9, From::Client, 1000)), Met);
        assert_eq!(outcome("HB013", muted().close(14.0, From::Client, 1000)), Unmet);
        assert_eq!(outcome("HB014", muted().close(1.4, From::Client, 1000)), Met);
        assert_eq!(outcome("HB014", muted().close(1.7, From::Client, 1000)), Note);
    }

    #[test]
    fn somebody_elses_reply_is_no_answer() {
        const FOREIGN: &str = r#"[null,"kit","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;
        let told = || muted().scenario("heartbeat-foreign-ref").server(25.0, FOREIGN);
        assert_eq!(outcome("HB015", told().close(35.0, From::Client, 1000)), Met);
        let on = || told().client(50.0, BEAT).server(50.0, FOREIGN);
        assert_eq!(outcome("HB015", on().mark(125.0, "missed:end")), Unmet);
        assert_eq!(outcome("HB015", on()), Unseen);
    }

    #[test]
    fn an_answered_heartbeat_shows_nothing() {
        let answered = || Wire::new().scenario("muted-heartbeat").open(0.0).beat(25.0);
        assert_eq!(outcome("HB013", answered().mark(125.0, "missed:end")), Unseen);
        assert_eq!(outcome("HB014", Wire::new().scenario("muted-heartbeat").open(0.0)), Unseen);
    }

    #[test]
    fn an_error_to_a_heartbeat_is_borne_or_noted() {
        const ERROR: &str = r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"error"}]"#;
        let refused = || {
            Wire::new()
                .scenario("odd-heartbeat-replies")
                .open(0.0)
                .client(25.0, BEAT)
                .server(25.0, ERROR)
        };
        assert_eq!(outcome("HB017", refused().beat(50.0)), Met);
        assert_eq!(outcome("HB017", refused().close(25.1, From::Client, 1000).open(26.0)), Met);
        assert_eq!(outcome("HB017", refused().close(25.1, From::Client, 1000)), Note);
        assert_eq!(outcome("HB017", refused().entry(25.1, exited(Some(1), None))), Note);
        assert_eq!(outcome("HB017", refused()), Unseen);
        assert_eq!(
            outcome("HB017", Wire::new().scenario("odd-heartbeat-replies").open(0.0)),
            Unseen
        );
    }
}
