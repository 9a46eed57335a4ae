//! What a client makes of the reply to its join: refused, missing, late, somebody else's, early, or of an older join.

use std::time::Duration;

use glimesh_mock::transcript::ProcessEvent;
use glimesh_proto::{Frame, names};

use crate::check::join::{BURST, RETRY_AFTER, answers, is_doc, status};
use crate::check::limit::drop_note;
use crate::check::process::how_it_ended;
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::session::{Connection, Seen, Session};

/// The checks JN005 to JN010.
pub(super) const CHECKS: [Check; 6] = [
    Check {
        id: "JN005",
        slug: "join/refused",
        clauses: &["GCW-JN-02", "PHX-11"],
        level: Level::Should,
        title: "copes with a refused join",
        requirement: "After a join that is refused the client SHOULD send no doc, and join again after a second or more, or end with a status other than 0.",
        why: "Many clients never look at the status of the reply: they subscribe in vain, or wait for ever for an ok that does not come.",
        mend: "Look at status in the join's reply. On error wait, a second at first and longer each time, and join again.",
        scope: Scope::Of("refused-join"),
        needs: None,
        timing: false,
        judge: copes_with_refusal,
    },
    Check {
        id: "JN006",
        slug: "join/unanswered",
        clauses: &["GCW-JN-03", "PHX-11"],
        level: Level::Should,
        title: "copes with a join that is never answered",
        requirement: "A client whose join is not answered SHOULD join again, connect anew or end within 60 s.",
        why: "A reply can be lost with the process that should have sent it. Without a timeout the client waits for ever, connected and deaf.",
        mend: "Start a timer with the join, 10 s for example; when it fires without a reply, join again or connect anew.",
        scope: Scope::Of("unanswered-join"),
        needs: None,
        timing: false,
        judge: copes_with_silence,
    },
    Check {
        id: "JN007",
        slug: "join/late-reply",
        clauses: &["GCW-JN-03"],
        level: Level::Should,
        title: "goes on once after a late reply",
        requirement: "When the join's reply comes late, the client SHOULD subscribe then, and each document once.",
        why: "A client whose own timeout and the late reply both start the subscription gets every message twice.",
        mend: "Let one state, joining or joined, decide what a reply and a timeout may start.",
        scope: Scope::Of("late-join"),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: goes_on_once,
    },
    Check {
        id: "JN008",
        slug: "join/foreign-reply",
        clauses: &["GCW-JN-02", "PHX-02"],
        level: Level::Should,
        title: "knows its own reply by the ref",
        requirement: "The client SHOULD take only the reply with the ref of its join for the answer to it.",
        why: "Replies come in any order. A client that takes the next reply for the one it waits for is ready too early, or takes an error for a success.",
        mend: "Compare the second element of a phx_reply with the ref of your join.",
        scope: Scope::Of("foreign-reply"),
        needs: None,
        timing: false,
        judge: knows_its_reply,
    },
    Check {
        id: "JN009",
        slug: "join/early-reply",
        clauses: &["GCW-JN-02"],
        level: Level::Should,
        title: "hears a reply that comes at once",
        requirement: "The client SHOULD hear the join's reply however soon it comes, and go on.",
        why: "A server on the same machine answers within a millisecond. A client that notes the ref, or begins to read, only after it has sent the join overhears that.",
        mend: "Note the ref and set up the handler before you send the join.",
        scope: Scope::Of("quiet"),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: hears_early_reply,
    },
    Check {
        id: "JN010",
        slug: "join/stale-close",
        clauses: &["PHX-08", "PHX-09"],
        level: Level::Should,
        title: "ignores the close of another join",
        requirement: "A phx_close with a join ref that is not the live join's SHOULD change nothing.",
        why: "After a second join the server replies to it, and then closes the first one's channel, with that one's join ref. A client that heeds it tears down what it has just built.",
        mend: "Compare the first element of phx_close and phx_error with the join ref of your last join.",
        scope: Scope::Of("late-join"),
        needs: None,
        timing: false,
        judge: ignores_stale_close,
    },
];

/// How soon a client that was refused or left unanswered does something about it.
const WITHIN: Duration = Duration::from_secs(60);

/// What is allowed beyond [`WITHIN`].
const WITHIN_TOLERANCE: Duration = Duration::from_secs(5);

/// A reply within this time comes at once.
const AT_ONCE: Duration = Duration::from_secs(1);

/// How long a client that was answered at once is watched.
const WATCHED: Duration = Duration::from_secs(4);

/// How long a client is watched that was told of a channel which is none of its own.
const UNMOVED: Duration = Duration::from_secs(2);

/// The session's first join, with its connection.
fn first_join(session: &Session) -> Option<(&Connection, &Seen, &Frame)> {
    session.open_connections().find_map(|connection| {
        let (seen, frame) = connection.on_control(names::PHX_JOIN).next()?;
        Some((connection, seen, frame))
    })
}

/// The next join after an entry, on whatever connection.
fn next_join(session: &Session, after: usize) -> Option<&Seen> {
    let joins = session
        .open_connections()
        .flat_map(|connection| connection.on_control(names::PHX_JOIN))
        .map(|(seen, _)| seen);
    joins.filter(|seen| seen.entry > after).min_by_key(|seen| seen.entry)
}

fn no_join() -> Observation {
    Observation::unseen("there was no join")
}

fn copes_with_refusal(session: &Session) -> Observation {
    let Some((connection, join, asked)) = first_join(session) else { return no_join() };
    let refusal = connection.server_frames().find(|(seen, frame)| {
        seen.entry > join.entry && answers(frame, asked) && status(frame) == Some("error")
    });
    let Some((refusal, _)) = refusal else {
        return Observation::unseen("the join was not refused");
    };
    let expected = "a new join after a second or more, or an end with a status other than 0";
    let again = next_join(session, refusal.entry);
    let up_to = again.map_or(usize::MAX, |seen| seen.entry);
    let in_vain = connection.on_control(names::DOC).find(|(seen, _)| {
        // What was on its way when the refusal came says nothing.
        seen.entry > refusal.entry && seen.entry < up_to && seen.at.since(refusal.at) > BURST
    });
    if let Some((seen, _)) = in_vain {
        return Observation::unmet("a doc after the join was refused")
            .expecting(expected)
            .at_entry(seen.entry, seen.at)
            .with_hint("the client does not look at the status of the reply");
    }
    if let Some(seen) = again {
        let after = seen.at.since(refusal.at);
        let told = format!("a new join {:.2} s after the refusal", after.as_secs_f64());
        let observation =
            if after >= RETRY_AFTER { Observation::met(told) } else { Observation::unmet(told) };
        return observation.expecting(expected).at_entry(seen.entry, seen.at);
    }
    ended_instead(session, expected).unwrap_or_else(|| match session.last_mark("missed:join") {
        Some(_) => Observation::unmet("no new join after the refusal").expecting(expected),
        None => Observation::unseen("the session ended before the client could join again"),
    })
}

/// How a client that was given no way to go on ended.
fn ended_instead(session: &Session, expected: &str) -> Option<Observation> {
    let (entry, event) = session.early_exit()?;
    let told = format!("the client {}", how_it_ended(event));
    let observation = match event {
        ProcessEvent::Exited { status: Some(0), .. } => Observation::weak(told)
            .with_hint("status 0 says that all is well; whoever started the client is not told"),
        ProcessEvent::Exited { status: Some(_), .. } => Observation::met(told),
        _ => Observation::unmet(told),
    };
    Some(observation.expecting(expected).at_entry(entry, session.entry(entry).at))
}

fn copes_with_silence(session: &Session) -> Observation {
    let Some((connection, join, asked)) = first_join(session) else { return no_join() };
    let answered = connection
        .server_frames()
        .any(|(seen, frame)| seen.entry > join.entry && answers(frame, asked));
    // A second join of the same refs may have been answered.
    if answered && next_join(session, join.entry).is_none() {
        return Observation::unseen("the join was answered");
    }
    let expected = "a new join, a new connection or an end within 60 s";
    let left = connection.left(session);
    let again = next_join(session, join.entry).map(|seen| (seen.entry, seen.at));
    let earlier = [left, again].into_iter().flatten().min_by_key(|(entry, _)| *entry);
    if let Some((entry, at)) = earlier {
        let after = at.since(join.at);
        let told = format!("it gave the join up after {:.1} s", after.as_secs_f64());
        let observation = if after <= WITHIN + WITHIN_TOLERANCE {
            Observation::met(told)
        } else {
            Observation::unmet(told)
        };
        return observation.expecting(expected).at_entry(entry, at);
    }
    // Who ends because the server dropped it for its silence has shown nothing about its join.
    if drop_note(session, connection).is_some() {
        return Observation::unseen(
            "the server dropped the client, which did not beat, before it gave the join up",
        );
    }
    ended_instead(session, expected).unwrap_or_else(|| match session.last_mark("missed:join") {
        Some(_) => Observation::unmet("it waits for the join's reply for ever").expecting(expected),
        None => Observation::unseen("the session ended before the client could give up"),
    })
}

fn goes_on_once(session: &Session) -> Observation {
    let Some((connection, join, asked)) = first_join(session) else { return no_join() };
    let reply = connection
        .server_frames()
        .find(|(seen, frame)| seen.entry > join.entry && answers(frame, asked));
    let Some((reply, _)) = reply else {
        return Observation::note("it did not wait for the late reply: the connection had ended");
    };
    let waited = reply.at.since(join.at).as_secs_f64();
    let gave_up = next_join(session, join.entry).is_some_and(|seen| seen.entry < reply.entry);
    let docs: Vec<_> = connection.on_control(names::DOC).collect();
    for (nth, (seen, doc)) in docs.iter().enumerate() {
        let again = |other: &&(&Seen, &Frame)| other.1.payload == doc.payload;
        let joined_between = |earlier: &Seen| {
            let mut joins = connection.on_control(names::PHX_JOIN);
            joins.any(|(join, _)| join.entry > earlier.entry && join.entry < seen.entry)
        };
        let twin = docs[..nth].iter().rev().find(again);
        if twin.is_some_and(|(earlier, _)| !joined_between(earlier)) {
            return Observation::unmet("the same document twice after the late reply")
                .expecting("each document once")
                .at_entry(seen.entry, seen.at)
                .with_hint("a timeout and the reply may both have started the subscription");
        }
    }
    match docs.first() {
        _ if gave_up => Observation::note("it did not wait for the late reply, but joined again"),
        Some((seen, _)) => {
            Observation::met(format!("subscribed once; the reply took {waited:.1} s"))
                .at_entry(seen.entry, seen.at)
        }
        None if session.last_mark("missed:subscribed").is_some() => {
            Observation::unmet(format!("no doc after a reply that took {waited:.1} s"))
                .expecting("the subscription, once")
        }
        None => Observation::unseen("the session ended before the client could subscribe"),
    }
}

fn knows_its_reply(session: &Session) -> Observation {
    let Some((connection, join, asked)) = first_join(session) else { return no_join() };
    let replies = || {
        let later = connection.server_frames().filter(|(seen, _)| seen.entry > join.entry);
        later.filter(|(_, frame)| frame.event == names::PHX_REPLY)
    };
    let foreign = replies().find(|(_, frame)| frame.msg_ref != asked.msg_ref);
    let own = replies().find(|(_, frame)| answers(frame, asked));
    let Some((foreign, _)) = foreign else {
        return Observation::unseen("no foreign reply was sent");
    };
    if own.is_some_and(|(own, _)| own.entry < foreign.entry) {
        return Observation::unseen("the join was answered before the foreign reply came");
    }
    let ready = own.map_or(usize::MAX, |(own, _)| own.entry);
    let before = connection
        .client_frames()
        .find(|(seen, frame)| is_doc(frame) && seen.entry < foreign.entry);
    if let Some((seen, _)) = before {
        return Observation::note("it waits for no reply, and so was not put to the test")
            .at_entry(seen.entry, seen.at);
    }
    let early = connection
        .client_frames()
        .find(|(seen, frame)| is_doc(frame) && seen.entry > foreign.entry && seen.entry < ready);
    match (early, own) {
        (Some((seen, _)), _) => {
            Observation::unmet("a doc right after the reply to somebody else's ref")
                .expecting("no doc before the reply with the join's own ref")
                .at_entry(seen.entry, seen.at)
        }
        (None, Some(_)) => Observation::met("it waited for the reply with its own ref"),
        (None, None) => Observation::unseen("the connection ended before the join's own reply"),
    }
}

fn hears_early_reply(session: &Session) -> Observation {
    let Some((connection, join, asked)) = first_join(session) else { return no_join() };
    let reply = connection.server_frames().find(|(seen, frame)| {
        seen.entry > join.entry && answers(frame, asked) && status(frame) == Some("ok")
    });
    let Some((reply, _)) = reply.filter(|(seen, _)| seen.at.since(join.at) <= AT_ONCE) else {
        return Observation::unseen("the join was not answered at once");
    };
    let took = reply.at.since(join.at).as_millis();
    if let Some((seen, _)) = connection.client_frames().find(|(_, frame)| is_doc(frame)) {
        return Observation::met(format!("a doc; the join's reply took {took} ms"))
            .at_entry(seen.entry, seen.at);
    }
    let watched = session.shown_until(connection).since(reply.at);
    if watched < WATCHED {
        return Observation::unseen(format!(
            "no doc, but the client was watched for only {:.1} s after its join",
            watched.as_secs_f64()
        ));
    }
    Observation::unmet(format!(
        "no doc in {:.1} s after the reply, which took {took} ms",
        watched.as_secs_f64()
    ))
    .expecting("the subscription after the join's reply")
}

fn ignores_stale_close(session: &Session) -> Observation {
    let told_at = session.mark("step:send");
    let stale = session.open_connections().find_map(|connection| {
        let mut frames = connection.server_frames();
        let (seen, _) = frames.find(|(_, frame)| frame.event == names::PHX_CLOSE)?;
        Some((connection, seen))
    });
    let (Some((connection, close)), Some(_)) = (stale, told_at) else {
        return Observation::unseen("the client did not join, so no channel was closed");
    };
    let expected = "no reaction to a close with a foreign join ref";
    let unmet =
        |told: &str, entry, at| Observation::unmet(told).expecting(expected).at_entry(entry, at);
    let until = session.ended_at();
    if let Some(seen) = next_join(session, close.entry).filter(|seen| seen.at <= until) {
        return unmet("it joined again", seen.entry, seen.at);
    }
    if let Some((entry, at)) = connection.left(session).filter(|(_, at)| *at <= until) {
        return unmet("it ended the connection", entry, at);
    }
    let exit = session.early_exit().filter(|(entry, _)| session.entry(*entry).at <= until);
    if let Some((entry, event)) = exit {
        let told = format!("the client {}", how_it_ended(event));
        return unmet(&told, entry, session.entry(entry).at);
    }
    let unmoved = session.shown_until(connection).min(until).since(close.at);
    if unmoved < UNMOVED {
        return Observation::unseen("the session ended too soon to show a reaction");
    }
    Observation::met(format!("no reaction in {:.1} s", unmoved.as_secs_f64()))
}

#[cfg(test)]
mod tests;
