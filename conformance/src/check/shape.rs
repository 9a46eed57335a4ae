//! What comes from the server in a shape that a client may not have met: null refs, ids of any kind.

use std::time::Duration;

use glimesh_mock::transcript::{From, What};
use glimesh_proto::names;

use crate::check::afresh::ON_ITS_WAY;
use crate::check::heartbeat::{ended_by, error_after};
use crate::check::limit::{drop_note, spoiled};
use crate::check::process::how_it_ended;
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::session::{Connection, Seen, Session};

/// The checks MS003, MS004, MS008, MS012 and MS013.
pub(super) const CHECKS: [Check; 5] = [
    Check {
        id: "MS003",
        slug: "message/null-refs",
        clauses: &["GCW-MS-01"],
        level: Level::Must,
        title: "takes messages without refs",
        requirement: "The client MUST take a message whose join ref and ref are null, and whose topic is the subscription's id.",
        why: "Messages belong to a subscription, not to a request, and so have no refs. A client that routes by the join ref, or takes null for a fault, loses them or the connection.",
        mend: "Route subscription:data by the topic, which is the subscriptionId. Read both refs as a string or null.",
        scope: Scope::Of("quiet"),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: takes_null_refs,
    },
    Check {
        id: "MS004",
        slug: "message/any-subscription-id",
        clauses: &["GCW-MS-06"],
        level: Level::Should,
        title: "takes any subscription id",
        requirement: "The client SHOULD take the subscriptionId as it comes, whatever it looks like and however long it is.",
        why: "The document prints two ids of different form. The id is the server's to choose; a client that takes it apart, or has room for sixty letters, breaks with the next server.",
        mend: "Keep the id as one string, and compare it as a whole.",
        scope: Scope::Of("odd-heartbeat-replies"),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: takes_any_id,
    },
    Check {
        id: "MS008",
        slug: "message/null-leaves",
        clauses: &["GCW-MS-05"],
        level: Level::Should,
        title: "bears null in a message",
        requirement: "A message in which the user or the avatar is null SHOULD not end the client.",
        why: "The schema lets every field of a message be null. Code that reads user.username without a look crashes with the first message of an account that is gone.",
        mend: "Read fields with a default: message.user?.username ?? \"somebody\" in JavaScript, .get() in Python, Option in Rust.",
        scope: Scope::Of("burst"),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: bears_null,
    },
    Check {
        id: "MS012",
        slug: "message/fragments",
        clauses: &["WS-03"],
        level: Level::Should,
        title: "reads a message in fragments",
        requirement: "The client SHOULD take a text message that comes in several WebSocket frames for one message.",
        why: "Proxies cut messages as they like. Who reads WebSocket frames by hand takes each piece for a message, and fails to parse it.",
        mend: "Use a WebSocket library, or join the pieces until a frame with the FIN bit has come.",
        scope: Scope::Of("burst"),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: reads_fragments,
    },
    Check {
        id: "MS013",
        slug: "message/pings-between",
        clauses: &["WS-02", "WS-03"],
        level: Level::Should,
        title: "answers pings",
        requirement: "The client SHOULD answer a ping with a pong of the same data within 5 s, between the fragments of a message, too.",
        why: "Proxies and servers ping to see who is still there, and cut whoever does not answer.",
        mend: "Most libraries answer by themselves, as long as somebody reads: keep reading while you wait for other things.",
        scope: Scope::Of("burst"),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: answers_pings,
    },
];

fn takes_null_refs(session: &Session) -> Observation {
    let mut last =
        Observation::unseen("the client did not subscribe, so no message was sent to it");
    for connection in session.open_connections() {
        let mut pushes = connection.server_frames().filter(|(_, frame)| {
            frame.event == names::SUBSCRIPTION_DATA && frame.join_ref.is_none()
        });
        let Some((push, _)) = pushes.next() else { continue };
        let expected = "it reads the message and goes on";
        if let Some(observation) = ended_by(session, connection, push) {
            return observation.expecting(expected);
        }
        // A frame that was on its way says nothing.
        let next = connection
            .client_frames()
            .find(|(seen, _)| seen.entry > push.entry && seen.at.since(push.at) > ON_ITS_WAY);
        match next {
            Some((seen, frame)) => {
                let told = format!("it goes on, with {} after the message", frame.event);
                return Observation::met(told).at_entry(seen.entry, seen.at);
            }
            None => {
                last = Observation::unseen(
                    "nothing came after the message that shows how it was taken",
                )
            }
        }
    }
    last
}

fn takes_any_id(session: &Session) -> Observation {
    let Some((connection, reply)) = session.open_connections().find_map(|connection| {
        let mut replies = connection.server_frames();
        let (seen, _) =
            replies.find(|(_, frame)| frame.payload["response"].get("subscriptionId").is_some())?;
        Some((connection, seen))
    }) else {
        return Observation::unseen("the client did not subscribe, so it was given no id");
    };
    let expected = "it goes on beating on the same connection";
    goes_on(session, connection, reply, expected)
}

/// Whether a client that was told something goes on beating on the same connection.
fn goes_on(session: &Session, connection: &Connection, told: &Seen, expected: &str) -> Observation {
    if let Some(observation) = ended_by(session, connection, told) {
        return observation.expecting(expected);
    }
    // A heartbeat that was on its way says nothing.
    let settled = session.marks("settled").find(|settled| *settled >= told.at);
    let beat = settled.and_then(|settled| {
        connection.heartbeats().find(|(seen, _)| seen.at >= settled).map(|(seen, _)| seen)
    });
    if let Some(beat) = beat {
        return Observation::met("it goes on beating").at_entry(beat.entry, beat.at);
    }
    if let Some((entry, event)) = session.early_exit() {
        let how = how_it_ended(event);
        return Observation::unmet(format!("the client {how} after it"))
            .expecting(expected)
            .at_entry(entry, session.entry(entry).at);
    }
    if drop_note(session, connection).is_some() && !spoiled(session) {
        return Observation::unmet("the client fell silent after it")
            .expecting(expected)
            .at_entry(told.entry, told.at);
    }
    let error = error_after(connection, told);
    match connection.left(session) {
        Some((_, at)) if error.is_some_and(|error| error <= at) => {
            Observation::unseen("the client ended the connection after an error that came later")
        }
        Some((entry, at)) => Observation::unmet("the client ended the connection after it")
            .expecting(expected)
            .at_entry(entry, at),
        None => Observation::unseen("no heartbeat came that would show that it goes on"),
    }
}

/// The first message that was sent to a client after the timeline's first step of a kind.
fn message_after<'a>(session: &'a Session, step: &str) -> Option<(&'a Connection, &'a Seen)> {
    let since = session.mark(step)?;
    session.open_connections().find_map(|connection| {
        let mut messages = connection.server_frames();
        let (seen, _) = messages
            .find(|(seen, frame)| frame.event == names::SUBSCRIPTION_DATA && seen.at >= since)?;
        Some((connection, seen))
    })
}

fn bears_null(session: &Session) -> Observation {
    match message_after(session, "step:push") {
        Some((connection, told)) => {
            goes_on(session, connection, told, "no crash, and the next heartbeat")
        }
        None => not_subscribed(),
    }
}

fn reads_fragments(session: &Session) -> Observation {
    match message_after(session, "step:fragment") {
        Some((connection, told)) => {
            goes_on(session, connection, told, "it reads the message and goes on")
        }
        None => not_subscribed(),
    }
}

fn not_subscribed() -> Observation {
    Observation::unseen("the client did not subscribe, so no message was sent to it")
}

fn answers_pings(session: &Session) -> Observation {
    let pinged = session.open_connections().find_map(|connection| {
        let ping =
            connection.entries.iter().find_map(|&index| match &session.entry(index).what {
                What::Ping { from: From::Server, hex } => Some((index, hex)),
                _ => None,
            })?;
        Some((connection, ping))
    });
    let Some((connection, (ping, payload))) = pinged else {
        return Observation::unseen("the client did not subscribe, so no ping was sent to it");
    };
    let pinged_at = session.entry(ping).at;
    let pong = connection.entries.iter().find(|&&index| {
        index > ping
            && matches!(&session.entry(index).what,
                What::Pong { from: From::Client, hex } if hex == payload)
    });
    let expected = "a pong with the ping's data within 5 s, and an open connection";
    // What comes after that is judged elsewhere.
    let until = session.mark("step:push").unwrap_or_else(|| session.ended_at());
    if let Some((entry, at)) = connection.left(session).filter(|(_, at)| *at <= until) {
        return Observation::unmet("the client ended the connection after the ping")
            .expecting(expected)
            .at_entry(entry, at);
    }
    match pong {
        Some(&index) => {
            let took = session.entry(index).at.since(pinged_at);
            let told = format!("a pong with the ping's data after {} ms", took.as_millis());
            let in_time = took <= PONG_WITHIN;
            let observation =
                if in_time { Observation::met(told) } else { Observation::unmet(told) };
            observation.expecting(expected).at_entry(index, session.entry(index).at)
        }
        None if session.shown_until(connection).since(pinged_at) > PONG_WITHIN => {
            Observation::unmet("no pong with the ping's data")
                .expecting(expected)
                .at_entry(ping, pinged_at)
        }
        None => Observation::unseen("the session ended before the pong was due"),
    }
}

/// How soon a ping is answered.
const PONG_WITHIN: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::{From, What};

    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{Wire, dropped, exited, outcome};

    const DATA: &str = r#"[null,null,"__absinthe__:doc:-1:33B2","subscription:data",{"result":{"data":{}},"subscriptionId":"__absinthe__:doc:-1:33B2"}]"#;

    #[test]
    fn a_message_has_no_refs() {
        let told = || Wire::new().open(1.0).subscribed(1.1).server(2.0, DATA);
        assert_eq!(outcome("MS003", told().beat(26.0)), Met);
        assert_eq!(outcome("MS003", told().beat(2.1)), Unseen);
        assert_eq!(outcome("MS003", told().close(2.1, From::Client, 1002)), Unmet);
        assert_eq!(outcome("MS003", told().entry(2.1, exited(Some(1), None))), Unmet);
        assert_eq!(outcome("MS003", told()), Unseen);
        assert_eq!(outcome("MS003", Wire::new().open(1.0).subscribed(1.1)), Unseen);
    }

    #[test]
    fn who_leaves_at_an_error_does_not_leave_at_the_message_before() {
        let error = r#"[null,"2","phoenix","phx_reply",{"response":{},"status":"error"}]"#;
        let open = || Wire::new().scenario("odd-heartbeat-replies").open(1.0).subscribed(1.1);
        assert_eq!(outcome("MS004", open().close(1.4, From::Client, 1000)), Unmet);
        let beaten = open().beat(1.2).server(1.2, error).close(1.4, From::Client, 1000);
        assert_eq!(outcome("MS004", beaten), Unseen);
    }

    #[test]
    fn null_and_fragments_are_read() {
        for (id, step) in [("MS008", "step:push"), ("MS012", "step:fragment")] {
            let open = || Wire::new().scenario("burst").open(1.0).subscribed(1.1);
            let told = || open().mark(2.0, step).server(2.0, DATA).mark(2.5, "settled");
            assert_eq!(outcome(id, told().beat(26.0)), Met);
            assert_eq!(outcome(id, told().entry(2.6, exited(Some(101), None))), Unmet);
            assert_eq!(outcome(id, told().close(2.6, From::Client, 1002)), Unmet);
            assert_eq!(outcome(id, told().entry(33.0, dropped())), Unmet);
            assert_eq!(outcome(id, told()), Unseen);
            assert_eq!(outcome(id, open()), Unseen);
        }
    }

    #[test]
    fn a_ping_is_answered_with_its_data() {
        let ping = || What::Ping { from: From::Server, hex: "6b".to_owned() };
        let pong = |hex: &str| What::Pong { from: From::Client, hex: hex.to_owned() };
        let open = || Wire::new().scenario("burst").open(1.0).subscribed(1.1);
        let pinged = || open().entry(2.0, ping());
        assert_eq!(outcome("MS013", pinged().entry(2.1, pong("6b"))), Met);
        assert_eq!(outcome("MS013", pinged().entry(2.1, pong("")).entry(2.1, pong("6b"))), Met);
        assert_eq!(outcome("MS013", pinged().entry(2.1, pong("")).mark(9.0, "end")), Unmet);
        assert_eq!(outcome("MS013", pinged().entry(8.0, pong("6b"))), Unmet);
        let left = pinged().entry(2.1, pong("6b")).eof(2.2, From::Client);
        assert_eq!(outcome("MS013", left), Unmet);
        let later = pinged().entry(2.1, pong("6b")).mark(9.0, "step:push").eof(9.1, From::Client);
        assert_eq!(outcome("MS013", later), Met);
        assert_eq!(outcome("MS013", pinged()), Unseen);
        assert_eq!(outcome("MS013", open()), Unseen);
    }

    #[test]
    fn an_id_is_taken_as_it_comes() {
        let given = || {
            Wire::new()
                .scenario("odd-heartbeat-replies")
                .open(1.0)
                .subscribed(1.1)
                .mark(1.6, "settled")
        };
        assert_eq!(outcome("MS004", given().beat(26.0)), Met);
        assert_eq!(outcome("MS004", given().close(2.1, From::Client, 1002)), Unmet);
        assert_eq!(outcome("MS004", given().close(9.1, From::Client, 1002)), Unmet);
        assert_eq!(outcome("MS004", given().entry(9.1, exited(None, Some("SIGABRT")))), Unmet);
        assert_eq!(outcome("MS004", given()), Unseen);
        assert_eq!(
            outcome("MS004", Wire::new().scenario("odd-heartbeat-replies").open(1.0)),
            Unseen
        );
    }
}
