//! What a client does that came back to a server that hangs.

use std::time::Duration;

use glimesh_proto::names;

use crate::check::limit::drop_note;
use crate::check::process::how_it_ended;
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::session::Session;

/// The check RC013.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "RC013",
    slug: "recover/leaves-stuck-reconnect",
    clauses: &["GCW-TR-01", "GCW-JN-03"],
    level: Level::Should,
    title: "leaves a reconnect on which nobody answers",
    requirement: "When the join on a new connection after a lost one is never answered, the client SHOULD join again, there or on another connection, within 60 s.",
    why: "A server that has just crashed often takes connections before it can answer. A client whose timeouts cover its first connection alone comes back to it and waits for ever.",
    mend: "Open every connection by the same code, with the same timeout for the join; when it passes, connect anew.",
    scope: Scope::Of("reset"),
    needs: Some(Capability::Reconnect),
    timing: false,
    judge: leaves_stuck_reconnect,
}];

/// How soon the join is given up, with what is allowed beyond: a client that looks only with every second heartbeat
/// of 30 s needs as long.
const WITHIN: Duration = Duration::from_secs(65);

fn leaves_stuck_reconnect(session: &Session) -> Observation {
    let joins = || {
        session.open_connections().flat_map(|connection| {
            connection.on_control(names::PHX_JOIN).map(move |(join, _)| (connection, join))
        })
    };
    let ignored = session.mark("step:ignore-join").and_then(|ignored_at| {
        joins().filter(|(_, join)| join.at <= ignored_at).max_by_key(|(_, join)| join.entry)
    });
    let Some((connection, join)) = ignored else {
        return Observation::unseen("the client did not join again after the reset");
    };
    let expected = "another join within 60 s";
    let next = joins().map(|(_, next)| next).filter(|next| next.entry > join.entry);
    if let Some((_, dropped_at, _)) = drop_note(session, connection) {
        return Observation::unseen(
            "the server dropped the client, which did not beat, before it gave the join up",
        )
        .at_entry(join.entry, dropped_at);
    }
    if let Some(next) = next.min_by_key(|next| next.entry) {
        let after = next.at.since(join.at);
        let told = format!(
            "it joined again {:.1} s after the join that was not answered",
            after.as_secs_f64()
        );
        let observation =
            if after <= WITHIN { Observation::met(told) } else { Observation::unmet(told) };
        return observation.expecting(expected).at_entry(next.entry, next.at);
    }
    if let Some((entry, event)) = session.early_exit() {
        return Observation::unmet(format!("the client {}", how_it_ended(event)))
            .expecting(expected)
            .at_entry(entry, session.entry(entry).at);
    }
    match session.last_mark("missed:join") {
        Some(_) => Observation::unmet("it did not join again")
            .expecting(expected)
            .at_entry(join.entry, join.at),
        None => Observation::unseen("the session ended before the client could join again"),
    }
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::From;

    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{JOIN, Wire, dropped, exited, outcome};

    #[test]
    fn a_server_that_hangs_is_left() {
        let back = || Wire::new().scenario("reset").open(1.0).subscribed(1.1).open(3.0);
        let stuck = || back().client(3.1, JOIN).mark(3.1, "step:ignore-join");
        assert_eq!(outcome("RC013", stuck().client(13.1, JOIN)), Met);
        let left = stuck().close(13.1, From::Client, 1000);
        assert_eq!(outcome("RC013", left.clone().open(14.0).client(14.1, JOIN)), Met);
        assert_eq!(outcome("RC013", left.mark(68.1, "missed:join")), Unmet);
        assert_eq!(outcome("RC013", stuck().mark(68.1, "missed:join")), Unmet);
        assert_eq!(outcome("RC013", stuck().entry(13.1, exited(Some(1), None))), Unmet);
        let silent = stuck().entry(35.1, dropped()).open(36.0).client(36.1, JOIN);
        assert_eq!(outcome("RC013", silent), Unseen);
        assert_eq!(outcome("RC013", stuck()), Unseen);
        assert_eq!(outcome("RC013", back()), Unseen);
    }
}
