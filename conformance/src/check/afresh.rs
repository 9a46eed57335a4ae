//! Heartbeats that depend on nothing: not on the join, not on a document, not on the connection before.
//!
//! Times are told in the client's heartbeat seconds: under a contract clock they pass faster than real ones.

use std::time::Duration;

use glimesh_mock::transcript::{From, What};
use glimesh_proto::{Instant, names};

use crate::check::heartbeat::first_beat;
use crate::check::join::answers;
use crate::check::limit::{TOLERANCE, drop_note, limit, secs, silence_before, spoiled};
use crate::check::{Capability, Check, Level, Observation, Outcome, Scope, Timing};
use crate::session::{Connection, Session};

/// The checks HB009, HB010, HB018, HB019, HB020 and HB023.
pub(super) const CHECKS: [Check; 6] = [
    Check {
        id: "HB009",
        slug: "heartbeat/before-the-join",
        clauses: &["GCW-HB-01"],
        level: Level::Should,
        title: "beats while the join is unanswered",
        requirement: "The client SHOULD beat from the open on, whether its join was answered or not.",
        why: "The limit runs from the open. A timer that the join's reply starts is too late when the server is slow, and never starts when the reply is lost.",
        mend: "Start the timer in the handler of the open event.",
        scope: Scope::Of("unanswered-join"),
        needs: None,
        timing: true,
        judge: beats_before_join,
    },
    Check {
        id: "HB010",
        slug: "heartbeat/beside-a-request",
        clauses: &["GCW-HB-01"],
        level: Level::Should,
        title: "beats while a document is unanswered",
        requirement: "The client SHOULD go on beating while a reply to its document is missing.",
        why: "A client that sends, waits and reads in one loop stops beating as long as it waits for an answer, and is dropped for it.",
        mend: "Do not block on a reply: note its ref, go on reading, and let the heartbeat have a timer of its own.",
        scope: Scope::Of("unanswered-doc"),
        needs: Some(Capability::Subscribe),
        timing: true,
        judge: beats_beside_request,
    },
    Check {
        id: "HB018",
        slug: "heartbeat/no-grudge",
        clauses: &["GCW-HB-03"],
        level: Level::Should,
        title: "a lost reply does not end the next connection",
        requirement: "A heartbeat that was unanswered when its connection ended SHOULD have no effect on the next connection.",
        why: "A pending ref, or a reply timer, that outlives its connection makes the client end the next one, too, and the one after that.",
        mend: "Keep the pending heartbeat and its timer with the connection, and throw both away with it.",
        scope: Scope::Of("pending-heartbeat"),
        needs: Some(Capability::Reconnect),
        timing: false,
        judge: no_grudge,
    },
    Check {
        id: "HB019",
        slug: "heartbeat/restarts",
        clauses: &["GCW-HB-01"],
        level: Level::Should,
        title: "the timer starts anew with a new connection",
        requirement: "On a new connection the first heartbeat SHOULD come within 30 s of the open, and not two at once.",
        why: "A timer that ended with the first connection leaves the second without heartbeats; one that ran on beside a new one beats twice.",
        mend: "Stop the timer when the connection ends, and start a new one at every open.",
        scope: Scope::Of("pending-heartbeat"),
        needs: Some(Capability::Reconnect),
        timing: true,
        judge: restarts,
    },
    Check {
        id: "HB020",
        slug: "heartbeat/one-timer",
        clauses: &["GCW-HB-01"],
        level: Level::Should,
        title: "one timer per connection",
        requirement: "After several reconnects the client SHOULD beat as often as on its first connection.",
        why: "Where each open starts a timer and no end stops one, a bot that runs for a week sends hundreds of heartbeats a minute.",
        mend: "Stop the old timer before you start a new one; in JavaScript, clearInterval in the close handler.",
        scope: Scope::Of("three-resets"),
        needs: Some(Capability::Reconnect),
        timing: true,
        judge: one_timer,
    },
    Check {
        id: "HB023",
        slug: "heartbeat/silent-after-close",
        clauses: &["GCW-HB-01", "WS-01"],
        level: Level::Should,
        title: "says nothing after the close",
        requirement: "After the server's close frame the client SHOULD send nothing but its own close frame.",
        why: "What is sent after a close nobody reads. In some libraries it throws, in a timer that nobody watches, and ends the program.",
        mend: "Stop all timers in the handler of the close event, before anything else.",
        scope: Scope::Of("server-closes"),
        needs: None,
        timing: false,
        judge: silent_after_close,
    },
];

/// How long a connection lives, in heartbeat seconds, before nothing of the last one can end it any more.
const NO_GRUDGE_AFTER: Duration = Duration::from_secs(40);

/// Two heartbeats of one timer are never closer than this share of its interval.
const TWO_TIMERS: f64 = 0.6;

/// What a client sent this soon after the server has said something was on its way. Real time.
pub(super) const ON_ITS_WAY: Duration = Duration::from_millis(500);

fn beats_before_join(session: &Session) -> Observation {
    let held = session.open_connections().find_map(|connection| {
        let (join, asked) = connection.on_control(names::PHX_JOIN).next()?;
        let reply = connection
            .server_frames()
            .find(|(seen, frame)| seen.entry > join.entry && answers(frame, asked));
        Some((connection, reply.map(|(seen, _)| seen)))
    });
    let Some((connection, reply)) = held else {
        return Observation::unseen("there was no join");
    };
    let ready = reply.map_or(usize::MAX, |seen| seen.entry);
    let beat = connection.heartbeats().find(|(seen, _)| seen.entry < ready);
    if beat.is_some() || drop_note(session, connection).is_some() {
        return without_margin(first_beat(session, connection));
    }
    match (reply, connection.left(session)) {
        (Some(_), _) => Observation::note("it joined again before a heartbeat was due"),
        (None, Some(_)) => Observation::note("it gave the join up before a heartbeat was due"),
        (None, None) => without_margin(first_beat(session, connection)),
    }
}

/// The margin is a check of its own.
fn without_margin(seen: Observation) -> Observation {
    match seen.outcome {
        Outcome::Weak => Observation { outcome: Outcome::Met, hint: None, ..seen },
        _ => seen,
    }
}

fn beats_beside_request(session: &Session) -> Observation {
    let asked = session.open_connections().find_map(|connection| {
        let (doc, _) = connection.on_control(names::DOC).next()?;
        Some((connection, doc))
    });
    let Some((connection, doc)) = asked else {
        return Observation::unseen("the client sent no document");
    };
    let expected = "heartbeats 30 s or less apart while the document is unanswered";
    let timing = |measured| Timing { measured, limit: limit(session), tolerance: TOLERANCE };
    if let Some((entry, at, _)) = drop_note(session, connection) {
        if spoiled(session) {
            return Observation::unseen("the client was dropped, but this machine stalled");
        }
        let silent = silence_before(session, connection, at);
        return Observation::unmet(format!("no heartbeat for {} s", secs(silent)))
            .expecting(expected)
            .at_entry(entry, at)
            .with_timing(timing(silent));
    }
    let beats = connection.heartbeats().filter(|(seen, _)| seen.entry > doc.entry).count();
    match (beats, connection.left(session)) {
        (0, Some(_)) => Observation::note("it gave the document up before a heartbeat was due"),
        (0, None) => Observation::unseen("the session ended before a heartbeat was due"),
        (n, _) => Observation::met(format!("{n} heartbeats while the document was unanswered")),
    }
}

/// The first connection that was opened after the last reset.
fn after_reset(session: &Session) -> Result<(&Connection, Instant), &'static str> {
    let reset_at = session
        .last_mark("step:reset")
        .ok_or("no heartbeat came, so the connection was not reset")?;
    let opened = session.open_connections().find_map(|connection| {
        let at = connection.opened_at.filter(|at| *at >= reset_at)?;
        Some((connection, at))
    });
    opened.ok_or("the client did not connect again")
}

fn no_grudge(session: &Session) -> Observation {
    let (connection, opened_at) = match after_reset(session) {
        Ok(opened) => opened,
        Err(why) => return Observation::unseen(why),
    };
    let expected = "the new connection is left alone";
    let lived = session.clock.beats(session.shown_until(connection).since(opened_at));
    match connection.left(session) {
        Some((entry, at)) if lived < NO_GRUDGE_AFTER => {
            Observation::unmet(format!("it ended the new connection after {} s", secs(lived)))
                .expecting(expected)
                .at_entry(entry, at)
                .with_hint(
                    "the heartbeat that was unanswered on the last connection is held against it",
                )
        }
        _ if lived >= NO_GRUDGE_AFTER => {
            Observation::met(format!("the new connection lived for {} s", secs(lived)))
        }
        _ => Observation::unseen("the session ended too soon to show it"),
    }
}

fn restarts(session: &Session) -> Observation {
    let (connection, opened_at) = match after_reset(session) {
        Ok(opened) => opened,
        Err(why) => return Observation::unseen(why),
    };
    let beats: Vec<_> = connection.heartbeats().map(|(seen, _)| seen).take(2).collect();
    if let [first, second] = beats[..] {
        let apart = session.clock.beats(second.at.since(first.at));
        let early = session.clock.beats(second.at.since(opened_at)) <= AT_ONCE;
        if early && apart < AT_ONCE && !spoiled(session) {
            return Observation::unmet("two heartbeats at once on the new connection")
                .expecting("one heartbeat at a time")
                .at_entry(second.entry, second.at)
                .with_hint("the old timer runs on beside the new one");
        }
    }
    without_margin(first_beat(session, connection))
}

/// What comes this soon after the open or another heartbeat comes at once.
const AT_ONCE: Duration = Duration::from_secs(1);

fn one_timer(session: &Session) -> Observation {
    let mut open = session.open_connections();
    let (Some(first), Some(last)) = (open.next(), open.last()) else {
        return Observation::unseen("the client did not connect again");
    };
    let resets = session
        .transcript
        .entries
        .iter()
        .filter(|entry| matches!(&entry.what, What::Mark { name } if name == "step:reset"));
    if resets.count() < 3 || session.mark("end").is_none() {
        return Observation::unseen("the client did not come back three times");
    }
    let gaps = |connection: &Connection| -> Vec<_> {
        let beats: Vec<_> = connection.heartbeats().map(|(seen, _)| seen).collect();
        let gap = |pair: &[&crate::session::Seen]| {
            (session.clock.beats(pair[1].at.since(pair[0].at)), pair[1].entry, pair[1].at)
        };
        beats.windows(2).map(gap).collect()
    };
    let Some((interval, ..)) = gaps(first).into_iter().min() else {
        return Observation::unseen("the first connection showed no two heartbeats");
    };
    let Some((closest, entry, at)) = gaps(last).into_iter().min() else {
        return Observation::unseen("the last connection showed no two heartbeats");
    };
    let limit = interval.mul_f64(TWO_TIMERS);
    let told = format!(
        "heartbeats {} s apart on the first connection, {} s on the last",
        secs(interval),
        secs(closest)
    );
    let observation = match closest {
        _ if closest >= limit => Observation::met(told),
        _ if spoiled(session) => {
            Observation::unseen(format!("{told}, but this machine stalled meanwhile"))
        }
        _ => Observation::unmet(told).with_hint("the timers of earlier connections run on"),
    };
    observation
        .expecting("the same interval on every connection")
        .at_entry(entry, at)
        .with_least(Timing { measured: closest, limit, tolerance: Duration::ZERO })
}

fn silent_after_close(session: &Session) -> Observation {
    let closed = session.open_connections().find_map(|connection| {
        let close = connection.entries.iter().position(|&index| {
            matches!(session.entry(index).what, What::Close { from: From::Server, .. })
        })?;
        Some((connection, close))
    });
    let Some((connection, close)) = closed.filter(|_| session.mark("step:close").is_some()) else {
        return Observation::unseen("the client did not connect, so nothing was closed");
    };
    let closed_at = session.entry(connection.entries[close]).at;
    let mut ended = false;
    for &index in &connection.entries[close + 1..] {
        let entry = session.entry(index);
        match &entry.what {
            What::Close { from: From::Client, .. } | What::Eof { .. } => ended = true,
            What::Text { from: From::Client, .. } | What::Binary { from: From::Client, .. }
                if ended || entry.at.since(closed_at) > ON_ITS_WAY =>
            {
                let after = entry.at.since(closed_at).as_secs_f64();
                let told = format!("a frame {after:.2} s after the close");
                let seen = match ended || !spoiled(session) {
                    true => Observation::unmet(told),
                    false => Observation::unseen(format!("{told}, but this machine stalled")),
                };
                return seen
                    .expecting("nothing but the client's own close frame")
                    .at_entry(index, entry.at);
            }
            _ => {}
        }
    }
    Observation::met("nothing came after the close")
}

#[cfg(test)]
mod tests;
