//! Whether a connection's heartbeats come from one timer.
//!
//! Times are told in the client's heartbeat seconds: under a contract clock they pass faster than real ones.

use std::time::Duration;

use crate::check::limit::{secs, spoiled};
use crate::check::{Check, Level, Observation, Scope, never_opened};
use crate::session::{Connection, Session};

/// The check HB027.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "HB027",
    slug: "heartbeat/one-timer-from-the-start",
    clauses: &["GCW-HB-01"],
    level: Level::Should,
    title: "one timer on the first connection, too",
    requirement: "On each connection one timer SHOULD send the heartbeats, not two that run beside each other.",
    why: "Where both the open and the join start a timer, each heartbeat is sent twice, a moment apart, and the end of the connection stops one of them.",
    mend: "Start the timer in one place, and stop the one that runs before another is started.",
    scope: Scope::Of("quiet"),
    needs: None,
    timing: true,
    judge: one_timer,
}];

/// So many gaps show whether they alternate.
const ENOUGH: usize = 6;

/// How far a gap of one of two timers may be off, as a share of their interval.
const SHARE: f64 = 0.1;

fn one_timer(session: &Session) -> Observation {
    let most = session.open_connections().max_by_key(|one| one.heartbeats().count());
    let Some(connection) = most else { return never_opened() };
    let gaps = gaps(session, connection);
    let (Some(&shortest), Some(&longest)) = (gaps.iter().min(), gaps.iter().max()) else {
        return Observation::unseen("no connection showed two heartbeats");
    };
    let told = format!("heartbeats {} to {} s apart", secs(shortest), secs(longest));
    if let Some((one, other)) = alternate(&gaps) {
        return Observation::weak(format!(
            "heartbeats {} s and {} s apart in turn",
            secs(one),
            secs(other)
        ))
        .expecting("one interval, more or less")
        .with_hint("two timers, one some seconds behind the other");
    }
    if spoiled(session) && shortest < longest / 2 {
        return Observation::unseen(format!("{told}, but this machine stalled meanwhile"));
    }
    Observation::met(told)
}

fn gaps(session: &Session, connection: &Connection) -> Vec<Duration> {
    let beats: Vec<_> = connection.heartbeats().map(|(seen, _)| seen.at).collect();
    beats.windows(2).map(|pair| session.clock.beats(pair[1].since(pair[0]))).collect()
}

/// The two lengths of gaps that are short and long in turn, as two timers of one interval make them; a timer with
/// jitter does not.
fn alternate(gaps: &[Duration]) -> Option<(Duration, Duration)> {
    if gaps.len() < ENOUGH {
        return None;
    }
    let every_second = |from| median(gaps.iter().skip(from).step_by(2).copied().collect());
    let (one, other) = (every_second(0), every_second(1));
    let near = |(nth, gap): (usize, &Duration)| {
        gap.abs_diff(if nth % 2 == 0 { one } else { other }) <= (one + other).mul_f64(SHARE)
    };
    let alike = gaps.iter().enumerate().filter(|gap| near(*gap)).count();
    // One or two may be off where the machine was.
    let steady = alike + 2 >= gaps.len();
    (steady && one.min(other) < one.max(other) / 2).then_some((one, other))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::What;

    use crate::check::Outcome::{Met, Unseen, Weak};
    use crate::check::testing::{Wire, outcome};

    fn beating(gaps: &[f64]) -> Wire {
        let mut at = 25.0;
        let first = Wire::new().open(0.0).subscribed(0.1).beat(at);
        let beat = |wire: Wire, gap: &f64| {
            at += gap;
            wire.beat(at)
        };
        gaps.iter().fold(first, beat)
    }

    #[test]
    fn two_timers_beat_in_turn() {
        assert_eq!(outcome("HB027", beating(&[25.0; 4])), Met);
        assert_eq!(outcome("HB027", beating(&[12.5; 9])), Met);
        assert_eq!(outcome("HB027", beating(&[3.0, 22.0, 3.0, 22.0, 3.0, 22.0, 3.0])), Weak);
        // The machine was slow with one of them.
        assert_eq!(outcome("HB027", beating(&[3.0, 22.0, 3.0, 27.0, 0.0, 20.0, 3.0, 22.0])), Weak);
        assert_eq!(outcome("HB027", beating(&[])), Unseen);
    }

    #[test]
    fn jitter_is_no_second_timer() {
        assert_eq!(outcome("HB027", beating(&[12.0, 25.0, 18.0, 10.0, 24.0, 15.0, 21.0])), Met);
        // One heartbeat at once, or in between, is none either.
        assert_eq!(outcome("HB027", beating(&[2.0, 25.0, 25.0, 25.0, 25.0, 25.0])), Met);
        let stalled = |wire: Wire| wire.entry(130.0, What::Noise { worst_stall_ms: 1500 });
        assert_eq!(outcome("HB027", stalled(beating(&[2.0, 25.0, 25.0]))), Unseen);
        assert_eq!(outcome("HB027", stalled(beating(&[25.0; 4]))), Met);
    }
}
