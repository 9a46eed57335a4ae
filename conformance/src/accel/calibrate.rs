//! HB000: does libfaketime reach the waits of this client?
//!
//! Two clients run side by side, one under libfaketime and one not. The server is in real time for both, and drops
//! neither. Of the first it sees how long the gaps between heartbeats are, and of both how long they take to come
//! back after a reset: some programs have waits of one kind accelerated and waits of another kind not, and for those
//! only real time is true.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use glimesh_mock::MockServer;
use glimesh_mock::profile::Profile;
use glimesh_mock::scenario::Scenario;
use glimesh_proto::Instant;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::noise::Probe;
use crate::plan::Plan;
use crate::play::{self, KitFault, Way};
use crate::session::{Connection, Session};

/// The longest interval between heartbeats that is worth waiting for, in the client's seconds.
const LONGEST_GAP: Duration = Duration::from_secs(40);

/// What the machine may need beside the client's waits.
const WORK: Duration = Duration::from_millis(1_500);

/// A wait as short as this tells nothing: it may be work.
const SHORTEST: Duration = Duration::from_millis(300);

/// No client waits so long without a heartbeat that the server would drop it while it is calibrated.
const NO_LIMIT: Duration = Duration::from_secs(3_600);

/// What the two clients showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Calibration {
    /// The waits are as short as they should be.
    Accelerated {
        /// The longest gap between heartbeats, in real time.
        gap: Duration,
    },
    /// No heartbeat came as early as it would from an accelerated client: its waits are real ones, or it sends none.
    Real {
        /// For how long nothing came.
        waited: Duration,
    },
    /// Heartbeats come no faster than in real time.
    Unmoved {
        /// How often they come in either case.
        gap: Duration,
    },
    /// The gaps between heartbeats are accelerated, and the wait before a new connection is not.
    Mixed {
        /// What a client in real time took to come back.
        real: Duration,
        /// What the accelerated one took, in real time.
        accelerated: Duration,
    },
    /// The client showed too little: it did not connect, or left again.
    Inconclusive,
}

impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accelerated { gap } => {
                write!(f, "its heartbeats come every {:.2} s under libfaketime", gap.as_secs_f64())
            }
            Self::Real { waited } => write!(
                f,
                "libfaketime does not reach its waits: no two heartbeats within {:.1} s",
                waited.as_secs_f64()
            ),
            Self::Unmoved { gap } => write!(
                f,
                "its heartbeats come every {:.1} s with libfaketime as without",
                gap.as_secs_f64()
            ),
            Self::Mixed { real, accelerated } => write!(
                f,
                "libfaketime reaches its heartbeats but not its wait before a new connection ({:.1} s with it, {:.1} s without)",
                accelerated.as_secs_f64(),
                real.as_secs_f64()
            ),
            Self::Inconclusive => f.write_str(
                "under libfaketime it did not connect, or did not stay for two heartbeats",
            ),
        }
    }
}

/// Runs the plan's client twice at once, under libfaketime at this rate and without, and compares.
///
/// # Errors
///
/// [`KitFault`] if the kit cannot do its work.
pub async fn calibrate(
    plan: &Plan,
    library: &Path,
    rate: u32,
    interrupt: watch::Receiver<bool>,
) -> Result<Calibration, KitFault> {
    let probe = Probe::start();
    // What the client prints here belongs to no session.
    let output = tempfile::tempdir().map_err(KitFault::Output)?;
    let plan = Plan { output_dir: output.path().to_owned(), ..plan.clone() };
    let accelerated =
        Plan { clock: Clock::Accel { rate }, faketime: Some(library.to_owned()), ..plan.clone() };
    let real = Plan { clock: Clock::Real, ..plan.clone() };
    let patience = LONGEST_GAP / rate + WORK;
    let beats = format!(
        "  - await: {{what: heartbeat, count: 2, within: {}ms}}\n  - reset\n  - await: {{what: upgrade, within: {}ms}}\n",
        (patience * 2).as_millis(),
        patience.as_millis()
    );
    let back = format!(
        "  - await: {{what: join, within: 10s}}\n  - reset\n  - await: {{what: upgrade, within: {}ms}}\n  - await: {{what: heartbeat, count: 2, within: {}ms}}\n",
        (patience * 3).as_millis(),
        (patience * 2).as_millis()
    );
    // As soon as the accelerated one has come back, no more is needed of the other.
    let (enough, enough_seen) = watch::channel(false);
    let seen = async {
        let seen = look(&accelerated, "HB000", &beats, &probe, interrupt.clone()).await?;
        let missed = seen.mark("reached:heartbeat").is_none();
        if missed || came_back(&seen).is_some() || *interrupt.borrow() {
            enough.send_replace(true);
        }
        Ok::<_, KitFault>(seen)
    };
    let beside = look(&real, "HB000-real", &back, &probe, enough_seen);
    let (seen, beside) = tokio::try_join!(seen, beside)?;
    Ok(compare(&seen, &beside, patience * 2))
}

async fn look(
    plan: &Plan,
    id: &str,
    steps: &str,
    probe: &Probe,
    interrupt: watch::Receiver<bool>,
) -> Result<Session, KitFault> {
    let start = plan.connect_timeout.as_millis();
    let text = format!(
        "title: calibration\nwhy: to know what is accelerated\ntimeline:\n  - await: {{what: open, within: {start}ms}}\n{steps}  - end\n"
    );
    let server = MockServer::builder()
        .profile(Profile { heartbeat_limit: NO_LIMIT, ..plan.profile.clone() })
        .scenario(Scenario::parse("calibration", &text)?)
        .session_name(id)
        .tls(plan.tls)
        .start()
        .await?;
    let way = Way { probe, emit: &|_| {}, interrupt };
    Ok(play::with_client(plan, (server, None), id, way).await?.0)
}

fn compare(seen: &Session, beside: &Session, waited: Duration) -> Calibration {
    let gaps = |session: &Session| session.open_connections().find_map(largest_gap);
    let Some(gap) = gaps(seen) else {
        return match seen.mark("missed:heartbeat") {
            Some(_) if seen.open_connections().next().is_some() => Calibration::Real { waited },
            _ => Calibration::Inconclusive,
        };
    };
    if gaps(beside).is_some_and(|real| gap > real / 2) {
        return Calibration::Unmoved { gap };
    }
    let missed = seen.last_mark("missed:upgrade").zip(seen.mark("step:reset"));
    let accelerated = came_back(seen).or_else(|| missed.map(|(at, reset_at)| at.since(reset_at)));
    match (came_back(beside), accelerated) {
        (Some(real), Some(accelerated)) if real > SHORTEST && accelerated > real / 2 => {
            Calibration::Mixed { real, accelerated }
        }
        _ => Calibration::Accelerated { gap },
    }
}

/// The longest of the first two gaps before heartbeats; `None` if there were not so many.
fn largest_gap(connection: &Connection) -> Option<Duration> {
    let beats = connection.heartbeats().map(|(beat, _)| beat.at);
    let times: Vec<Instant> = connection.opened_at.into_iter().chain(beats).take(3).collect();
    let gaps = times.windows(2).map(|pair| pair[1].since(pair[0]));
    if times.len() < 3 { None } else { gaps.max() }
}

/// How long a client took to come back after the reset.
fn came_back(session: &Session) -> Option<Duration> {
    let reset_at = session.mark("step:reset")?;
    let again = session.requests().find(|request| request.at >= reset_at)?;
    Some(again.at.since(reset_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::testing::Wire;

    fn beating(every: f64) -> Wire {
        Wire::new()
            .open(0.1)
            .beat(0.1 + every)
            .beat(0.1 + 2.0 * every)
            .mark(5.0, "reached:heartbeat")
    }

    fn compared(seen: Wire, beside: Wire) -> Calibration {
        compare(&seen.session(), &beside.session(), Duration::from_secs(5))
    }

    #[test]
    fn waits_of_two_kinds_that_disagree_are_told_apart() {
        let back = |wire: Wire, after: f64| wire.mark(6.0, "step:reset").open(6.0 + after);
        let real = |after| back(Wire::new().open(0.1), after);
        let accelerated = |after| back(beating(1.0), after);
        let secs = Duration::from_secs;
        assert_eq!(
            compared(accelerated(2.0), real(2.0)),
            Calibration::Mixed { real: secs(2), accelerated: secs(2) }
        );
        let well = Calibration::Accelerated { gap: secs(1) };
        assert_eq!(compared(accelerated(0.1), real(2.0)), well);
        // At once in both.
        assert_eq!(compared(accelerated(0.05), real(0.01)), well);
        let missed = || beating(1.0).mark(6.0, "step:reset").mark(9.0, "missed:upgrade");
        assert_eq!(
            compared(missed(), real(5.0)),
            Calibration::Mixed { real: secs(5), accelerated: secs(3) }
        );
        assert_eq!(compared(missed(), Wire::new().open(0.1)), well);
        // A client that never comes back tells nothing of that kind.
        assert_eq!(compared(beating(1.0), Wire::new().open(0.1)), well);
    }

    #[test]
    fn heartbeats_that_are_frequent_anyway_are_not_taken_for_accelerated() {
        let gap = Duration::from_secs(1);
        assert_eq!(compared(beating(1.0), beating(1.0)), Calibration::Unmoved { gap });
    }

    #[test]
    fn a_client_that_shows_no_heartbeat_is_not_accelerated() {
        let silent = Wire::new().open(0.1).mark(5.0, "missed:heartbeat");
        let waited = Duration::from_secs(5);
        assert_eq!(compared(silent, Wire::new()), Calibration::Real { waited });
        assert_eq!(compared(Wire::new().open(0.1), Wire::new()), Calibration::Inconclusive);
        assert_eq!(compared(Wire::new(), Wire::new()), Calibration::Inconclusive);
    }
}
