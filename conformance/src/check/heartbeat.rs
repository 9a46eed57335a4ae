//! The heartbeat chapter: whether a client beats, in what form, and whether it lives by it.
//!
//! Times are told in the client's heartbeat seconds: under a contract clock they pass faster than real ones.

use std::time::Duration;

use glimesh_mock::transcript::{From, ProcessEvent, What};
use glimesh_proto::{Frame, Instant, names};
use serde_json::Value;

use crate::check::afresh::ON_ITS_WAY;
use crate::check::limit::{
    TOLERANCE, drop_note, largest_gap, limit, secs, silence_before, spoiled,
};
use crate::check::lookalike::{form_fault, is_heartbeat, lookalike};
use crate::check::process::how_it_ended;
use crate::check::{Check, Level, Observation, Scope, Timing, never_opened, short};
use crate::session::{Connection, Seen, Session};

/// Gaps above this leave no margin for a slow moment.
pub(super) const MARGIN_ENDS: Duration = Duration::from_secs(29);

/// A connection that ends so soon after a reply ended because of it. Real time.
const AT_ONCE: Duration = Duration::from_secs(2);

/// The checks of this chapter.
pub(super) const CHECKS: [Check; 6] = [
    Check {
        id: "HB001",
        slug: "heartbeat/sends-heartbeats",
        clauses: &["GCW-HB-01", "GCW-TR-02"],
        level: Level::Must,
        title: "sends heartbeats at all",
        requirement: "The client MUST send a heartbeat within 30 seconds of the connection's opening.",
        why: "Without a heartbeat every 30 seconds Glimesh drops the connection, with close code 1000 and no word of why. \
              It is the first of the two causes that the document names for closed connections.",
        mend: r#"Start a timer when the connection opens and send [null,REF,"phoenix","heartbeat",{}] every 25 seconds; do not wait for the subscription, and do not let other traffic put it off."#,
        scope: Scope::Of("quiet"),
        needs: None,
        timing: true,
        judge: sends_heartbeats,
    },
    Check {
        id: "HB004",
        slug: "heartbeat/frame-form",
        clauses: &["GCW-HB-02"],
        level: Level::Must,
        title: "heartbeats have the right form",
        requirement: r#"A heartbeat MUST have the topic "phoenix", the event "heartbeat" and the payload {}."#,
        why: "A heartbeat with another topic or event is none: the server answers \"unmatched topic\", or crashes the \
              channel if the topic is the control topic, and drops the connection in the end.",
        mend: r#"Send [null,REF,"phoenix","heartbeat",{}], letter by letter."#,
        scope: Scope::Of("quiet"),
        needs: None,
        timing: false,
        judge: frame_form,
    },
    Check {
        id: "HB005",
        slug: "heartbeat/ref-can-be-echoed",
        clauses: &["GCW-HB-02", "GCW-FR-04"],
        level: Level::Must,
        title: "heartbeats carry a ref that is a string",
        requirement: "A heartbeat's ref, its second element, MUST be a string.",
        why: "The server repeats the ref in its reply. Without one the client cannot tell that its heartbeat was \
              answered, and will not notice a dead connection.",
        mend: r#"Count up and quote: [null,"7","phoenix","heartbeat",{}]."#,
        scope: Scope::Of("quiet"),
        needs: None,
        timing: false,
        judge: ref_can_be_echoed,
    },
    Check {
        id: "HB006",
        slug: "heartbeat/survives-the-limit",
        clauses: &["GCW-HB-04"],
        level: Level::Must,
        title: "lives through two quiet minutes",
        requirement: "The client MUST beat so steadily that the server, which drops silent clients, never drops it.",
        why: "A client that beats once, or ever more slowly, looks well at first and is gone after a minute.",
        mend: "Use a repeating timer that nothing stops or resets while the connection is open, and that a new connection starts afresh.",
        scope: Scope::Of("quiet"),
        needs: None,
        timing: true,
        judge: survives_the_limit,
    },
    Check {
        id: "HB012",
        slug: "heartbeat/accepts-null-join-ref",
        clauses: &["GCW-HB-03", "GCW-HB-06"],
        level: Level::Must,
        title: "accepts the heartbeat's reply",
        requirement: "The client MUST accept the reply to its heartbeat, whose first element is null.",
        why: "The document prints the text \"null\" there; the real server sends a JSON null. A client that expects a \
              string stumbles over every reply.",
        mend: "Read the first element as a string or null. Match the reply by the ref, its second element.",
        scope: Scope::Of("quiet"),
        needs: None,
        timing: false,
        judge: accepts_null,
    },
    Check {
        id: "HB024",
        slug: "heartbeat/survives-abort",
        clauses: &["GCW-HB-05"],
        level: Level::Must,
        title: "survives an end without a close frame",
        requirement: "When the connection ends without a close frame, the client MUST treat it as a disconnect and not crash.",
        why: "Drops come without a reason, and networks cut connections without asking. Most libraries report this as \
              an error of its own, which ends the program if nobody handles it.",
        mend: "Handle the library's error event or exception for a lost connection as you handle a close.",
        scope: Scope::Of("reset"),
        needs: None,
        timing: false,
        judge: survives_abort,
    },
];

fn sends_heartbeats(session: &Session) -> Observation {
    let each = session.open_connections().map(|connection| first_beat(session, connection));
    Observation::worst(each).unwrap_or_else(never_opened)
}

/// When the first heartbeat of a connection came, or that none came in time.
pub(super) fn first_beat(session: &Session, connection: &Connection) -> Observation {
    let limit = limit(session);
    let expected = format!("a heartbeat at most {} s after the open", secs(limit));
    let Some(opened_at) = connection.opened_at else { return never_opened() };
    if let Some((seen, _)) = connection.heartbeats().next() {
        let gap = session.clock.beats(seen.at.since(opened_at));
        return gap_observation(session, gap, "the first heartbeat came", "after the open")
            .expecting(expected)
            .at_entry(seen.entry, seen.at);
    }
    let lived = session.clock.beats(session.shown_until(connection).since(opened_at));
    let dropped = drop_note(session, connection);
    if dropped.is_none() && lived <= limit + TOLERANCE {
        return Observation::unseen(format!(
            "no heartbeat was due in the {} s that the connection lasted",
            secs(lived)
        ));
    }
    if spoiled(session) {
        return Observation::unseen("no heartbeat came, but this machine stalled meanwhile");
    }
    let timing = Timing { measured: lived, limit, tolerance: TOLERANCE };
    let unmet = Observation::unmet(format!("no heartbeat in {} s", secs(lived)))
        .expecting(expected)
        .with_timing(timing);
    let unmet = match lookalike(connection) {
        Some((_, hint)) => unmet.with_hint(hint),
        None if connection_pings(session, connection) => unmet.with_hint(
            "it sends WebSocket pings; they keep no chat connection alive, only the heartbeat frame does",
        ),
        None => unmet,
    };
    match dropped {
        Some((entry, at, _)) => unmet.at_entry(entry, at),
        None => unmet,
    }
}

/// Judges a gap between heartbeats against the limit, the tolerance and the margin.
pub(super) fn gap_observation(
    session: &Session,
    gap: Duration,
    what: &str,
    since: &str,
) -> Observation {
    let limit = limit(session);
    let timing = Timing { measured: gap, limit, tolerance: TOLERANCE };
    let told = format!("{what} {} s {since}", secs(gap));
    let observation = if gap > limit + TOLERANCE {
        if spoiled(session) {
            Observation::unseen(format!("{told}, but this machine stalled meanwhile"))
        } else {
            Observation::unmet(told)
        }
    } else if gap > MARGIN_ENDS {
        Observation::weak(told).with_hint(
            "no margin: one slow moment and the server drops the connection; beat every 25 s",
        )
    } else {
        Observation::met(told)
    };
    observation.with_timing(timing)
}

fn frame_form(session: &Session) -> Observation {
    let mut right = 0_usize;
    for connection in session.open_connections() {
        for (seen, frame) in connection.client_frames() {
            let Some(fault) = form_fault(frame) else {
                right += usize::from(is_heartbeat(frame));
                continue;
            };
            let observation = match session.profile() {
                // The deployed server reads neither payload nor join ref.
                "phoenix" if is_heartbeat(frame) => Observation::note(fault),
                _ => Observation::unmet(fault),
            };
            return observation
                .expecting(r#"[null,REF,"phoenix","heartbeat",{}]"#)
                .at_entry(seen.entry, seen.at);
        }
    }
    match right {
        0 => Observation::unseen("the client sent nothing that looks like a heartbeat"),
        n => Observation::met(format!("{n} heartbeats, all in the right form")),
    }
}

fn ref_can_be_echoed(session: &Session) -> Observation {
    let mut beats = 0_usize;
    let mut reused = None;
    for connection in session.open_connections() {
        let mut pending: Option<Value> = None;
        for seen in &connection.frames {
            let Ok(frame) = &seen.frame else { continue };
            if frame.topic != names::PHOENIX_TOPIC {
                continue;
            }
            let value = frame.msg_ref.as_ref().map(|msg_ref| msg_ref.to_value());
            match (seen.from, is_heartbeat(frame), value) {
                (From::Client, true, Some(Value::String(text))) => {
                    beats += 1;
                    let value = Value::String(text);
                    if pending.as_ref() == Some(&value) && reused.is_none() {
                        reused = Some((seen.entry, seen.at));
                    }
                    pending = Some(value);
                }
                (From::Client, true, other) => return bad_ref(session, seen, other.as_ref()),
                (From::Server, _, value) if value == pending => pending = None,
                _ => {}
            }
        }
    }
    match (beats, reused) {
        (0, _) => Observation::unseen("the client sent no heartbeat"),
        (_, Some((entry, at))) => {
            Observation::weak("a heartbeat repeats the ref of one that is not answered yet")
                .expecting("another ref while a heartbeat is unanswered")
                .at_entry(entry, at)
        }
        (n, None) => Observation::met(format!("{n} heartbeats, all with a string as ref")),
    }
}

fn bad_ref(session: &Session, seen: &Seen, value: Option<&Value>) -> Observation {
    let actual = match value {
        None => "a heartbeat with null as ref".to_owned(),
        Some(value) => format!(
            "a heartbeat with the ref {}, {}",
            short(value),
            glimesh_proto::frame::kind(value)
        ),
    };
    let observation = match (session.profile(), value) {
        // The deployed server echoes any JSON value.
        ("phoenix", Some(_)) => Observation::note(actual),
        _ => Observation::unmet(actual),
    };
    observation
        .expecting(r#"a string, such as "7", as second element"#)
        .at_entry(seen.entry, seen.at)
}

fn survives_the_limit(session: &Session) -> Observation {
    let expected = "the connection is still open after 125 s";
    for connection in session.open_connections() {
        let Some((entry, at, text)) = drop_note(session, connection) else { continue };
        if spoiled(session) {
            return Observation::unseen(
                "the server dropped the client, but this machine stalled meanwhile",
            );
        }
        let silent = silence_before(session, connection, at);
        let timing = Timing { measured: silent, limit: limit(session), tolerance: TOLERANCE };
        return Observation::unmet(text)
            .expecting(expected)
            .at_entry(entry, at)
            .with_timing(timing);
    }
    let Some(first) = session.open_connections().next() else { return never_opened() };
    match (first.end(session), session.mark("end")) {
        (Some((entry, from)), end) if end.is_none_or(|end| session.entry(entry).at < end) => {
            let who = match from {
                From::Client => "client",
                From::Server => "server",
            };
            Observation::unseen(format!(
                "the {who} ended the first connection before the two minutes were over"
            ))
            .at_entry(entry, session.entry(entry).at)
        }
        (_, None) => Observation::unseen("the two quiet minutes were not played to their end"),
        (_, Some(end)) => {
            let lived = first.opened_at.map(|at| session.clock.beats(end.since(at)));
            let lived = lived.unwrap_or_default();
            let largest = largest_gap(session, first, end);
            let told = format!("alive after {} s; largest gap {} s", secs(lived), secs(largest));
            let timing = Timing { measured: largest, limit: limit(session), tolerance: TOLERANCE };
            Observation::met(told).with_timing(timing)
        }
    }
}

fn accepts_null(session: &Session) -> Observation {
    let mut seen_reply = false;
    for connection in session.open_connections() {
        let replies = connection.server_frames().filter(|(_, frame)| {
            frame.topic == names::PHOENIX_TOPIC
                && frame.event == names::PHX_REPLY
                && frame.join_ref.is_none()
        });
        let Some((reply, _)) = replies.into_iter().next() else { continue };
        seen_reply = true;
        let next = connection.heartbeats().find(|(seen, _)| seen.entry > reply.entry);
        if let Some((next, _)) = next {
            let after = session.clock.beats(next.at.since(reply.at));
            return Observation::met(format!(
                "it beats on, {} s after the first reply with null",
                secs(after)
            ));
        }
        if let Some(observation) = ended_by(session, connection, reply) {
            return observation.expecting("it reads the reply and beats on");
        }
    }
    match (seen_reply, session.profile()) {
        (true, _) => Observation::unseen(
            "no further heartbeat came that would show that the reply was accepted",
        ),
        (false, "literal") => Observation::note(
            "the profile literal sends the text \"null\", so a JSON null was not shown",
        ),
        (false, _) => Observation::unseen("no heartbeat was answered with null"),
    }
}

/// When an error came after a frame, which may have ended a connection as well.
pub(super) fn error_after(connection: &Connection, told: &Seen) -> Option<Instant> {
    let is_error = |frame: &Frame| frame.payload["status"] == "error";
    let mut after = connection.server_frames().filter(|(seen, _)| seen.entry > told.entry);
    after.find(|(_, frame)| is_error(frame)).map(|(seen, _)| seen.at)
}

/// Whether the client ended the connection or itself at once after a frame.
pub(super) fn ended_by(
    session: &Session,
    connection: &Connection,
    reply: &Seen,
) -> Option<Observation> {
    let mut later = connection.server_frames().map(|(seen, _)| seen.at);
    let later = later.find(|at| at.since(reply.at) > ON_ITS_WAY);
    let other = [error_after(connection, reply), later].into_iter().flatten().min();
    let soon = |at: Instant| {
        at >= reply.at && at.since(reply.at) <= AT_ONCE && other.is_none_or(|other| at < other)
    };
    if let Some((entry, event)) = session.early_exit()
        && soon(session.entry(entry).at)
    {
        let actual = format!("the client {} right after it", how_it_ended(event));
        return Some(Observation::unmet(actual).at_entry(reply.entry, reply.at));
    }
    connection.left(session).filter(|(_, at)| soon(*at)).map(|_| {
        let seen = match spoiled(session) {
            // A client that misses its heartbeat's reply ends the connection, too.
            true => Observation::unseen(
                "the client ended the connection right after it, while this machine stalled",
            ),
            false => Observation::unmet("the client ended the connection right after it"),
        };
        seen.at_entry(reply.entry, reply.at)
    })
}

fn survives_abort(session: &Session) -> Observation {
    let Some(reset_at) = session.mark("step:reset") else {
        return Observation::unseen(
            "the client did not subscribe, so the connection was not reset",
        );
    };
    let expected = "it takes the reset as a disconnect";
    match session.early_exit() {
        Some((entry, event)) if session.entry(entry).at >= reset_at => {
            let told = format!("the client {} after the reset", how_it_ended(event));
            let observation = match event {
                ProcessEvent::Exited { status: Some(0), .. } => return Observation::met(told),
                ProcessEvent::Exited { status: Some(_), .. } => Observation::weak(told).with_hint(
                    "if that was on purpose, all is well; if it was an exception that nobody caught, catch it",
                ),
                _ => Observation::unmet(told),
            };
            observation.expecting(expected).at_entry(entry, session.entry(entry).at)
        }
        _ => Observation::met("the client lives on after the reset"),
    }
}

pub(super) fn connection_pings(session: &Session, connection: &Connection) -> bool {
    let is_ping =
        |index: &usize| matches!(session.entry(*index).what, What::Ping { from: From::Client, .. });
    connection.entries.iter().any(is_ping)
}

#[cfg(test)]
mod tests;
