//! The pace of the heartbeats: steady, with a margin, and not in a rush.
//!
//! Times are told in the client's heartbeat seconds: under a contract clock they pass faster than real ones.

use std::time::Duration;

use glimesh_proto::Instant;

use crate::check::heartbeat::{MARGIN_ENDS, connection_pings, gap_observation};
use crate::check::limit::{TOLERANCE, drop_note, limit, secs, spoiled};
use crate::check::{Check, Level, Observation, Outcome, Scope, Timing, never_opened};
use crate::session::{Connection, Session};

/// The checks HB002, HB003, HB008, HB021, HB022 and HB026.
pub(super) const CHECKS: [Check; 6] = [
    Check {
        id: "HB002",
        slug: "heartbeat/keeps-beating",
        clauses: &["GCW-HB-01", "GCW-TR-02"],
        level: Level::Must,
        title: "keeps sending heartbeats",
        requirement: "From the open to the end of the connection no more than 30 s MUST pass without a heartbeat.",
        why: "A timer that fires once, that a reply must start again, or that another event resets, looks well for a minute, and then the connection is dropped without a word.",
        mend: "Use a repeating timer of 25 s for each connection, started at the open and stopped at the close, and touched by nothing else.",
        scope: Scope::Of("quiet"),
        needs: None,
        timing: true,
        judge: keeps_beating,
    },
    Check {
        id: "HB003",
        slug: "heartbeat/has-margin",
        clauses: &["GCW-HB-01", "GCW-HB-04"],
        level: Level::Should,
        title: "beats with a margin",
        requirement: "The client SHOULD send a heartbeat every 29 seconds or sooner.",
        why: "A plain timer of 30 s is late by its own drift: on the wire its gaps are 30.01 to 30.4 s. One slow moment of the network, the machine or the server, and the connection is gone.",
        mend: "Set the timer to 25 s, and count from heartbeat to heartbeat rather than from reply to heartbeat.",
        scope: Scope::Of("quiet"),
        needs: None,
        timing: true,
        judge: has_margin,
    },
    Check {
        id: "HB008",
        slug: "heartbeat/in-a-busy-chat",
        clauses: &["GCW-HB-01"],
        level: Level::Must,
        title: "beats in a busy chat, too",
        requirement: "While messages come in all the time, no more than 30 s MUST pass without a heartbeat.",
        why: "Some clients take whatever comes for a sign of life and put their heartbeat off. In a quiet chat all is well; in a busy one the server never hears from them and drops them.",
        mend: "Let nothing but the connection's open and close touch the heartbeat's timer.",
        scope: Scope::Of("busy-chat"),
        needs: Some(crate::check::Capability::Subscribe),
        timing: true,
        judge: keeps_beating,
    },
    Check {
        id: "HB021",
        slug: "heartbeat/no-pings-instead",
        clauses: &["GCW-HB-02"],
        level: Level::Must,
        title: "a WebSocket ping is no heartbeat",
        requirement: "The client MUST send heartbeat frames; WebSocket pings do not count as heartbeats.",
        why: "Many libraries have an option for pings, often called heartbeat or keep-alive. The document's rule asks for the frame, and a server that counts frames drops who only pings.",
        mend: r#"Send the frame [null,REF,"phoenix","heartbeat",{}] as text every 25 s. Pings beside it do no harm."#,
        scope: Scope::Of("quiet"),
        needs: None,
        timing: true,
        judge: no_pings_instead,
    },
    Check {
        id: "HB022",
        slug: "heartbeat/not-too-often",
        clauses: &["GCW-HB-01"],
        level: Level::Should,
        title: "does not beat too often",
        requirement: "Between two heartbeats on a connection a second or more SHOULD pass.",
        why: "Heartbeats in a rush come from milliseconds taken for seconds, or from several timers at once, one for each reconnect or each event that starts them.",
        mend: "Start the timer in one place, stop it where the connection ends, and check the unit of its interval.",
        scope: Scope::Of("quiet"),
        needs: None,
        timing: true,
        judge: not_too_often,
    },
    Check {
        id: "HB026",
        slug: "heartbeat/after-a-lost-reply",
        clauses: &["GCW-HB-01"],
        level: Level::Must,
        title: "a lost reply puts no heartbeat off",
        requirement: "When one heartbeat is not answered, the client MUST send the next one within 30 s of it, or end the connection.",
        why: "Some clients wait for the reply before they beat again, or leave one heartbeat out while they wait. One lost reply makes twice the interval of it, which is longer than the server bears.",
        mend: "Beat by a timer that knows nothing of replies. Whether a reply is missing is a question of its own; if it is, connect anew.",
        scope: Scope::Of("heartbeat-late-reply"),
        needs: None,
        timing: true,
        judge: after_a_lost_reply,
    },
];

/// Heartbeats closer than this come in a rush.
const RUSH: Duration = Duration::from_secs(1);

/// What is looked at for the longest gap: each connection that was open for long enough to owe a heartbeat, or sent
/// one.
fn judge_gaps(
    session: &Session,
    judge: impl Fn(&Connection, (Instant, Instant)) -> Observation,
) -> Observation {
    let each = session.open_connections().filter_map(|connection| {
        let gap = longest_gap(session, connection)?;
        let owed = session.clock.beats(gap.1.since(gap.0)) > limit(session);
        let beats = connection.heartbeats().next().is_some();
        (owed || beats || drop_note(session, connection).is_some()).then(|| judge(connection, gap))
    });
    let all: Vec<_> = each.collect();
    let unseen = all.iter().find(|one| one.outcome == Outcome::Unseen).cloned();
    match Observation::worst(all) {
        None => Observation::unseen("no connection lasted long enough for a heartbeat"),
        // What a stall has hidden on one connection no other one makes good.
        Some(worst) if worst.outcome == Outcome::Met => unseen.unwrap_or(worst),
        Some(worst) => worst,
    }
}

/// From where to where the longest time without a heartbeat lasted, from the open to the end.
fn longest_gap(session: &Session, connection: &Connection) -> Option<(Instant, Instant)> {
    let until = session.shown_until(connection);
    let beats = connection.heartbeats().map(|(seen, _)| seen.at).filter(|at| *at <= until);
    let times: Vec<_> = connection.opened_at.into_iter().chain(beats).chain([until]).collect();
    let gaps = times.windows(2).map(|pair| (pair[0], pair[1]));
    gaps.max_by_key(|(from, to)| to.since(*from))
}

pub(super) fn keeps_beating(session: &Session) -> Observation {
    judge_gaps(session, |connection, (from, to)| {
        let gap = session.clock.beats(to.since(from));
        let expected = "a heartbeat every 30 s or sooner until the end";
        if let Some((entry, at, _)) = drop_note(session, connection) {
            if spoiled(session) {
                return Observation::unseen("the client was dropped, but this machine stalled");
            }
            let timing = Timing { measured: gap, limit: limit(session), tolerance: TOLERANCE };
            let beats = connection.heartbeats().count();
            return Observation::unmet(format!(
                "{beats} heartbeats, then none for {} s",
                secs(gap)
            ))
            .expecting(expected)
            .at_entry(entry, at)
            .with_timing(timing);
        }
        let observation =
            gap_observation(session, gap, "the longest time without a heartbeat was", "");
        let observation = observation.expecting(expected);
        match observation.outcome {
            // The margin is a check of its own.
            Outcome::Weak => Observation { outcome: Outcome::Met, hint: None, ..observation },
            _ => observation,
        }
    })
}

fn has_margin(session: &Session) -> Observation {
    judge_gaps(session, |_, (from, to)| {
        let gap = session.clock.beats(to.since(from));
        let told = format!("the longest time without a heartbeat was {} s", secs(gap));
        let timing = Timing { measured: gap, limit: MARGIN_ENDS, tolerance: Duration::ZERO };
        let observation = match gap {
            _ if gap <= MARGIN_ENDS => Observation::met(told),
            _ if spoiled(session) => {
                Observation::unseen(format!("{told}, but this machine stalled meanwhile"))
            }
            _ if gap <= limit(session) + TOLERANCE => Observation::weak(told).with_hint(
                "no margin: one slow moment and the connection is dropped; beat every 25 s",
            ),
            _ => Observation::unmet(told),
        };
        observation.expecting("a heartbeat every 29 s or sooner").with_timing(timing)
    })
}

fn no_pings_instead(session: &Session) -> Observation {
    let (mut beats, mut pings) = (0_usize, false);
    for connection in session.open_connections() {
        beats += connection.heartbeats().count();
        pings |= connection_pings(session, connection);
    }
    match (beats, pings) {
        (0, true) if spoiled(session) => {
            Observation::unseen("pings and no heartbeat, but this machine stalled meanwhile")
        }
        (0, true) => {
            let each = session.open_connections().filter_map(|one| longest_gap(session, one));
            let silent = each.map(|(from, to)| to.since(from)).max().unwrap_or_default();
            let silent = session.clock.beats(silent);
            if silent <= limit(session) + TOLERANCE && !dropped(session) {
                return Observation::unseen("pings, but no heartbeat was due yet");
            }
            Observation::unmet("WebSocket pings, and no heartbeat")
                .expecting(r#"text frames [null,REF,"phoenix","heartbeat",{}]"#)
                .with_hint("turn the library's ping off or leave it, and send the frame yourself")
        }
        (0, false) => Observation::unseen("the client sent neither pings nor heartbeats"),
        (n, true) => Observation::met(format!("{n} heartbeats, and pings beside them")),
        (n, false) => Observation::met(format!("{n} heartbeats")),
    }
}

fn dropped(session: &Session) -> bool {
    session.open_connections().any(|connection| drop_note(session, connection).is_some())
}

fn not_too_often(session: &Session) -> Observation {
    if session.open_connections().next().is_none() {
        return never_opened();
    }
    let each = session.open_connections().filter_map(|connection| {
        let beats: Vec<_> = connection.heartbeats().map(|(seen, _)| seen).collect();
        let closest = beats.windows(2).min_by_key(|pair| pair[1].at.since(pair[0].at))?;
        let gap = session.clock.beats(closest[1].at.since(closest[0].at));
        let timing = Timing { measured: gap, limit: RUSH, tolerance: Duration::ZERO };
        let told = format!("the closest two heartbeats are {} s apart", secs(gap));
        let observation = match gap {
            _ if gap >= RUSH => Observation::met(told),
            // A stall lets two come at once that were sent apart.
            _ if spoiled(session) => {
                Observation::unseen(format!("{told}, but this machine stalled meanwhile"))
            }
            _ => Observation::weak(told).with_hint("two timers, or milliseconds for seconds"),
        };
        Some(
            observation
                .expecting("a second or more between two heartbeats")
                .at_entry(closest[1].entry, closest[1].at)
                .with_least(timing),
        )
    });
    Observation::worst(each)
        .unwrap_or_else(|| Observation::unseen("no connection showed two heartbeats"))
}

fn after_a_lost_reply(session: &Session) -> Observation {
    let lost = session.mark("step:ignore-heartbeat").and_then(|ignored_at| {
        let beats = session.open_connections().flat_map(|connection| {
            connection.heartbeats().map(move |(seen, _)| (connection, seen))
        });
        beats.filter(|(_, beat)| beat.at <= ignored_at).max_by_key(|(_, beat)| beat.entry)
    });
    let Some((connection, beat)) = lost else {
        return Observation::unseen(
            "the client sent no second heartbeat whose reply could be lost",
        );
    };
    let since = |at: Instant| session.clock.beats(at.since(beat.at));
    let next = connection.heartbeats().find(|(seen, _)| seen.entry > beat.entry);
    let next = next.map(|(seen, _)| (seen.entry, seen.at));
    let (what, entry, at) = match (next, connection.left(session)) {
        (Some((entry, at)), _) => ("the next heartbeat came", entry, at),
        (None, Some((entry, at))) => ("it ended the connection", entry, at),
        (None, None) => {
            let silent = since(session.shown_until(connection));
            let told = format!("no heartbeat in the {} s after the unanswered one", secs(silent));
            if silent <= limit(session) + TOLERANCE && drop_note(session, connection).is_none() {
                return Observation::unseen(told);
            }
            if spoiled(session) {
                return Observation::unseen(format!("{told}, but this machine stalled meanwhile"));
            }
            let timing = Timing { measured: silent, limit: limit(session), tolerance: TOLERANCE };
            return Observation::unmet(told)
                .expecting(NEXT)
                .at_entry(beat.entry, beat.at)
                .with_timing(timing);
        }
    };
    let observation = gap_observation(session, since(at), what, "after the unanswered one");
    match observation.outcome {
        // The margin is a check of its own.
        Outcome::Weak => Observation { outcome: Outcome::Met, hint: None, ..observation },
        _ => observation,
    }
    .expecting(NEXT)
    .at_entry(entry, at)
}

/// What is expected after a reply that was lost.
const NEXT: &str =
    "a heartbeat within 30 s of the one that was not answered, or the connection's end";

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::{From, What};

    use crate::check::Outcome::{Met, Unmet, Unseen, Weak};
    use crate::check::testing::{BEAT, Wire, dropped, outcome};

    fn open() -> Wire {
        Wire::new().open(0.0).subscribed(0.1)
    }

    fn beating(every: f64) -> Wire {
        let beats = (1..).map(|n| f64::from(n) * every).take_while(|at| *at < 125.0);
        beats.fold(open(), Wire::beat).mark(125.0, "end")
    }

    fn ping() -> What {
        What::Ping { from: From::Client, hex: String::new() }
    }

    #[test]
    fn a_steady_timer_is_right_up_to_the_limit_and_its_tolerance() {
        for (every, keeps, margin) in [
            (15.0, Met, Met),
            (25.0, Met, Met),
            (29.0, Met, Met),
            (30.01, Met, Weak),
            (30.4, Met, Weak),
            (32.0, Met, Weak),
            (32.1, Unmet, Unmet),
        ] {
            assert_eq!(outcome("HB002", beating(every)), keeps, "{every}");
            assert_eq!(outcome("HB003", beating(every)), margin, "{every}");
        }
    }

    #[test]
    fn a_busy_chat_puts_no_heartbeat_off() {
        let busy = || open().scenario("busy-chat");
        assert_eq!(outcome("HB008", busy().beat(25.0).beat(50.0).mark(70.0, "end")), Met);
        assert_eq!(outcome("HB008", busy().entry(32.01, dropped())), Unmet);
        assert_eq!(outcome("HB008", busy()), Unseen);
    }

    #[test]
    fn a_timer_that_ends_is_caught() {
        let once = || open().beat(20.0).entry(52.01, dropped()).close(52.01, From::Server, 1000);
        assert_eq!(outcome("HB002", once()), Unmet);
        assert_eq!(outcome("HB003", once()), Unmet);
        assert_eq!(
            outcome("HB002", once().entry(53.0, What::Noise { worst_stall_ms: 1500 })),
            Unseen
        );
        // Nor does a connection on which all was well say anything about the one that was dropped.
        let anew = once().open(54.0).beat(74.0).mark(90.0, "end");
        assert_eq!(outcome("HB002", anew.clone()), Unmet);
        let stalled = anew.entry(91.0, What::Noise { worst_stall_ms: 1500 });
        assert_eq!(outcome("HB002", stalled), Unseen);
        assert_eq!(outcome("HB002", open().close(20.0, From::Client, 1000)), Unseen);
        assert_eq!(outcome("HB002", Wire::new()), Unseen);
        // Whoever connects anew begins anew.
        let anew = open().beat(20.0).close(30.0, From::Client, 1000).open(50.0).beat(70.0);
        assert_eq!(outcome("HB002", anew.mark(90.0, "end")), Met);
    }

    #[test]
    fn pings_are_no_heartbeats() {
        assert_eq!(outcome("HB021", open().beat(20.0)), Met);
        assert_eq!(outcome("HB021", open().entry(10.0, ping()).beat(20.0)), Met);
        let only = || open().entry(20.0, ping());
        assert_eq!(outcome("HB021", only().entry(32.01, dropped())), Unmet);
        assert_eq!(outcome("HB021", only().mark(125.0, "end")), Unmet);
        assert_eq!(outcome("HB021", only()), Unseen);
        assert_eq!(outcome("HB021", open().entry(32.01, dropped())), Unseen);
    }

    #[test]
    fn a_lost_reply_changes_nothing() {
        let lost = || {
            let first = open().scenario("heartbeat-late-reply").beat(25.0);
            first.client(50.0, BEAT).mark(50.0, "step:ignore-heartbeat")
        };
        assert_eq!(outcome("HB026", lost().beat(75.0)), Met);
        assert_eq!(outcome("HB026", lost().beat(82.0)), Met);
        assert_eq!(outcome("HB026", lost().beat(82.1)), Unmet);
        assert_eq!(outcome("HB026", lost().close(60.0, From::Client, 1000)), Met);
        assert_eq!(outcome("HB026", lost().mark(110.0, "end")), Unmet);
        let dropped = || lost().entry(82.01, dropped()).close(82.01, From::Server, 1000);
        assert_eq!(outcome("HB026", dropped()), Unmet);
        let stalled = dropped().entry(83.0, What::Noise { worst_stall_ms: 1500 });
        assert_eq!(outcome("HB026", stalled), Unseen);
        assert_eq!(outcome("HB026", lost()), Unseen);
        let never = open().scenario("heartbeat-late-reply").beat(25.0).mark(110.0, "end");
        assert_eq!(outcome("HB026", never), Unseen);
    }

    #[test]
    fn heartbeats_keep_a_distance() {
        assert_eq!(outcome("HB022", open().beat(20.0).beat(21.0)), Met);
        assert_eq!(outcome("HB022", open().beat(20.0).beat(20.9)), Weak);
        assert_eq!(outcome("HB022", open().beat(20.0)), Unseen);
        let contract = || Wire::new().contract(25).open(0.0);
        assert_eq!(outcome("HB022", contract().beat(0.8).beat(0.84)), Met);
        assert_eq!(outcome("HB022", contract().beat(0.8).beat(0.83)), Weak);
    }
}
