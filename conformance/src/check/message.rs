//! Incoming chat messages.

use glimesh_proto::names;

use crate::check::limit::{TOLERANCE, drop_note, limit, secs, spoiled};
use crate::check::process::how_it_ended;
use crate::check::{Check, Level, Observation, Scope, Timing};
use crate::session::{Connection, Session};

/// The checks of this area.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "MS002",
    slug: "message/stays-alive-after-messages",
    clauses: &["GCW-MS-03", "GCW-HB-01"],
    level: Level::Must,
    title: "stays alive when messages come",
    requirement: "The client MUST read the messages that it subscribed to, and go on beating.",
    why: "A client that reads and beats in one loop stops beating as long as messages keep it busy, and one that trips \
          over a message is gone with the first of them.",
    mend: "Let the heartbeat run on a timer or task of its own, and handle each message so that an error in one cannot \
           end the loop.",
    scope: Scope::Of("burst"),
    needs: Some(crate::check::Capability::Subscribe),
    timing: true,
    judge: stays_alive,
}];

fn stays_alive(session: &Session) -> Observation {
    let Some(connection) = session.open_connections().find(|connection| pushes(connection) > 0)
    else {
        return Observation::unseen("the client did not subscribe, so no message was sent to it");
    };
    let sent = pushes(connection);
    let expected = format!("a heartbeat on the same connection after {sent} messages");
    let data = connection.server_frames().filter(|(_, frame)| is_push(&frame.event));
    let Some((last, _)) = data.last() else { return Observation::unseen("no message was sent") };
    // A heartbeat that was on its way when the messages came says nothing.
    let settled = session.mark("settled").unwrap_or(last.at);
    if let Some((beat, _)) = connection.heartbeats().find(|(seen, _)| seen.at >= settled) {
        let after = session.clock.beats(beat.at.since(last.at));
        return Observation::met(format!(
            "{sent} messages, then a heartbeat {} s after the last",
            secs(after)
        ));
    }
    if let Some((entry, event)) = session.early_exit() {
        return Observation::unmet(format!(
            "the client {} after the messages",
            how_it_ended(event)
        ))
        .expecting(expected)
        .at_entry(entry, session.entry(entry).at);
    }
    if let Some((entry, at, text)) = drop_note(session, connection) {
        if spoiled(session) {
            return Observation::unseen(
                "the server dropped the client, but this machine stalled meanwhile",
            );
        }
        let measured = session.clock.beats(at.since(last.at));
        let timing = Timing { measured, limit: limit(session), tolerance: TOLERANCE };
        return Observation::unmet(text)
            .expecting(expected)
            .at_entry(entry, at)
            .with_timing(timing);
    }
    match connection.left(session) {
        Some((entry, at)) => {
            Observation::unmet("the client ended the connection after the messages")
                .expecting(expected)
                .at_entry(entry, at)
        }
        None => Observation::unseen("the session ended before the next heartbeat was due"),
    }
}

fn pushes(connection: &Connection) -> usize {
    connection.server_frames().filter(|(_, frame)| is_push(&frame.event)).count()
}

fn is_push(event: &str) -> bool {
    event == names::SUBSCRIPTION_DATA
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::From;

    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{Wire, dropped, exited, outcome, stop};

    const DATA: &str = r#"[null,null,"__absinthe__:doc:-1:33B2","subscription:data",{"result":{"data":{}},"subscriptionId":"__absinthe__:doc:-1:33B2"}]"#;

    fn messages() -> Wire {
        Wire::new().scenario("burst").open(1.0).subscribed(1.1).server(2.0, DATA).server(2.0, DATA)
    }

    #[test]
    fn messages_do_not_keep_a_client_from_beating() {
        assert_eq!(outcome("MS002", messages().beat(26.0)), Met);
        assert_eq!(outcome("MS002", messages().entry(33.0, dropped())), Unmet);
        assert_eq!(outcome("MS002", messages().entry(2.1, exited(Some(1), None))), Unmet);
        assert_eq!(outcome("MS002", messages().close(2.1, From::Client, 1002)), Unmet);
        // Whoever is asked to stop may close.
        let stopped = messages().entry(2.1, stop()).close(2.2, From::Client, 1000);
        assert_eq!(outcome("MS002", stopped), Unseen);
        assert_eq!(outcome("MS002", messages()), Unseen);
        assert_eq!(outcome("MS002", Wire::new().scenario("burst").open(1.0)), Unseen);
    }
}
