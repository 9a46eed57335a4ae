//! What a client does with what is legal and unexpected: unknown events, forty pings, binary frames; and with
//! a text that is not UTF-8.

use glimesh_mock::transcript::{Entry, From, What};
use glimesh_proto::Instant;

use crate::check::limit::{drop_note, spoiled};
use crate::check::process::how_it_ended;
use crate::check::{Check, Level, Observation, Scope};
use crate::session::{Connection, Session};

/// The checks FT002, FT003, FT004 and FT006.
pub(super) const CHECKS: [Check; 4] = [
    Check {
        id: "FT002",
        slug: "fault/unknown-events",
        clauses: &["PHX-12"],
        level: Level::Should,
        title: "ignores events that it does not know",
        requirement: "The client SHOULD ignore events and topics that it does not know, and keep the connection.",
        why: "A newer server sends more than an older client knows. Who takes that for an error is gone with the first \
              update of the server.",
        mend: "Give the switch over topics and events a default branch that logs and goes on.",
        scope: Scope::Of("odd-frames"),
        needs: None,
        timing: true,
        judge: |session| keeps_on(session, &EVENTS),
    },
    Check {
        id: "FT003",
        slug: "fault/binary-frames",
        clauses: &["PHX-12"],
        level: Level::Note,
        title: "takes binary frames",
        requirement: "The client MAY ignore a binary frame or connect anew; what it does is noted.",
        why: "Phoenix has a binary form of its frames. Glimesh never sent one, but a library may turn it on.",
        mend: "Look at the kind of a message before you parse it, and skip what is not text.",
        scope: Scope::Of("odd-frames"),
        needs: None,
        timing: true,
        judge: bears_binary,
    },
    Check {
        id: "FT004",
        slug: "fault/invalid-utf8",
        clauses: &["WS-04"],
        level: Level::Should,
        title: "ends a connection whose text is not UTF-8",
        requirement: "After a text message that is not UTF-8 the client SHOULD end the connection, best with 1007, and not crash.",
        why: "Such a message comes from a broken proxy or a broken connection. The exception that a decoder throws there \
              is seldom caught.",
        mend: "Use a WebSocket library that checks UTF-8, and treat its error as a lost connection.",
        scope: Scope::Of("odd-frames"),
        needs: None,
        timing: false,
        judge: ends_invalid,
    },
    Check {
        id: "FT006",
        slug: "fault/ping-flood",
        clauses: &["WS-02"],
        level: Level::Should,
        title: "answers pings in a row",
        requirement: "The client SHOULD answer pings with their own data, at least the last of several, and keep the connection.",
        why: "Proxies ping, some of them often. A ping without its pong counts as a dead client.",
        mend: "Let the WebSocket library answer pings; if you do it, copy the payload, which may be up to 125 bytes long.",
        scope: Scope::Of("odd-frames"),
        needs: None,
        timing: true,
        judge: answers_pings,
    },
];

/// A part of the session: what is sent, and after which a heartbeat shows that the client lives.
struct Part {
    /// Whether an entry is one of those that the client has to bear.
    is_it: fn(&What) -> bool,
    /// The mark behind them; a heartbeat before it may have been on its way.
    settled: &'static str,
    /// What they are, for a sentence.
    what: &'static str,
}

const EVENTS: Part = Part {
    is_it: |what| matches!(what, What::Text { from: From::Server, data, .. } if data.contains("something_new")),
    settled: "settled-events",
    what: "an unknown event",
};

const PINGS: Part = Part {
    is_it: |what| matches!(what, What::Ping { from: From::Server, .. }),
    settled: "settled-pings",
    what: "the pings",
};

const BINARY: Part = Part {
    is_it: |what| matches!(what, What::Binary { from: From::Server, .. }),
    settled: "settled-binary",
    what: "the binary frames",
};

/// The first entry of a part, with its connection.
fn begin<'a>(session: &'a Session, part: &Part) -> Option<(&'a Connection, usize, &'a Entry)> {
    session.open_connections().find_map(|connection| {
        let entries = connection.entries.iter().map(|&index| (index, session.entry(index)));
        let (index, entry) = entries.into_iter().find(|(_, entry)| (part.is_it)(&entry.what))?;
        Some((connection, index, entry))
    })
}

fn keeps_on(session: &Session, part: &Part) -> Observation {
    let Some((connection, index, entry)) = begin(session, part) else {
        return Observation::unseen(format!("the client did not get so far as {}", part.what));
    };
    let what = part.what;
    let expected = format!("a heartbeat on the same connection after {what}");
    let unmet = |told: String| Observation::unmet(told).expecting(&expected);
    let settled = session.mark(part.settled);
    let beat = settled.and_then(|settled| {
        connection.heartbeats().map(|(seen, _)| seen).find(|seen| seen.at >= settled)
    });
    if let Some(beat) = beat {
        return Observation::met(format!("it beats on after {what}")).at_entry(beat.entry, beat.at);
    }
    let until = next_part(session, entry.at, part);
    if let Some((exit, event)) = session.early_exit()
        && session.entry(exit).at <= until
    {
        let told = format!("the client {} after {what}", how_it_ended(event));
        return unmet(told).at_entry(exit, session.entry(exit).at);
    }
    if let Some((end, at)) = connection.left(session).filter(|(_, at)| *at <= until) {
        return unmet(format!("the client ended the connection after {what}")).at_entry(end, at);
    }
    if let Some((note, at, _)) = drop_note(session, connection).filter(|(_, at, _)| *at <= until) {
        return match spoiled(session) {
            true => Observation::unseen("the server dropped the client, but this machine stalled"),
            false => {
                unmet(format!("it fell silent after {what}, and was dropped")).at_entry(note, at)
            }
        };
    }
    match session.marks("missed:heartbeat").any(|at| at >= entry.at && at <= until) {
        true => unmet(format!("it fell silent after {what}")).at_entry(index, entry.at),
        false => Observation::unseen("the session ended before the next heartbeat was due"),
    }
}

/// When the next part begins: what happens later is not this part's.
fn next_part(session: &Session, from: Instant, part: &Part) -> Instant {
    let next = [&EVENTS, &PINGS, &BINARY]
        .into_iter()
        .filter(|other| other.settled != part.settled)
        .filter_map(|other| begin(session, other).map(|(_, _, entry)| entry.at))
        .filter(|at| *at > from)
        .min();
    let bytes = invalid_sent(session).filter(|at| *at > from);
    next.into_iter().chain(bytes).min().unwrap_or_else(|| session.ended_at())
}

fn bears_binary(session: &Session) -> Observation {
    let seen = keeps_on(session, &BINARY);
    match seen.outcome {
        crate::check::Outcome::Unmet => {
            Observation { outcome: crate::check::Outcome::Note, ..seen }
        }
        _ => seen,
    }
}

fn answers_pings(session: &Session) -> Observation {
    let Some((connection, ..)) = begin(session, &PINGS) else {
        return Observation::unseen("the client did not get so far as the pings");
    };
    let kept = keeps_on(session, &PINGS);
    if kept.outcome != crate::check::Outcome::Met {
        return kept;
    }
    let entries = || connection.entries.iter().map(|&index| (index, session.entry(index)));
    let last = entries().rfind(|(_, entry)| (PINGS.is_it)(&entry.what));
    let Some((ping, What::Ping { hex: wanted, .. })) = last.map(|(n, entry)| (n, &entry.what))
    else {
        return Observation::unseen("no ping was sent");
    };
    let pongs = || entries().filter(|(_, entry)| matches!(entry.what, What::Pong { .. }));
    let same =
        |what: &What| matches!(what, What::Pong { from: From::Client, hex } if hex == wanted);
    let answer = pongs().find(|(index, entry)| *index > ping && same(&entry.what));
    match (answer, pongs().next()) {
        (Some((index, entry)), _) => {
            let pings = entries().filter(|(_, entry)| (PINGS.is_it)(&entry.what)).count();
            let told =
                format!("{} pongs for {pings} pings, the last with its data", pongs().count());
            Observation::met(told).at_entry(index, entry.at)
        }
        (None, None) => Observation::unmet("it answers no ping")
            .expecting("a pong with the data of the ping")
            .at_entry(ping, session.entry(ping).at),
        (None, Some(_)) => Observation::unmet("no pong carries the data of the last ping")
            .expecting("a pong with the same 125 bytes")
            .at_entry(ping, session.entry(ping).at)
            .with_hint("a pong repeats the ping's payload"),
    }
}

/// When the text that is not UTF-8 was sent, which is no message that the transcript shows: with the first step
/// `frame` behind the pings.
fn invalid_sent(session: &Session) -> Option<Instant> {
    let settled = session.mark(PINGS.settled)?;
    session.marks("step:frame").find(|at| *at >= settled)
}

fn ends_invalid(session: &Session) -> Observation {
    let Some(sent) = invalid_sent(session) else {
        return Observation::unseen("the client did not get so far as the text that is not UTF-8");
    };
    let expected = "the connection ended by the client, best with 1007";
    let connection = session.open_connections().filter(|connection| {
        connection.opened_at.is_some_and(|at| at <= sent)
            && connection.ended_at.is_none_or(|end| end >= sent)
    });
    let Some(connection) = connection.last() else {
        return Observation::unseen("the client had no connection when the text was sent");
    };
    let left = connection.left(session).filter(|(_, at)| *at >= sent);
    let until = begin(session, &BINARY).map_or_else(|| session.ended_at(), |(_, _, it)| it.at);
    let between = |at: Instant| at >= sent && at <= until;
    let crash = session.early_exit().filter(|(entry, _)| between(session.entry(*entry).at));
    if let Some((entry, at)) = left {
        return match session.entry(entry).what {
            What::Close { code, .. } => {
                let code = code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
                Observation::met(format!("it closed with {code}")).at_entry(entry, at)
            }
            _ if crash.is_some() => died(session, crash, expected),
            _ => Observation::met("it ended the connection").at_entry(entry, at),
        };
    }
    if crash.is_some() {
        return died(session, crash, expected);
    }
    match session.marks("missed:end").any(|at| at >= sent) {
        true => Observation::unmet("it kept the connection").expecting(expected).with_hint(
            "RFC 6455 asks to end it; a library that replaces the bad bytes hides what went wrong",
        ),
        false => Observation::unseen("the session ended before the client could react"),
    }
}

fn died(
    session: &Session,
    crash: Option<(usize, &glimesh_mock::transcript::ProcessEvent)>,
    expected: &str,
) -> Observation {
    let Some((entry, event)) = crash else { return Observation::unseen("it did not end") };
    Observation::unmet(format!("the client {} without a close frame", how_it_ended(event)))
        .expecting(expected)
        .at_entry(entry, session.entry(entry).at)
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::{From, What};

    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
    use crate::check::testing::{Wire, dropped, exited, outcome};

    const NEW: &str = r#"[null,null,"__absinthe__:control","something_new",{"a":1}]"#;

    fn events() -> Wire {
        let open = Wire::new().scenario("odd-frames").open(1.0).subscribed(1.1);
        open.server(2.0, NEW).mark(2.3, "settled-events")
    }

    fn ping(wire: Wire, at: f64, hex: &str) -> Wire {
        wire.entry(at, What::Ping { from: From::Server, hex: hex.to_owned() })
    }

    fn pong(wire: Wire, at: f64, hex: &str) -> Wire {
        wire.entry(at, What::Pong { from: From::Client, hex: hex.to_owned() })
    }

    fn pinged() -> Wire {
        let wire = ping(events().beat(26.0).mark(26.0, "step:frame"), 26.1, "70");
        ping(wire, 26.1, "7171")
    }

    fn invalid() -> Wire {
        let wire = pong(pinged(), 26.2, "7171").mark(26.5, "settled-pings").beat(51.0);
        wire.mark(52.0, "step:frame")
    }

    fn binary() -> Wire {
        let anew = invalid().close(52.1, From::Client, 1007).open(53.0).subscribed(53.1);
        let sent = What::Binary { from: From::Server, hex: "ff".to_owned(), len: 1 };
        anew.entry(54.0, sent).mark(54.3, "settled-binary")
    }

    #[test]
    fn an_unknown_event_is_ignored() {
        assert_eq!(outcome("FT002", events().beat(26.0)), Met);
        assert_eq!(outcome("FT002", events().entry(2.4, exited(Some(1), None))), Unmet);
        assert_eq!(outcome("FT002", events().close(2.4, From::Client, 1002).open(3.0)), Unmet);
        assert_eq!(outcome("FT002", events().entry(33.0, dropped())), Unmet);
        assert_eq!(outcome("FT002", events().mark(47.3, "missed:heartbeat")), Unmet);
        assert_eq!(outcome("FT002", events()), Unseen);
        assert_eq!(outcome("FT002", Wire::new().scenario("odd-frames").open(1.0)), Unseen);
        // What comes later is not held against it.
        assert_eq!(outcome("FT002", pinged().entry(26.2, exited(Some(1), None))), Met);
    }

    #[test]
    fn the_last_ping_is_answered() {
        let settled = |wire: Wire| wire.mark(26.5, "settled-pings");
        assert_eq!(outcome("FT006", settled(pong(pinged(), 26.2, "7171")).beat(51.0)), Met);
        let all = pong(pong(pinged(), 26.2, "70"), 26.2, "7171");
        assert_eq!(outcome("FT006", settled(all).beat(51.0)), Met);
        assert_eq!(outcome("FT006", settled(pong(pinged(), 26.2, "")).beat(51.0)), Unmet);
        assert_eq!(outcome("FT006", settled(pinged()).beat(51.0)), Unmet);
        assert_eq!(outcome("FT006", pinged().entry(26.2, exited(Some(1), None))), Unmet);
        assert_eq!(outcome("FT006", pinged().close(26.2, From::Client, 1008).open(27.0)), Unmet);
        assert_eq!(outcome("FT006", events()), Unseen);
    }

    #[test]
    fn what_becomes_of_binary_frames_is_noted() {
        assert_eq!(outcome("FT003", binary().beat(79.0)), Met);
        assert_eq!(outcome("FT003", binary().entry(54.4, exited(Some(1), None))), Note);
        assert_eq!(outcome("FT003", binary().close(54.1, From::Client, 1003).open(55.0)), Note);
        assert_eq!(outcome("FT003", binary()), Unseen);
        assert_eq!(outcome("FT004", binary().entry(54.4, exited(Some(1), None))), Met);
        assert_eq!(outcome("FT003", invalid()), Unseen);
    }

    #[test]
    fn a_text_that_is_not_utf8_ends_the_connection() {
        assert_eq!(outcome("FT004", invalid().close(52.1, From::Client, 1007)), Met);
        let farewell = invalid().close(52.1, From::Client, 1007);
        assert_eq!(outcome("FT004", farewell.entry(52.2, exited(Some(1), None))), Met);
        assert_eq!(outcome("FT004", invalid().eof(52.1, From::Client).open(53.0)), Met);
        let crashed = invalid().eof(52.1, From::Client).entry(52.1, exited(Some(1), None));
        assert_eq!(outcome("FT004", crashed), Unmet);
        assert_eq!(outcome("FT004", invalid().mark(62.0, "missed:end")), Unmet);
        assert_eq!(outcome("FT004", invalid()), Unseen);
        assert_eq!(outcome("FT004", events()), Unseen);
    }
}
