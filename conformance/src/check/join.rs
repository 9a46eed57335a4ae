//! The chapter on joining the control topic: soon, first, once, and nothing else before the answer.

use std::time::Duration;

use glimesh_mock::transcript::{Entry, From, What};
use glimesh_proto::{Frame, Instant, names};
use serde_json::Value;

use crate::check::{Check, Level, Observation, Scope, Timing};
use crate::session::{Connection, Seen, Session};

/// How soon after the open the join comes.
const JOIN_WITHIN: Duration = Duration::from_secs(5);

/// What is allowed beyond [`JOIN_WITHIN`]: on a loaded machine a client may wait for the processor for so long
/// between its open and its first frame.
const JOIN_TOLERANCE: Duration = Duration::from_secs(2);

/// A document that follows its join within this time was sent without waiting, in one burst. A client that writes
/// both from one function needs microseconds; a quarter of a second leaves room for a loaded machine, and is far
/// less than any client's timer and than the three seconds for which the answer is held.
pub(super) const BURST: Duration = Duration::from_millis(250);

/// Who joins again this long after an unanswered join has a timer for it, of a second or more; the wire may have
/// held up the first join a little.
pub(super) const RETRY_AFTER: Duration = Duration::from_millis(900);

/// Phoenix's own timeout of a join; whoever waited so long may try again.
///
/// Source: Phoenix 1.7.0, `assets/js/phoenix/constants.js`, `DEFAULT_TIMEOUT`.
const JOIN_TIMEOUT: Duration = Duration::from_secs(10);

/// The checks JN001 to JN004.
pub(super) const CHECKS: [Check; 4] = [
    Check {
        id: "JN001",
        slug: "join/after-open",
        clauses: &["GCW-CN-05", "GCW-JN-01"],
        level: Level::Must,
        title: "joins after the open",
        requirement: "The client MUST send phx_join on __absinthe__:control within 5 s of the open, on every connection.",
        why: "Before the join every document is answered with \"unmatched topic\". A client that forgets to join again after a reconnect looks connected, and hears nothing.",
        mend: r#"As soon as the socket is open, send ["1","1","__absinthe__:control","phx_join",{}]."#,
        scope: Scope::Every,
        needs: None,
        timing: true,
        judge: |session| each_connection(session, joins_after_open),
    },
    Check {
        id: "JN002",
        slug: "join/first",
        clauses: &["GCW-JN-01"],
        level: Level::Should,
        title: "the join is first",
        requirement: "The first frame on a connection SHOULD be the join.",
        why: "What reaches the server before the join gets the answer \"unmatched topic\", and a document sent then is lost.",
        mend: "Send the join in the handler of the open event, and everything else after its reply.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: |session| each_connection(session, join_is_first),
    },
    Check {
        id: "JN003",
        slug: "join/wait-for-ready",
        clauses: &["GCW-JN-03"],
        level: Level::Should,
        title: "nothing else before ready",
        requirement: "The client SHOULD send no doc before the join's reply has come.",
        why: "The reply means that the server is ready. The deployed server kept the order of documents sent right behind the join; after a join that is refused they are all lost.",
        mend: "Send the first doc when the reply to your join has come: event phx_reply, your ref, status ok.",
        scope: Scope::Of("held-join"),
        needs: None,
        timing: false,
        judge: |session| each_connection(session, waits_for_ready),
    },
    Check {
        id: "JN004",
        slug: "join/once",
        clauses: &["GCW-JN-01"],
        level: Level::Should,
        title: "exactly one join",
        requirement: "The client SHOULD join once per connection, and again only after a leave, an error, a close of the channel, or an unanswered join.",
        why: "A second join replaces the first: the server closes the old channel, and its subscriptions are gone. Often both the open event and a reconnect timer start a join.",
        mend: "Keep a state per connection (closed, joining, joined), and join only when it is closed.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: |session| each_connection(session, joins_once),
    },
];

/// The worst of what a rule sees on the session's open connections.
fn each_connection(
    session: &Session,
    rule: fn(&Session, &Connection, Instant) -> Observation,
) -> Observation {
    let open = session
        .connections
        .iter()
        .filter_map(|connection| Some(rule(session, connection, connection.opened_at?)));
    Observation::worst(open).unwrap_or_else(|| Observation::unseen("no WebSocket was opened"))
}

fn joins_after_open(session: &Session, connection: &Connection, opened_at: Instant) -> Observation {
    let timing = |measured| Timing { measured, limit: JOIN_WITHIN, tolerance: JOIN_TOLERANCE };
    let expected = "phx_join on __absinthe__:control within 5 s of the open";
    if let Some((seen, _)) = heard(connection).find(|(_, frame)| is_join(frame)) {
        let after = seen.at.since(opened_at);
        let actual = format!("the join came {:.1} s after the open", after.as_secs_f64());
        let observation = match after {
            _ if after <= JOIN_WITHIN => Observation::met(actual),
            _ if after <= JOIN_WITHIN + JOIN_TOLERANCE => Observation::weak(actual),
            _ if session.worst_stall() > JOIN_TOLERANCE / 2 => Observation::unseen(actual),
            _ => Observation::unmet(actual),
        };
        let observation = observation.at_entry(seen.entry, seen.at).with_timing(timing(after));
        return observation.expecting(expected);
    }
    if let Some(why) = unreadable(session, connection, usize::MAX) {
        return Observation::unseen(why);
    }
    let shown = session.shown_until(connection).since(opened_at);
    if shown <= JOIN_WITHIN + JOIN_TOLERANCE {
        return Observation::unseen(format!(
            "the connection had no join, and ended after {:.1} s",
            shown.as_secs_f64()
        ));
    }
    if session.worst_stall() > JOIN_TOLERANCE / 2 {
        return Observation::unseen("no join came, but this machine stalled meanwhile");
    }
    let observation = Observation::unmet(format!("no join in {:.1} s", shown.as_secs_f64()))
        .expecting(expected)
        .with_timing(timing(shown));
    match heard(connection).find(|(_, frame)| frame.event == names::PHX_JOIN) {
        Some((seen, frame)) => observation
            .at_entry(seen.entry, seen.at)
            .with_hint(format!("it joined the topic {:?} instead", frame.topic)),
        None => observation,
    }
}

fn join_is_first(session: &Session, connection: &Connection, _: Instant) -> Observation {
    let Some((join, _)) = heard(connection).find(|(_, frame)| is_join(frame)) else {
        return Observation::unseen("there was no join");
    };
    if let Some(why) = unreadable(session, connection, join.entry) {
        return Observation::unseen(why);
    }
    // A client that leaves before it joins anew does no harm.
    let before = heard(connection)
        .take_while(|(_, frame)| !is_join(frame))
        .filter(|(_, frame)| frame.event != names::PHX_LEAVE);
    let observations = before.map(|(seen, frame)| {
        let lost = frame.topic == names::CONTROL_TOPIC;
        let actual = format!("{} on {} before the join", frame.event, frame.topic);
        let observation = if lost { Observation::unmet(actual) } else { Observation::weak(actual) };
        observation.at_entry(seen.entry, seen.at).expecting("the join as the first frame")
    });
    Observation::worst(observations).unwrap_or_else(|| Observation::met("the join came first"))
}

fn waits_for_ready(session: &Session, connection: &Connection, _: Instant) -> Observation {
    let Some((join, asked)) = heard(connection).find(|(_, frame)| is_join(frame)) else {
        return Observation::unseen("there was no join");
    };
    let reply = connection
        .server_frames()
        .find(|(seen, frame)| seen.entry > join.entry && answers(frame, asked));
    let ready = reply.map_or(usize::MAX, |(seen, _)| seen.entry);
    let early = heard(connection)
        .filter(|(seen, frame)| seen.entry < ready && is_doc(frame))
        .map(|(seen, _)| early_doc(seen, join.at));
    if let Some(worst) = Observation::worst(early) {
        return worst;
    }
    match reply {
        Some((seen, _)) => Observation::met(format!(
            "no doc in the {:.1} s until the join's reply",
            seen.at.since(join.at).as_secs_f64()
        )),
        None if session.shown_until(connection).since(join.at) > RETRY_AFTER => {
            Observation::met("no doc while the join was unanswered")
        }
        None => Observation::unseen("the connection ended before the join's reply"),
    }
}

fn early_doc(seen: &Seen, joined_at: Instant) -> Observation {
    let (early, late) = (joined_at.since(seen.at), seen.at.since(joined_at));
    let observation = if early > Duration::ZERO {
        Observation::unmet("a doc before the join")
            .with_hint("the server answers it with \"unmatched topic\"")
    } else if late <= BURST {
        Observation::weak("a doc in one burst behind the join")
            .with_hint("the deployed server answers it, after the join's reply")
    } else {
        let actual = format!("a doc {:.1} s after the join, before its reply", late.as_secs_f64());
        Observation::unmet(actual).with_hint("the client waits, but not for the join's reply")
    };
    observation.at_entry(seen.entry, seen.at).expecting("no doc before the join's reply")
}

/// What the client may know of its channel.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Not joined, or whatever it was has ended, or who can tell.
    Closed,
    Joining {
        since: Instant,
    },
    Joined,
}

fn joins_once(_: &Session, connection: &Connection, _: Instant) -> Observation {
    let mut state = State::Closed;
    let mut joins = 0_u32;
    let mut again = Vec::new();
    for seen in until_end(connection) {
        let Ok(frame) = &seen.frame else {
            // Whoever gets what it cannot read may begin again.
            if seen.from == From::Server {
                state = State::Closed;
            }
            continue;
        };
        if seen.from == From::Client && is_join(frame) {
            joins += 1;
            again.extend(second_join(seen, state));
            state = State::Joining { since: seen.at };
        } else {
            state = next(state, seen.from, frame);
        }
    }
    if joins == 0 {
        return Observation::unseen("there was no join");
    }
    Observation::worst(again).unwrap_or_else(|| match joins {
        1 => Observation::met("one join"),
        _ => Observation::met(format!("{joins} joins, each with a reason")),
    })
}

fn next(state: State, from: From, frame: &Frame) -> State {
    if frame.topic != names::CONTROL_TOPIC {
        return state;
    }
    match (from, frame.event.as_str()) {
        (From::Client, names::PHX_LEAVE) | (From::Server, names::PHX_ERROR | names::PHX_CLOSE) => {
            State::Closed
        }
        // An error to a document may mean that the channel is gone, or has forgotten who its client is.
        (From::Server, names::PHX_REPLY) => match status(frame) {
            Some("ok") if matches!(state, State::Joining { .. }) => State::Joined,
            Some("ok") => state,
            _ => State::Closed,
        },
        _ => state,
    }
}

fn second_join(seen: &Seen, state: State) -> Option<Observation> {
    let observation = match state {
        State::Closed => return None,
        State::Joined => Observation::unmet("a second join while joined")
            .with_hint("it replaces the first one, whose subscriptions are gone"),
        State::Joining { since } => {
            let after = seen.at.since(since);
            let actual =
                format!("a second join after {:.1} s without a reply", after.as_secs_f64());
            match after {
                _ if after >= JOIN_TIMEOUT => return None,
                _ if after >= RETRY_AFTER => Observation::note(actual),
                _ => Observation::unmet(actual).with_hint(
                    "two things seem to start a join, such as the open event and a timer",
                ),
            }
        }
    };
    Some(observation.at_entry(seen.entry, seen.at).expecting("one join on each connection"))
}

/// The frames of both sides until the connection ended.
fn until_end(connection: &Connection) -> impl Iterator<Item = &Seen> {
    connection.frames.iter().filter(|seen| connection.ended_at.is_none_or(|end| seen.at <= end))
}

/// The client's frames until the connection ended.
fn heard(connection: &Connection) -> impl Iterator<Item = (&Seen, &Frame)> {
    connection
        .client_frames()
        .filter(|(seen, _)| connection.ended_at.is_none_or(|end| seen.at <= end))
}

/// Why the client's frames on this connection tell nothing, if what it sent up to an entry cannot be read: other
/// checks say what is wrong there.
fn unreadable(session: &Session, connection: &Connection, up_to: usize) -> Option<&'static str> {
    let is_unreadable = |entry: &Entry| match &entry.what {
        What::Text { from: From::Client, data, .. } => Frame::decode(data).is_err(),
        What::Binary { from, .. } => *from == From::Client,
        _ => false,
    };
    session
        .heard(connection)
        .take_while(|&(index, _)| index < up_to)
        .any(|(_, entry)| is_unreadable(entry))
        .then_some("the client sent what is no frame, and its join may be among it")
}

pub(super) fn is_join(frame: &Frame) -> bool {
    frame.topic == names::CONTROL_TOPIC && frame.event == names::PHX_JOIN
}

pub(super) fn is_doc(frame: &Frame) -> bool {
    frame.topic == names::CONTROL_TOPIC && frame.event == names::DOC
}

/// Whether a frame of the server's answers a push.
pub(super) fn answers(reply: &Frame, push: &Frame) -> bool {
    reply.event == names::PHX_REPLY && reply.topic == push.topic && reply.msg_ref == push.msg_ref
}

pub(super) fn status(reply: &Frame) -> Option<&str> {
    reply.payload.get("status").and_then(Value::as_str)
}

#[cfg(test)]
mod tests;
