//! What a client does when nobody listens, and when the upgrade is refused, slow or never answered.

use std::time::Duration;

use glimesh_mock::transcript::{ProcessEvent, What};

use crate::check::process::how_it_ended;
use crate::check::{Check, Level, Observation, Scope};
use crate::session::{Request, Session};

/// The checks PR003, CN010, CN012 and CN013.
pub(super) const CHECKS: [Check; 4] = [
    Check {
        id: "PR003",
        slug: "process/survives-a-closed-port",
        clauses: &[],
        level: Level::Should,
        title: "survives that nobody listens",
        requirement: "When nobody listens at the server's port, the client SHOULD try again or end with a status, and not crash.",
        why: "Servers are restarted, and bots often start before them. A refused connection is an ordinary error.",
        mend: "Handle the error of the connect call as you handle a lost connection: wait, longer each time, and try again.",
        scope: Scope::Of("nobody-listens"),
        needs: None,
        timing: false,
        judge: survives_closed_port,
    },
    Check {
        id: "CN010",
        slug: "connect/refused",
        clauses: &["GCW-AU-01"],
        level: Level::Should,
        title: "does not storm a server that refuses it",
        requirement: "A client that is refused with 403 SHOULD stop, or try no more than 15 times in ten seconds, and not crash.",
        why: "A token that is wrong or has expired stays so. A client that tries again without a pause asks thousands of times a day, and is blocked in the end.",
        mend: "Let the pause between two tries grow to several seconds; after a 403 get a new token, or stop and tell the user.",
        scope: Scope::Of("always-403"),
        needs: None,
        timing: false,
        judge: does_not_storm,
    },
    Check {
        id: "CN012",
        slug: "connect/slow-upgrade",
        clauses: &["GCW-CN-01"],
        level: Level::Note,
        title: "waits for a slow upgrade, or tries again",
        requirement: "A client whose upgrade is answered after five seconds MAY wait or try again; what it does is noted.",
        why: "A server that has just started answers slowly. A client that ends at the first delay has to be started by hand.",
        mend: "Give the connect call a timeout of ten seconds or more, and try again after it.",
        scope: Scope::Of("upgrade-in-five-seconds"),
        needs: None,
        timing: false,
        judge: bears_slow_upgrade,
    },
    Check {
        id: "CN013",
        slug: "connect/unanswered-upgrade",
        clauses: &["GCW-CN-01"],
        level: Level::Should,
        title: "gives up an upgrade that is never answered",
        requirement: "A client whose upgrade is not answered SHOULD try again, or end, within 60 s.",
        why: "Many libraries have a timeout for TCP and none for the upgrade behind it. Then a server that hangs takes the client with it.",
        mend: "Put a timeout around the whole opening of the WebSocket, and treat it as a lost connection.",
        scope: Scope::Of("upgrade-never-answered"),
        needs: None,
        timing: false,
        judge: gives_up_upgrade,
    },
];

/// How many tries in ten seconds are no storm: Phoenix's own client makes about ten.
const MOST_TRIES: usize = 15;

/// How soon an upgrade is given up.
const WITHIN: Duration = Duration::from_secs(60);

/// What is allowed beyond [`WITHIN`].
const WITHIN_TOLERANCE: Duration = Duration::from_secs(5);

/// A crash, if the client was ended by a signal before it was asked to stop.
fn crash(session: &Session, expected: &str) -> Option<Observation> {
    let (entry, event) = session.early_exit()?;
    matches!(event, ProcessEvent::Exited { signal: Some(_), .. }).then(|| {
        Observation::unmet(format!("the client {}", how_it_ended(event)))
            .expecting(expected)
            .at_entry(entry, session.entry(entry).at)
    })
}

/// An end that the client chose.
fn exit(session: &Session) -> Option<Observation> {
    let (entry, event) = session.early_exit()?;
    let told = format!("the client {}", how_it_ended(event));
    Some(Observation::met(told).at_entry(entry, session.entry(entry).at))
}

fn survives_closed_port(session: &Session) -> Observation {
    if let Some(crash) = crash(session, "a further try, or an end with a status") {
        return crash;
    }
    if let Some(request) = session.requests().next() {
        return Observation::met(format!("it came {} after its start", request.at))
            .at_entry(request.entry, request.at);
    }
    exit(session).unwrap_or_else(|| match session.mark("missed:upgrade") {
        Some(at) => Observation::note(format!("it lives on, and had not come back after {at}")),
        None => Observation::unseen("the session ended before the client could try again"),
    })
}

fn does_not_storm(session: &Session) -> Observation {
    let expected = "no more than 15 tries in ten seconds";
    if let Some(crash) = crash(session, expected) {
        return crash;
    }
    let requests: Vec<_> = session.requests().collect();
    let Some(first) = requests.first() else {
        return Observation::unseen("the client never asked for a WebSocket");
    };
    if let Some(storm) = storm(&requests, expected) {
        return storm;
    }
    if let Some(exit) = exit(session) {
        return exit;
    }
    match session.mark("end") {
        Some(end) => Observation::met(format!(
            "{} tries in {:.0} s",
            requests.len(),
            end.since(first.at).as_secs_f64()
        )),
        None => Observation::unseen("the session ended before the client could try again"),
    }
}

/// A client that asks more often than a server can bear.
pub(super) fn storm(requests: &[Request<'_>], expected: &'static str) -> Option<Observation> {
    let (first, most) = (requests.first()?, most_tries(requests));
    (most > MOST_TRIES).then(|| {
        Observation::unmet(format!("{most} tries in ten seconds"))
            .expecting(expected)
            .at_entry(first.entry, first.at)
    })
}

/// The most requests within ten seconds, as the first few of them tell.
fn most_tries(requests: &[Request<'_>]) -> usize {
    let within = |from: &Request<'_>| {
        let until = from.at + Duration::from_secs(10);
        requests.iter().filter(|other| other.at >= from.at && other.at <= until).count()
    };
    requests.iter().take(MOST_TRIES * 2).map(within).max().unwrap_or_default()
}

fn bears_slow_upgrade(session: &Session) -> Observation {
    let opened =
        session.open_connections().find(|connection| connection.client_frames().next().is_some());
    // What happens on a connection that was opened is not the upgrade's matter.
    if let (None, Some((entry, event))) = (opened, session.early_exit()) {
        let told = format!("the client {}", how_it_ended(event));
        return Observation::note(told).at_entry(entry, session.entry(entry).at);
    }
    match (opened, session.mark("missed:join")) {
        (Some(_), _) => Observation::met(match session.requests().count() {
            0 | 1 => "it waited".to_owned(),
            n => format!("it opened a connection with {n} tries"),
        }),
        (None, Some(_)) => Observation::note("it did not come to a connection"),
        (None, None) => Observation::unseen("the session ended before the upgrade was answered"),
    }
}

fn gives_up_upgrade(session: &Session) -> Observation {
    let expected = "a further try, or an end, within 60 s";
    if let Some(crash) = crash(session, expected) {
        return crash;
    }
    let ignored = session
        .transcript
        .entries
        .iter()
        .find(|entry| matches!(entry.what, What::Upgrade { status: 0, .. }));
    let Some(ignored) = ignored else {
        return Observation::unseen("no upgrade was left unanswered");
    };
    if let Some(next) = session.requests().find(|request| request.at > ignored.at) {
        let after = next.at.since(ignored.at);
        let told = format!("it tried again after {:.1} s", after.as_secs_f64());
        let observation = if after <= WITHIN + WITHIN_TOLERANCE {
            Observation::met(told)
        } else {
            Observation::unmet(told)
        };
        return observation.expecting(expected).at_entry(next.entry, next.at);
    }
    exit(session).unwrap_or_else(|| match session.last_mark("missed:upgrade") {
        Some(_) => {
            Observation::unmet("it waits for the upgrade's answer for ever").expecting(expected)
        }
        None => Observation::unseen("the session ended before the client could give up"),
    })
}

#[cfg(test)]
mod tests {
    use glimesh_proto::names;

    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
    use crate::check::testing::{JOIN, Wire, exited, outcome, stop};

    fn asked(wire: Wire, at: f64, status: u16) -> Wire {
        wire.upgrade(at, names::GRAPH_PATH, &[("vsn", names::VSN)], status)
    }

    #[test]
    fn a_closed_port_is_no_reason_to_crash() {
        let closed = || Wire::new().scenario("nobody-listens");
        assert_eq!(outcome("PR003", closed().open(5.0)), Met);
        assert_eq!(outcome("PR003", closed().entry(0.1, exited(Some(1), None))), Met);
        assert_eq!(outcome("PR003", closed().entry(0.1, exited(None, Some("SIGABRT")))), Unmet);
        assert_eq!(outcome("PR003", closed().mark(42.0, "missed:upgrade")), Note);
        assert_eq!(outcome("PR003", closed()), Unseen);
        // That it did not connect is no other check's matter.
        assert_eq!(outcome("PR001", closed().entry(0.1, exited(Some(1), None))), Unseen);
        assert_eq!(outcome("PR001", closed().mark(42.0, "missed:upgrade")), Unseen);
    }

    #[test]
    fn a_refusal_is_no_reason_to_storm() {
        let refused = |times: u32, every: f64| {
            let wire = Wire::new().scenario("always-403");
            (0..times).fold(wire, |wire, n| asked(wire, 1.0 + f64::from(n) * every, 403))
        };
        assert_eq!(outcome("CN010", refused(3, 2.0).mark(8.0, "end")), Met);
        assert_eq!(outcome("CN010", refused(10, 0.2).mark(8.0, "end")), Met);
        assert_eq!(outcome("CN010", refused(16, 0.3)), Unmet);
        assert_eq!(outcome("CN010", refused(1, 1.0).entry(1.1, exited(Some(1), None))), Met);
        assert_eq!(
            outcome("CN010", refused(1, 1.0).entry(1.1, exited(None, Some("SIGSEGV")))),
            Unmet
        );
        assert_eq!(outcome("CN010", refused(1, 1.0)), Unseen);
        assert_eq!(outcome("CN010", Wire::new().scenario("always-403")), Unseen);
    }

    #[test]
    fn a_slow_upgrade_is_borne_or_noted() {
        let slow = || Wire::new().scenario("upgrade-in-five-seconds");
        assert_eq!(outcome("CN012", slow().open(6.0).client(6.1, JOIN)), Met);
        assert_eq!(outcome("CN012", asked(slow(), 6.0, 101).open(6.5).client(6.6, JOIN)), Met);
        assert_eq!(outcome("CN012", slow().entry(3.0, exited(Some(1), None))), Note);
        let opened = slow().open(6.0).client(6.1, JOIN);
        assert_eq!(outcome("CN012", opened.entry(6.2, exited(Some(1), None))), Met);
        assert_eq!(outcome("CN012", slow().mark(66.0, "missed:join")), Note);
        assert_eq!(outcome("CN012", slow().entry(3.0, stop())), Unseen);
    }

    #[test]
    fn an_unanswered_upgrade_is_given_up() {
        let held = || asked(Wire::new().scenario("upgrade-never-answered"), 1.0, 0);
        assert_eq!(outcome("CN013", held().open(11.0)), Met);
        assert_eq!(outcome("CN013", held().open(67.0)), Unmet);
        assert_eq!(outcome("CN013", held().entry(31.0, exited(Some(1), None))), Met);
        assert_eq!(outcome("CN013", held().mark(71.0, "missed:upgrade")), Unmet);
        assert_eq!(outcome("CN013", held()), Unseen);
        assert_eq!(outcome("CN013", Wire::new().scenario("upgrade-never-answered")), Unseen);
    }
}
