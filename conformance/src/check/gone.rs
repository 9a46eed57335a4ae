//! Links that are bad without a word: one that is silent, and one that is slow.

use std::time::Duration;

use glimesh_mock::transcript::ProcessEvent;

use crate::check::limit::{TOLERANCE, drop_note, limit, secs, silence_before, spoiled};
use crate::check::process::how_it_ended;
use crate::check::unanswered::{WITHIN_TOLERANCE, within};
use crate::check::{Check, Level, Observation, Scope, Timing};
use crate::session::Session;

/// The checks FT007 and FT008.
pub(super) const CHECKS: [Check; 2] = [
    Check {
        id: "FT007",
        slug: "fault/half-open-link",
        clauses: &["GCW-TR-01"],
        level: Level::Should,
        title: "notices a link that is dead",
        requirement: "When nothing at all comes any more, not even a pong, the client SHOULD end the connection, or connect \
                      anew, within 60 s of its next heartbeat.",
        why: "A machine that was unplugged and a firewall that forgot a connection say nothing. Until TCP gives up, which \
              takes many minutes, a client that only listens hears nothing and believes that nobody talks.",
        mend: "Remember the ref of the heartbeat that waits. If its reply has not come when the next one is due, connect anew \
               without waiting for the old connection's close.",
        scope: Scope::Of("unknown-channel"),
        needs: None,
        timing: true,
        judge: notices_silence,
    },
    Check {
        id: "FT008",
        slug: "fault/slow-link",
        clauses: &["GCW-HB-01"],
        level: Level::Should,
        title: "beats over a slow link",
        requirement: "Over a link of 1,200 bytes a second the client SHOULD beat in time.",
        why: "A message that takes its time must not keep a client from beating: who reads and beats in one loop waits for \
              the last byte, and is dropped meanwhile.",
        mend: "Let the heartbeat run on a timer or task of its own, and read without blocking it.",
        scope: Scope::Of("slow-link"),
        needs: None,
        timing: true,
        judge: beats_over_slow_link,
    },
];

fn notices_silence(session: &Session) -> Observation {
    let Some(muted_at) = session.mark("step:mute") else {
        return Observation::unseen("the client did not get so far as the silence");
    };
    let connection = session.open_connections().filter(|connection| {
        connection.opened_at.is_some_and(|at| at <= muted_at)
            && connection.ended_at.is_none_or(|end| end >= muted_at)
    });
    let Some(connection) = connection.last() else {
        return Observation::unseen("the client had no connection when the server fell silent");
    };
    let expected = "the connection ended, or a new one, within 60 s";
    let beat = connection.heartbeats().map(|(seen, _)| seen).find(|seen| seen.at >= muted_at);
    let from = beat.map_or(muted_at, |beat| beat.at);
    let exited = session.early_exit();
    if let Some((entry, event @ ProcessEvent::Exited { signal: Some(_), .. })) = exited {
        return Observation::unmet(format!("the client {}", how_it_ended(event)))
            .expecting(expected)
            .at_entry(entry, session.entry(entry).at);
    }
    let exited = exited.map(|(entry, _)| (entry, session.entry(entry).at));
    let anew = session.requests().map(|request| (request.entry, request.at));
    let ends = [connection.left(session), exited].into_iter().flatten().chain(anew);
    let noticed = ends.filter(|(_, at)| *at >= muted_at).min_by_key(|(entry, _)| *entry);
    let limit = within(session);
    let timing = |measured| Timing { measured, limit, tolerance: WITHIN_TOLERANCE };
    if let Some((entry, at)) = noticed {
        let after = session.clock.beats(at.since(from));
        let told = format!("it noticed {} s after the unanswered heartbeat", secs(after));
        let observation = match after <= limit + WITHIN_TOLERANCE {
            true => Observation::met(told),
            false => Observation::unmet(told),
        };
        return observation.expecting(expected).at_entry(entry, at).with_timing(timing(after));
    }
    let Some(beat) = beat else {
        return Observation::unseen("the client sent no heartbeat that could be left unanswered");
    };
    match session.marks("missed:upgrade").find(|at| *at >= muted_at) {
        Some(missed) => {
            let silent = session.clock.beats(missed.since(beat.at));
            Observation::unmet(format!("it did not notice in {} s", secs(silent)))
                .expecting(expected)
                .at_entry(beat.entry, beat.at)
                .with_timing(timing(silent))
        }
        None => Observation::unseen("the session ended before the client could notice"),
    }
}

fn beats_over_slow_link(session: &Session) -> Observation {
    let expected = "a heartbeat within every 30 s";
    let dropped = session.open_connections().find_map(|connection| {
        let (entry, at, text) = drop_note(session, connection)?;
        Some((entry, at, text, silence_before(session, connection, at)))
    });
    if let Some((entry, at, text, measured)) = dropped {
        if spoiled(session) {
            return Observation::unseen("the server dropped the client, but this machine stalled");
        }
        let timing = Timing { measured, limit: limit(session), tolerance: TOLERANCE };
        return Observation::unmet(text)
            .expecting(expected)
            .at_entry(entry, at)
            .with_timing(timing);
    }
    if let Some((entry, event)) = session.early_exit() {
        return Observation::unmet(format!("the client {}", how_it_ended(event)))
            .expecting(expected)
            .at_entry(entry, session.entry(entry).at);
    }
    let beats: usize =
        session.open_connections().map(|connection| connection.heartbeats().count()).sum();
    let lived = session.open_connections().filter_map(|connection| {
        let opened_at = connection.opened_at?;
        Some(session.clock.beats(session.shown_until(connection).since(opened_at)))
    });
    let longest = lived.max().unwrap_or(Duration::ZERO);
    match (beats, longest > limit(session)) {
        (0, _) => Observation::unseen("no connection lasted until a heartbeat was due"),
        (n, true) => Observation::met(format!("{n} heartbeats, and the server dropped nobody")),
        (_, false) => Observation::unseen("no connection lasted as long as the limit"),
    }
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::From;

    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{BEAT, Wire, dropped, exited, outcome};

    fn muted() -> Wire {
        let open = Wire::new().scenario("unknown-channel").open(1.0).subscribed(1.1);
        open.beat(26.0).mark(41.0, "step:mute")
    }

    #[test]
    fn a_dead_link_is_noticed() {
        let beat = || muted().client(51.0, BEAT);
        assert_eq!(outcome("FT007", beat().close(61.0, From::Client, 1000).open(62.0)), Met);
        // A new connection without a close of the old one.
        assert_eq!(outcome("FT007", beat().open(76.0)), Met);
        assert_eq!(outcome("FT007", beat().entry(76.0, exited(Some(1), None))), Met);
        assert_eq!(outcome("FT007", beat().entry(76.0, exited(None, Some("SIGABRT")))), Unmet);
        assert_eq!(outcome("FT007", beat().close(140.0, From::Client, 1000)), Unmet);
        assert_eq!(outcome("FT007", beat().mark(151.0, "missed:upgrade")), Unmet);
        assert_eq!(outcome("FT007", muted().mark(151.0, "missed:upgrade")), Unseen);
        assert_eq!(outcome("FT007", beat()), Unseen);
        assert_eq!(outcome("FT007", Wire::new().scenario("unknown-channel").open(1.0)), Unseen);
    }

    #[test]
    fn a_heartbeat_does_not_wait_for_a_slow_message() {
        let slow = || Wire::new().scenario("slow-link").open(1.0).subscribed(2.0);
        assert_eq!(outcome("FT008", slow().beat(26.0).beat(51.0).mark(66.0, "end")), Met);
        assert_eq!(outcome("FT008", slow().entry(33.0, dropped())), Unmet);
        assert_eq!(outcome("FT008", slow().beat(26.0).entry(58.0, dropped())), Unmet);
        assert_eq!(outcome("FT008", slow().entry(3.0, exited(Some(1), None))), Unmet);
        // Who finds the replies too slow may connect anew.
        let anew = slow().beat(26.0).close(30.0, From::Client, 1000).open(31.0);
        assert_eq!(outcome("FT008", anew.beat(56.0).mark(66.0, "end")), Met);
        assert_eq!(outcome("FT008", slow().mark(20.0, "end")), Unseen);
    }
}
