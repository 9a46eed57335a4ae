//! What a client does when its connection is gone: it comes back, joins, and subscribes again.

use glimesh_proto::{Frame, Instant, names};

use crate::check::process::how_it_ended;
use crate::check::{Capability, Check, Level, Observation, Outcome, Scope};
use crate::session::{Connection, Session};

/// The checks of this area.
pub(super) const CHECKS: [Check; 4] = [
    Check {
        id: "RC001",
        slug: "recover/reconnects-after-close",
        clauses: &["GCW-TR-01"],
        level: Level::Should,
        title: "reconnects after a close in good order",
        requirement: "After the server closed with 1000, 1001, 1011 or 1012, the client SHOULD connect again within 60 seconds.",
        why: "The real server closed with 1000 when it dropped somebody, and servers that restart or fail close with the \
              others. A client that takes one of them for the end of its work is gone after the first drop.",
        mend: "Connect again whenever a connection ends that you did not end, whatever the close code. If the client is \
               not meant to, say so: `--capabilities subscribe`.",
        scope: Scope::Of("server-closes"),
        needs: Some(Capability::Reconnect),
        timing: false,
        judge: reconnects_after_closes,
    },
    Check {
        id: "RC002",
        slug: "recover/reconnects-after-reset",
        clauses: &["GCW-TR-01"],
        level: Level::Should,
        title: "reconnects after the connection was cut",
        requirement: "After its connection was reset, the client SHOULD connect again within 60 seconds.",
        why: "Networks and servers cut connections as a matter of course. A bot that does not come back is found dead \
              the next morning.",
        mend: "Connect again whenever a connection ends that you did not end, after a pause that grows with each \
               failure. If the client is not meant to, say so: `--capabilities subscribe`.",
        scope: Scope::Of("reset"),
        needs: Some(Capability::Reconnect),
        timing: false,
        judge: |session| match session.mark("step:reset") {
            Some(reset_at) => reconnects(session, reset_at, "the reset"),
            None => not_ended(),
        },
    },
    Check {
        id: "RC004",
        slug: "recover/rejoins-then-resubscribes",
        clauses: &["GCW-JN-03", "GCW-SB-04"],
        level: Level::Should,
        title: "joins, then subscribes, after a reconnect",
        requirement: "On a new connection the client SHOULD join first and then subscribe again.",
        why: "The server forgets everything about a connection that ends. A client that only reconnects looks alive, \
              and never gets another message.",
        mend: "Run the whole opening on every connection: join, wait for the reply, send the subscription.",
        scope: Scope::Of("reset"),
        needs: Some(Capability::Reconnect),
        timing: false,
        judge: rejoins_then_resubscribes,
    },
    Check {
        id: "RC005",
        slug: "recover/third-time-too",
        clauses: &["GCW-TR-01", "GCW-SB-04"],
        level: Level::Should,
        title: "comes back a third time, too",
        requirement: "After its third lost connection the client SHOULD connect, join and subscribe again as after the first.",
        why: "What is set up once and torn down with the first connection works exactly one time more. Others count \
              their tries and never begin anew.",
        mend: "Open every connection by the same code, and forget the failures that are over once a connection works.",
        scope: Scope::Of("three-resets"),
        needs: Some(Capability::Reconnect),
        timing: false,
        judge: third_time_too,
    },
];

/// With what `server-closes` closes, in this order.
const CODES: [u16; 4] = [1000, 1001, 1011, 1012];

fn reconnects_after_closes(session: &Session) -> Observation {
    let closes: Vec<_> = session.marks("step:close").collect();
    let mut rulings = closes.iter().zip(CODES).map(|(&closed_at, code)| {
        reconnects(session, closed_at, &format!("the close with {code}"))
    });
    if let Some(ruling) = rulings.find(|ruling| ruling.outcome != Outcome::Met) {
        return ruling;
    }
    match (closes.len(), CODES.get(closes.len())) {
        (0, _) => not_ended(),
        (_, Some(code)) => {
            Observation::unseen(format!("the session ended before the close with {code}"))
        }
        (_, None) => Observation::met(
            "a new upgrade request after each of the closes with 1000, 1001, 1011 and 1012",
        ),
    }
}

/// Whether the client came back after its connection was ended, and by what.
fn reconnects(session: &Session, ended_at: Instant, by: &str) -> Observation {
    let expected = "a new upgrade request within 60 s";
    if let Some((index, at)) = upgrade_after(session, ended_at) {
        let after = at.since(ended_at).as_secs_f64();
        return Observation::met(format!("a new upgrade request {after:.2} s after {by}"))
            .at_entry(index, at);
    }
    if let Some((index, event)) = session.early_exit() {
        return Observation::unmet(format!("the client {} instead", how_it_ended(event)))
            .expecting(expected)
            .at_entry(index, session.entry(index).at);
    }
    match session.last_mark("missed:upgrade") {
        Some(at) if at >= ended_at => Observation::unmet(format!(
            "no upgrade request in the {:.0} s after {by}",
            at.since(ended_at).as_secs_f64()
        ))
        .expecting(expected),
        _ => Observation::unseen("the session ended before the client could connect again"),
    }
}

fn upgrade_after(session: &Session, ended_at: Instant) -> Option<(usize, Instant)> {
    session.requests().find(|request| request.at >= ended_at).map(|it| (it.entry, it.at))
}

/// How many connections `three-resets` resets.
const RESETS: usize = 3;

fn third_time_too(session: &Session) -> Observation {
    let resets: Vec<_> = session.marks("step:reset").collect();
    let Some(&last) = resets.get(RESETS - 1) else {
        return Observation::unseen(
            "the client did not come back twice, so it was not cut a third time",
        );
    };
    let expected = "a subscription on the connection after the third reset";
    let later = || {
        session
            .open_connections()
            .filter(move |connection| connection.opened_at.is_some_and(|at| at >= last))
    };
    let granted = later().find_map(|connection| {
        connection.server_frames().find(|(_, frame)| is_granted(frame)).map(|(seen, _)| seen)
    });
    if let Some(seen) = granted {
        return Observation::met("it subscribed again after the third reset")
            .at_entry(seen.entry, seen.at);
    }
    if let Some((entry, event)) = session.early_exit() {
        return Observation::unmet(format!("the client {}", how_it_ended(event)))
            .expecting(expected)
            .at_entry(entry, session.entry(entry).at);
    }
    if session.last_mark("missed:open").is_some_and(|at| at >= last) {
        return Observation::unmet("it did not connect after the third reset").expecting(expected);
    }
    match session.mark("end") {
        Some(_) if later().next().is_some() => {
            Observation::unmet("it connected after the third reset and never subscribed")
                .expecting(expected)
        }
        _ => Observation::unseen("the session ended before the client could come back"),
    }
}

/// Whether a frame of the server's grants a subscription.
pub(super) fn is_granted(frame: &Frame) -> bool {
    frame.payload["response"].get("subscriptionId").is_some()
}

fn rejoins_then_resubscribes(session: &Session) -> Observation {
    let Some(reset_at) = session.mark("step:reset") else { return not_ended() };
    let expected = "phx_join, then doc with the subscription, on the new connection";
    let later = session
        .open_connections()
        .filter(|connection| connection.opened_at.is_some_and(|at| at >= reset_at));
    let mut last = Observation::unseen("the client did not connect again");
    for connection in later {
        last = match opening(connection) {
            Opening::Whole => return Observation::met("it joined, then subscribed again"),
            Opening::DocFirst { entry, at } => {
                return Observation::unmet("it sent a document before it joined")
                    .expecting(expected)
                    .at_entry(entry, at);
            }
            Opening::NoJoin => match session.last_mark("missed:join") {
                Some(_) => {
                    Observation::unmet("it connected again and never joined").expecting(expected)
                }
                None => Observation::unseen("the session ended before the client could join again"),
            },
            Opening::NotGranted => match session.last_mark("missed:subscribed") {
                Some(_) => Observation::unmet(
                    "it joined and sent a document, but got no subscription: it left again, or sent a wrong document",
                )
                .expecting(expected),
                None => Observation::unseen("the session ended before it was given a subscription"),
            },
            Opening::NoDoc => match session.last_mark("missed:subscribed") {
                Some(_) => {
                    Observation::unmet("it joined again and never subscribed").expecting(expected)
                }
                None => {
                    Observation::unseen("the session ended before the client could subscribe again")
                }
            },
        };
    }
    last
}

/// How a client opened a connection.
enum Opening {
    Whole,
    DocFirst { entry: usize, at: Instant },
    NoJoin,
    NoDoc,
    NotGranted,
}

fn opening(connection: &Connection) -> Opening {
    let join = connection.on_control(names::PHX_JOIN).next();
    let doc = connection.on_control(names::DOC).next();
    match (join, doc) {
        (None, None) => Opening::NoJoin,
        (Some(_), None) => Opening::NoDoc,
        (Some((join, _)), Some((doc, _))) if join.entry < doc.entry => {
            match connection.server_frames().any(|(_, frame)| is_granted(frame)) {
                true => Opening::Whole,
                false => Opening::NotGranted,
            }
        }
        (_, Some((doc, _))) => Opening::DocFirst { entry: doc.entry, at: doc.at },
    }
}

fn not_ended() -> Observation {
    Observation::unseen("the client did not get so far that its connection was ended")
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::From;

    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{DOC, JOIN, OK, Wire, exited, outcome};

    fn reset() -> Wire {
        Wire::new().scenario("reset").open(1.0).subscribed(1.1).mark(2.0, "step:reset")
    }

    #[test]
    fn a_client_comes_back() {
        assert_eq!(outcome("RC002", reset().open(40.0)), Met);
        // A refused attempt is an attempt.
        assert_eq!(outcome("RC002", reset().upgrade(3.0, "/", &[], 403)), Met);
        assert_eq!(outcome("RC002", reset().entry(2.1, exited(Some(0), None))), Unmet);
        assert_eq!(outcome("RC002", reset().mark(62.0, "missed:upgrade")), Unmet);
        assert_eq!(outcome("RC002", reset()), Unseen);
        assert_eq!(outcome("RC002", Wire::new().scenario("reset").open(1.0)), Unseen);
    }

    #[test]
    fn a_close_in_good_order_is_no_farewell() {
        let closed = |times: usize| {
            let open = Wire::new().scenario("server-closes").open(1.0).subscribed(1.1);
            let closes = super::CODES.iter().zip(1_u8..).take(times);
            closes.fold(open, |wire, (&code, n)| {
                let at = 10.0 * f64::from(n);
                let closed = wire.mark(at, "step:close").close(at, From::Server, code);
                closed.close(at + 0.1, From::Client, code).open(at + 1.0)
            })
        };
        assert_eq!(outcome("RC001", closed(4)), Met);
        assert_eq!(outcome("RC001", closed(3)), Unseen);
        assert_eq!(outcome("RC001", closed(0)), Unseen);
        for before in 0..4 {
            let at = 45.0;
            let closed = || closed(before).mark(at, "step:close").close(at, From::Server, 1000);
            assert_eq!(outcome("RC001", closed()), Unseen);
            assert_eq!(outcome("RC001", closed().mark(at + 60.0, "missed:upgrade")), Unmet);
            assert_eq!(outcome("RC001", closed().entry(at + 0.1, exited(Some(0), None))), Unmet);
        }
    }

    #[test]
    fn the_third_time_is_like_the_first() {
        let cut = |times: u32| {
            (1..=times).fold(Wire::new().scenario("three-resets"), |wire, n| {
                let at = f64::from(n) * 10.0;
                wire.open(at).subscribed(at + 0.1).mark(at + 1.0, "step:reset")
            })
        };
        assert_eq!(outcome("RC005", cut(3).open(40.0).subscribed(40.1)), Met);
        let deaf = cut(3).open(40.0).client(40.1, JOIN).server(40.2, OK);
        assert_eq!(outcome("RC005", deaf.clone().mark(105.0, "end")), Unmet);
        assert_eq!(outcome("RC005", deaf), Unseen);
        let gone = cut(3).mark(91.0, "missed:open");
        assert_eq!(outcome("RC005", gone), Unmet);
        assert_eq!(outcome("RC005", cut(3).entry(31.5, exited(Some(0), None))), Unmet);
        assert_eq!(outcome("RC005", cut(2).open(30.0).subscribed(30.1)), Unseen);
    }

    #[test]
    fn it_joins_before_it_subscribes() {
        let back = || reset().open(3.0);
        assert_eq!(outcome("RC004", back().subscribed(3.1)), Met);
        // Whether it is back after its sleep is another matter.
        assert_eq!(outcome("RC004", back().subscribed(3.1).mark(125.0, "missed:subscribed")), Met);
        assert_eq!(outcome("RC004", back().client(3.1, DOC).client(3.2, JOIN)), Unmet);
        assert_eq!(outcome("RC004", back().mark(23.0, "missed:join")), Unmet);
        let joined = || back().client(3.1, JOIN).server(3.2, OK);
        assert_eq!(outcome("RC004", joined().mark(23.0, "missed:subscribed")), Unmet);
        let in_vain = joined().client(3.3, DOC).mark(23.0, "missed:subscribed");
        assert_eq!(outcome("RC004", in_vain), Unmet);
        assert_eq!(outcome("RC004", joined()), Unseen);
        assert_eq!(outcome("RC004", reset()), Unseen);
    }
}
