//! How a client treats a server that has no room for it.

use std::time::Duration;

use crate::check::limit::secs;
use crate::check::process::how_it_ended;
use crate::check::upgrade::storm;
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::session::Session;

/// The checks RC003 and RC012.
pub(super) const CHECKS: [Check; 2] = [
    Check {
        id: "RC003",
        slug: "recover/backs-off",
        clauses: &["GCW-TR-01"],
        level: Level::Should,
        title: "backs off from a server that is overloaded",
        requirement: "A client that is refused with 503 SHOULD wait longer each time, or at least a second, and try no more \
                  than 15 times in ten seconds.",
        why: "All clients of a server that restarts come at once. If each tries again without a growing pause, the server \
          never gets up.",
        mend: "Double the pause with each failure up to half a minute, and let chance vary it; begin anew only when a \
           connection has worked.",
        scope: Scope::Of("overloaded"),
        needs: Some(Capability::Reconnect),
        timing: false,
        judge: backs_off,
    },
    Check {
        id: "RC012",
        slug: "recover/backs-off-from-lost-opens",
        clauses: &["GCW-TR-01"],
        level: Level::Should,
        title: "backs off from connections that end at once",
        requirement: "A client whose connections all end right after the join SHOULD wait longer each time, or at least a \
                  second, and connect no more than 15 times in ten seconds.",
        why: "A server that lets clients in and then fails is as overloaded as one that refuses them. A client whose pause \
          begins anew with every open comes back at once, for ever.",
        mend: "Begin anew with short pauses only when a connection has lasted, for example when its first heartbeat was \
           answered; not when it was opened.",
        scope: Scope::Of("closed-after-each-join"),
        needs: Some(Capability::Reconnect),
        timing: false,
        judge: |session| match session.mark("reached:join") {
            Some(_) => backs_off(session),
            None => {
                Observation::unseen("the client never joined, so no connection was ended for it")
            }
        },
    },
];

/// A pause that need not grow; a little less than the second that is meant.
const LONG_ENOUGH: Duration = Duration::from_millis(950);

/// From so many pauses on it can be told whether they grow: Phoenix's own client begins with seven short ones.
const ENOUGH: usize = 8;

fn backs_off(session: &Session) -> Observation {
    let expected =
        "pauses that grow, or are a second long, and no more than 15 tries in ten seconds";
    let requests: Vec<_> = session.requests().collect();
    let Some(first) = requests.first() else {
        return Observation::unseen("the client never asked for a WebSocket");
    };
    if let Some(storm) = storm(&requests, expected) {
        return storm;
    }
    if let Some((entry, event)) = session.early_exit() {
        let told = format!("the client {}, and did not try again", how_it_ended(event));
        return Observation::note(told).at_entry(entry, session.entry(entry).at);
    }
    let Some(end) = session.mark("end") else {
        return Observation::unseen("the session ended before the client could try again");
    };
    let pauses: Vec<_> = requests.windows(2).map(|pair| pair[1].at.since(pair[0].at)).collect();
    let (Some(&shortest), Some(&last)) = (pauses.iter().min(), pauses.last()) else {
        let waited = end.since(first.at).as_secs_f64();
        return Observation::met(format!("no second try in {waited:.0} s"));
    };
    let told =
        format!("{} tries, pauses from {} to {} s", requests.len(), secs(shortest), secs(last));
    if pauses.len() < ENOUGH || last >= LONG_ENOUGH || are_long(&pauses) || grow(&pauses) {
        return Observation::met(told).at_entry(first.entry, first.at);
    }
    Observation::unmet(told).expecting(expected).at_entry(first.entry, first.at)
}

/// Whether the pauses are a second long where chance makes half of them shorter.
fn are_long(pauses: &[Duration]) -> bool {
    mean(pauses) >= LONG_ENOUGH * 4 / 5
}

/// Whether the last third of the pauses is longer than the first. One alone may be short or long by chance.
fn grow(pauses: &[Duration]) -> bool {
    let third = pauses.len().div_ceil(3);
    mean(&pauses[pauses.len() - third..]) >= mean(&pauses[..third]) * 3 / 2
}

fn mean(pauses: &[Duration]) -> Duration {
    let count = u32::try_from(pauses.len()).unwrap_or(u32::MAX).max(1);
    pauses.iter().sum::<Duration>() / count
}

#[cfg(test)]
mod tests {
    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
    use crate::check::testing::{Wire, exited, outcome};

    fn refused(at: &[f64]) -> Wire {
        let wire = Wire::new().scenario("overloaded");
        at.iter().fold(wire, |wire, &at| {
            wire.upgrade(1.0 + at, "/api/graph/websocket", &[("vsn", "2.0.0")], 503)
        })
    }

    #[test]
    fn pauses_grow_or_are_long() {
        let check = |at: &[f64], expected| {
            assert_eq!(outcome("RC003", refused(at).mark(8.0, "end")), expected, "{at:?}");
        };
        // Phoenix's own client.
        check(&[0.0, 0.01, 0.06, 0.16, 0.31, 0.51, 0.76, 1.26, 2.26, 4.26], Met);
        check(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], Met);
        check(&[0.0, 0.6, 1.2, 1.8, 2.4, 3.0, 3.6, 4.2, 4.8, 5.4, 6.0, 6.6], Unmet);
        // One short pause is no beginning of longer ones.
        let steady = (0..12).map(|n| 0.01 + 0.7 * f64::from(n));
        check(&[0.0].into_iter().chain(steady).collect::<Vec<_>>(), Unmet);
        // A second, give or take a half, as chance has it.
        check(&[0.0, 1.4, 2.0, 3.3, 4.1, 5.5, 6.1, 7.2, 7.9], Met);
        let quick: Vec<_> = (0..20).map(|n| f64::from(n) * 0.2).collect();
        check(&quick, Unmet);
        check(&[0.0], Met);
        check(&[], Unseen);
    }

    #[test]
    fn who_ends_does_not_try_again() {
        assert_eq!(outcome("RC003", refused(&[0.0]).entry(1.1, exited(Some(1), None))), Note);
        assert_eq!(outcome("RC003", refused(&[0.0])), Unseen);
    }

    #[test]
    fn an_open_alone_is_no_success() {
        let ended = |pauses: &[f64]| {
            let wire = Wire::new().scenario("closed-after-each-join").open(1.0);
            let wire = wire.mark(1.1, "reached:join");
            let mut at = 1.0;
            let again = |wire: Wire, pause: &f64| {
                at += pause;
                wire.open(at)
            };
            pauses.iter().fold(wire, again).mark(10.0, "end")
        };
        assert_eq!(outcome("RC012", ended(&[0.2, 1.0, 2.0, 4.0])), Met);
        assert_eq!(outcome("RC012", ended(&[5.0])), Met);
        assert_eq!(outcome("RC012", ended(&[0.2; 10])), Unmet);
        assert_eq!(outcome("RC012", ended(&[0.01; 20])), Unmet);
        assert_eq!(
            outcome("RC012", Wire::new().scenario("closed-after-each-join").open(1.0)),
            Unseen
        );
    }
}
