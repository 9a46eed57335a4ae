//! A client whose computer slept, while its connection was ended.

use std::time::Duration;

use glimesh_mock::transcript::{Entry, What};
use glimesh_proto::Instant;

use crate::check::limit::spoiled;
use crate::check::process::how_it_ended;
use crate::check::recover::is_granted;
use crate::check::{Capability, Check, Level, Observation, Outcome, Scope, Timing};
use crate::session::Session;

/// The checks of this area.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "PR007",
    slug: "process/back-after-sleep",
    clauses: &["GCW-TR-01"],
    level: Level::Should,
    title: "comes back after a sleep",
    requirement: "A client whose process was stopped for 70 seconds, in which its connection ended, SHOULD be back and \
                  subscribed within 45 seconds.",
    why: "A notebook that is closed, a virtual machine that is paused, and a browser's tab in the background all stop a \
          client's clock. The connection is long dead when it goes on, and timers that were due are late or lost.",
    mend: "Take the end of the connection for what it is, whenever it is read; and when a timer comes much later than it \
           was set, connect anew instead of waiting for the next one.",
    scope: Scope::Of("reset"),
    needs: Some(Capability::Reconnect),
    timing: true,
    judge: back_after_sleep,
}];

/// The note with which the kit says that it has stopped the client's processes.
pub(crate) const STOPPED: &str = "client-stopped";

/// How soon a client is back.
const WITHIN: Duration = Duration::from_secs(45);

fn back_after_sleep(session: &Session) -> Observation {
    let is_told = |entry: &Entry| matches!(&entry.what, What::Note { code, .. } if code == STOPPED);
    let was_stopped = session.transcript.entries.iter().any(is_told);
    let Some(woken) = session.mark("step:thaw").filter(|_| was_stopped) else {
        return Observation::unseen("the client's process was not stopped");
    };
    // Until then something may be on its way that was said before.
    let slept_from = session.mark("step:cut").unwrap_or(woken);
    if session.requests().any(|request| (slept_from..woken).contains(&request.at)) {
        return Observation::unseen("the client asked for a connection while it should have slept");
    }
    let timed = |observation: Observation, back: Instant| {
        let measured = back.since(woken);
        let timing = Timing { measured, limit: WITHIN, tolerance: Duration::ZERO };
        match observation.outcome {
            Outcome::Unmet if spoiled(session) => {
                Observation::unseen(format!("{}, but this machine stalled", observation.actual))
            }
            _ => observation.with_timing(timing),
        }
    };
    let expected = "a connection with a subscription within 45 s";
    let granted = session
        .open_connections()
        .filter(|connection| connection.opened_at.is_some_and(|at| at >= woken))
        .find_map(|connection| connection.server_frames().find(|(_, frame)| is_granted(frame)))
        .map(|(seen, _)| seen);
    if let Some(seen) = granted {
        let after = seen.at.since(woken);
        let told = format!("subscribed again {:.1} s after its sleep", after.as_secs_f64());
        let observation =
            if after <= WITHIN { Observation::met(told) } else { Observation::unmet(told) };
        return timed(observation.expecting(expected).at_entry(seen.entry, seen.at), seen.at);
    }
    if let Some((entry, event)) = session.early_exit() {
        return Observation::unmet(format!("the client {}", how_it_ended(event)))
            .expecting(expected)
            .at_entry(entry, session.entry(entry).at);
    }
    match session.last_mark("missed:subscribed") {
        Some(at) if at >= woken => {
            let told = Observation::unmet("it did not subscribe again after its sleep");
            timed(told.expecting(expected), at)
        }
        _ => Observation::unseen("the session ended before the client could come back"),
    }
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::{From, What};

    use super::STOPPED;
    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{Wire, exited, outcome};

    #[test]
    fn a_client_is_back_after_its_sleep() {
        let stopped = || What::Note { code: STOPPED.to_owned(), text: "stopped".to_owned() };
        let open = || Wire::new().scenario("reset").open(1.0).subscribed(1.1);
        let slept = || {
            let wire = open().mark(10.0, "step:freeze").entry(10.0, stopped());
            wire.mark(20.0, "step:cut").eof(20.0, From::Server).mark(80.0, "step:thaw")
        };
        assert_eq!(outcome("PR007", slept().open(81.0).subscribed(81.1)), Met);
        assert_eq!(outcome("PR007", slept().open(130.0).subscribed(130.1)), Unmet);
        assert_eq!(outcome("PR007", slept().mark(125.0, "missed:subscribed")), Unmet);
        assert_eq!(outcome("PR007", slept().entry(81.0, exited(Some(0), None))), Unmet);
        assert_eq!(outcome("PR007", slept()), Unseen);
        // It went on in a process that the kit could not stop.
        let frozen = |wire: Wire| wire.mark(10.0, "step:freeze").entry(10.0, stopped());
        let thawed = |wire: Wire| wire.mark(80.0, "step:thaw").mark(125.0, "missed:subscribed");
        let sleepless = frozen(open()).mark(20.0, "step:cut").open(21.0).subscribed(21.1);
        assert_eq!(outcome("PR007", thawed(sleepless)), Unseen);
        // It was on its way to another connection when it was stopped.
        let moved = frozen(open()).open(10.1).mark(20.0, "step:cut");
        assert_eq!(outcome("PR007", thawed(moved)), Unmet);
        // Whoever cannot stop it has seen nothing.
        let awake = open().mark(10.0, "step:freeze").mark(80.0, "step:thaw");
        assert_eq!(outcome("PR007", awake.open(81.0).subscribed(81.1)), Unseen);
    }
}
