//! Replies to heartbeats that are unusual, and harmless.

use glimesh_proto::names;

use crate::check::heartbeat::ended_by;
use crate::check::process::how_it_ended;
use crate::check::{Check, Level, Observation, Scope};
use crate::session::{Connection, Seen, Session};

/// The checks HB011 and HB016.
pub(super) const CHECKS: [Check; 2] = [
    Check {
        id: "HB011",
        slug: "heartbeat/reply-as-printed",
        clauses: &["GCW-HB-06"],
        level: Level::Should,
        title: "bears the reply as the document prints it",
        requirement: "A heartbeat's reply whose first element is the text \"null\" SHOULD not end the connection or the client.",
        why: "The document prints the text, the real server sends null. A mock that was written after the document sends what it prints.",
        mend: "Read the first element as a string or null, and match the reply by the ref, its second element.",
        scope: Scope::Of("odd-heartbeat-replies"),
        needs: None,
        timing: false,
        judge: |session| {
            bears(session, |frame| {
                frame.join_ref.as_ref().is_some_and(|join_ref| join_ref.to_value() == "null")
            })
        },
    },
    Check {
        id: "HB016",
        slug: "heartbeat/late-reply",
        clauses: &["GCW-HB-03"],
        level: Level::Note,
        title: "bears a reply that comes late",
        requirement: "A client whose heartbeat is answered after 20 s MAY go on or connect anew; what it does is noted.",
        why: "A reply that comes after the client has given it up is a reply to a ref that nobody knows any more.",
        mend: "Ignore replies to refs that you do not wait for.",
        scope: Scope::Of("heartbeat-late-reply"),
        needs: None,
        timing: false,
        judge: bears_late,
    },
];

fn reply(
    session: &Session,
    is_meant: impl Fn(&glimesh_proto::Frame) -> bool,
) -> Option<(&Connection, &Seen)> {
    session.open_connections().find_map(|connection| {
        let mut replies = connection.server_frames();
        let (seen, _) = replies.find(|(_, frame)| {
            frame.topic == names::PHOENIX_TOPIC
                && frame.event == names::PHX_REPLY
                && is_meant(frame)
        })?;
        Some((connection, seen))
    })
}

fn bears(session: &Session, is_meant: impl Fn(&glimesh_proto::Frame) -> bool) -> Observation {
    let Some((connection, reply)) = reply(session, is_meant) else {
        return Observation::unseen("no heartbeat was answered in this way");
    };
    let expected = "it reads the reply, or ignores it, and beats on";
    let next = connection.heartbeats().find(|(seen, _)| seen.entry > reply.entry);
    if let Some((next, _)) = next {
        return Observation::met("it beats on").at_entry(next.entry, next.at);
    }
    ended_by(session, connection, reply)
        .or_else(|| {
            let (entry, at) = connection.left(session)?;
            Some(Observation::unmet("it took the reply for none").at_entry(entry, at))
        })
        .map(|observation| observation.expecting(expected))
        .unwrap_or_else(|| {
            Observation::unseen("the session ended before the next heartbeat was due")
        })
}

fn bears_late(session: &Session) -> Observation {
    let beaten = session.open_connections().any(|one| one.heartbeats().next().is_some());
    if !beaten {
        return Observation::unseen("the client sent no heartbeat");
    }
    if let Some((entry, event)) = session.early_exit() {
        return Observation::note(format!("the client {}", how_it_ended(event)))
            .at_entry(entry, session.entry(entry).at);
    }
    let mut open = session.open_connections();
    let first = open.next();
    let again = open.next().is_some();
    let went_on = first.is_some_and(|connection| connection.heartbeats().nth(1).is_some());
    match session.mark("end") {
        _ if again => Observation::met("it connected anew"),
        _ if went_on => Observation::met("it beats on"),
        Some(_) => Observation::note("it neither beats on nor connects anew"),
        None => Observation::unseen("the session ended before the next heartbeat was due"),
    }
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::From;

    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
    use crate::check::testing::{BEAT, BEAT_OK, Wire, exited, outcome};

    #[test]
    fn the_text_null_does_no_harm() {
        let printed = BEAT_OK.replacen("null", "\"null\"", 1);
        let open = || Wire::new().scenario("odd-heartbeat-replies").open(0.0).client(25.0, BEAT);
        let told = || open().server(25.0, &printed);
        assert_eq!(outcome("HB011", told().beat(50.0)), Met);
        assert_eq!(outcome("HB011", told().close(25.1, From::Client, 1002)), Unmet);
        assert_eq!(outcome("HB011", told().close(35.0, From::Client, 1000)), Unmet);
        assert_eq!(outcome("HB011", told().entry(25.1, exited(Some(101), None))), Unmet);
        assert_eq!(outcome("HB011", told()), Unseen);
        assert_eq!(outcome("HB011", open().server(25.0, BEAT_OK)), Unseen);
    }

    #[test]
    fn a_late_reply_does_no_harm() {
        let open = || Wire::new().scenario("heartbeat-late-reply").open(0.0).client(25.0, BEAT);
        assert_eq!(outcome("HB016", open().server(45.0, BEAT_OK).beat(50.0)), Met);
        assert_eq!(outcome("HB016", open().close(35.0, From::Client, 1000).open(36.0)), Met);
        assert_eq!(outcome("HB016", open().entry(45.1, exited(Some(1), None))), Note);
        assert_eq!(outcome("HB016", open().mark(95.0, "end")), Note);
        assert_eq!(outcome("HB016", open()), Unseen);
    }
}
