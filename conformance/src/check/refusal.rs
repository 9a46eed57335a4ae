//! What a client does when its subscription is refused, and when it is gone with its connection.

use std::time::Duration;

use glimesh_mock::transcript::ProcessEvent;
use glimesh_proto::{Frame, Reply, ServerMessage, Status};

use crate::check::process::how_it_ended;
use crate::check::subscribe::docs;
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::session::{Connection, Session};

/// The checks SB005 and SB008.
pub(super) const CHECKS: [Check; 2] = [
    Check {
        id: "SB005",
        slug: "subscribe/refused",
        clauses: &["ABS-02"],
        level: Level::Should,
        title: "copes with a refused subscription",
        requirement: "A client whose subscription is refused SHOULD not crash, and not try again without a pause.",
        why: "A refusal comes with status error and a list of errors, and will come again for the same document. Who tries again at once does nothing else any more, and looks like an attack.",
        mend: "Look at status in the reply to the doc. On error report the errors; if you try again, wait longer each time.",
        scope: Scope::Of("refused-subscription"),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: copes_with_refusal,
    },
    Check {
        id: "SB008",
        slug: "subscribe/again-after-reconnect",
        clauses: &["GCW-SB-04"],
        level: Level::Should,
        title: "subscribes again after a reconnect",
        requirement: "On a new connection the client SHOULD subscribe again, and listen to the new subscriptionId.",
        why: "Subscriptions end with their connection. A client that reconnects and joins, but does not subscribe, looks alive and hears nothing.",
        mend: "Keep the list of wanted subscriptions apart from the connection, and send them all after every join.",
        scope: Scope::Of("reset"),
        needs: Some(Capability::Reconnect),
        timing: false,
        judge: subscribes_again,
    },
];

/// How often the same document may be sent in the time that a refused client is watched, five seconds: once a second.
const MOST_TRIES: usize = 6;

fn copes_with_refusal(session: &Session) -> Observation {
    let mut refusals = session.open_connections().flat_map(Connection::server_frames);
    let refused = refusals.find(|(_, frame)| is_refusal(frame));
    let Some((refused, _)) = refused.filter(|_| docs(session).next().is_some()) else {
        return Observation::unseen("the client did not subscribe, so nothing was refused");
    };
    let expected = "no crash, and a second or more between two tries";
    if let Some((entry, at, tries)) = hammering(session) {
        return Observation::unmet(format!("the same document {tries} times within five seconds"))
            .expecting(expected)
            .at_entry(entry, at);
    }
    match session.early_exit() {
        Some((entry, event)) => {
            let told = format!("the client {} after the refusal", how_it_ended(event));
            let observation = match event {
                ProcessEvent::Exited { status: Some(0), .. } => Observation::note(told),
                ProcessEvent::Exited { status: Some(_), .. } => Observation::note(told)
                    .with_hint("if that was an exception that nobody caught, catch it"),
                _ => Observation::unmet(told),
            };
            observation.expecting(expected).at_entry(entry, session.entry(entry).at)
        }
        None if session.mark("end").is_none() => {
            Observation::unseen("the session ended before the client could try again")
        }
        None => {
            let tries = docs(session).filter(|(entry, ..)| *entry > refused.entry).count();
            Observation::met(match tries {
                0 => "it does not try again".to_owned(),
                n => format!("{n} more documents in five seconds"),
            })
        }
    }
}

/// A document that is sent too often within [`WINDOW`]: its last try, and how many there were.
fn hammering(session: &Session) -> Option<(usize, glimesh_proto::Instant, usize)> {
    let all: Vec<_> = docs(session).collect();
    all.iter().enumerate().find_map(|(nth, (entry, at, frame))| {
        let earlier = all[..nth].iter().rev();
        let recent = earlier.take_while(|(_, then, _)| at.since(*then) <= WINDOW);
        let same = recent.filter(|(_, _, other)| other.payload["query"] == frame.payload["query"]);
        let tries = same.take(MOST_TRIES).count() + 1;
        (tries > MOST_TRIES).then_some((*entry, *at, tries))
    })
}

const WINDOW: Duration = Duration::from_secs(5);

fn is_refusal(frame: &Frame) -> bool {
    let message = ServerMessage::try_from(frame);
    matches!(message, Ok(ServerMessage::Reply(Reply { status: Status::Error, .. })))
}

fn subscribes_again(session: &Session) -> Observation {
    let Some(reset_at) = session.mark("step:reset") else {
        return Observation::unseen(
            "the client did not subscribe, so the connection was not reset",
        );
    };
    let expected = "a doc with the subscription on the new connection";
    let later = session
        .open_connections()
        .filter(|connection| connection.opened_at.is_some_and(|at| at >= reset_at));
    let mut back = false;
    for connection in later {
        back = true;
        let granted = connection
            .server_frames()
            .find(|(_, frame)| frame.payload["response"].get("subscriptionId").is_some());
        if let Some((seen, _)) = granted {
            let after = seen.at.since(reset_at).as_secs_f64();
            return Observation::met(format!("subscribed again {after:.2} s after the reset"))
                .at_entry(seen.entry, seen.at);
        }
    }
    let missed = |what: &str| session.last_mark(&format!("missed:{what}")).is_some();
    if !back {
        return Observation::unseen("the client did not connect again");
    }
    if missed("subscribed") {
        return Observation::unmet("no subscription on the new connection").expecting(expected);
    }
    if missed("join") {
        return Observation::unseen("the client did not join again");
    }
    Observation::unseen("the session ended before the client could subscribe again")
}

#[cfg(test)]
mod tests {
    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
    use crate::check::testing::{DOC, JOIN, OK, SUBSCRIBED, Wire, exited, outcome};

    const REFUSED: &str = r#"["1","1","__absinthe__:control","phx_reply",{"response":{"errors":[{"message":"no"}]},"status":"error"}]"#;

    fn refused() -> Wire {
        let joined = Wire::new().scenario("refused-subscription").open(1.0).client(1.1, JOIN);
        joined.server(1.2, OK).client(1.3, DOC).server(1.4, REFUSED)
    }

    #[test]
    fn a_refusal_is_borne() {
        assert_eq!(outcome("SB005", refused().mark(6.5, "end")), Met);
        let slowly = (2..6).fold(refused(), |wire, at| wire.client(f64::from(at) + 0.4, DOC));
        assert_eq!(outcome("SB005", slowly.mark(6.5, "end")), Met);
        let hammered =
            (0..10).fold(refused(), |wire, n| wire.client(1.5 + f64::from(n) / 50.0, DOC));
        assert_eq!(outcome("SB005", hammered), Unmet);
        assert_eq!(outcome("SB005", refused().entry(1.5, exited(None, Some("SIGABRT")))), Unmet);
        assert_eq!(outcome("SB005", refused().entry(1.5, exited(Some(1), None))), Note);
        assert_eq!(outcome("SB005", refused()), Unseen);
        let joined = Wire::new().scenario("refused-subscription").open(1.0).client(1.1, JOIN);
        assert_eq!(outcome("SB005", joined), Unseen);
    }

    #[test]
    fn several_documents_are_no_hammering() {
        let each = |wire: Wire, n: u32| {
            let other = DOC.replace("channelId: 6", &format!("channelId: {n}"));
            wire.client(1.5, &other).server(1.5, REFUSED)
        };
        assert_eq!(outcome("SB005", (10..30).fold(refused(), each).mark(6.5, "end")), Met);
    }

    #[test]
    fn it_subscribes_again_on_a_new_connection() {
        let reset =
            || Wire::new().scenario("reset").open(1.0).subscribed(1.1).mark(2.0, "step:reset");
        assert_eq!(outcome("SB008", reset().open(3.0).subscribed(3.1)), Met);
        let joined = || reset().open(3.0).client(3.1, JOIN).server(3.2, OK);
        assert_eq!(outcome("SB008", joined().mark(23.0, "missed:subscribed")), Unmet);
        assert_eq!(outcome("SB008", joined().client(3.3, DOC).server(3.4, SUBSCRIBED)), Met);
        assert_eq!(outcome("SB008", reset().open(3.0).mark(23.0, "missed:join")), Unseen);
        assert_eq!(outcome("SB008", reset()), Unseen);
    }
}
