//! What shows only after a while: in sessions that are run when they are asked for.

use std::time::Duration;

use glimesh_proto::Instant;

use crate::check::limit::{secs, spoiled};
use crate::check::pace::keeps_beating;
use crate::check::{Check, Level, Observation, Outcome, Scope, Timing};
use crate::session::{Connection, Session};

/// The checks of this area.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "HB025",
    slug: "heartbeat/ten-minutes",
    clauses: &["GCW-HB-01"],
    level: Level::Should,
    title: "beats for ten minutes at one pace",
    requirement: "For ten minutes no more than 30 s SHOULD pass without a heartbeat, and the pace SHOULD not drift by \
                  1 % or more.",
    why: "Some clients beat well for the first minutes: a counter runs full, an interval grows a little with each \
          round, a library ends its timer when its page is idle.",
    mend: "Let one repeating timer beat for as long as the connection stands, and compute nothing from what was before.",
    scope: Scope::Of("ten-minutes"),
    needs: None,
    timing: true,
    judge: beats_for_long,
}];

/// By which part of itself the pace may change.
const DRIFT: u32 = 100;

/// By how much two heartbeats may be late in real time that were in time for the client: where its seconds pass
/// faster, that is more of them.
const NOISE: Duration = Duration::from_secs(1);

/// From so many heartbeats on a pace is compared: its beginning with its end.
const ENOUGH: usize = 8;

fn beats_for_long(session: &Session) -> Observation {
    let expected = "a heartbeat every 30 s or sooner for ten minutes, at one pace";
    let kept = keeps_beating(session);
    if kept.outcome != Outcome::Met {
        return Observation { expected: vec![expected.to_owned()], ..kept };
    }
    if session.mark("end").is_none() {
        return Observation::unseen("the ten minutes were not over when the session ended");
    }
    let longest = session.open_connections().max_by_key(|one| one.heartbeats().count());
    let Some((early, late)) = longest.and_then(|connection| paces(session, connection)) else {
        return Observation::unseen("no connection showed enough heartbeats to compare");
    };
    let told = format!(
        "a heartbeat every {} s, and every {} s at the end",
        secs(early.mean()),
        secs(late.mean())
    );
    let drift = early.mean().abs_diff(late.mean()) * early.gaps;
    let limit = (early.took / DRIFT).max(NOISE * session.clock.rate());
    let observation = match drift {
        // A pace that goes up and down by itself has not drifted.
        _ if early.overlaps(&late) => Observation::met(told),
        drift if drift < limit => Observation::met(told),
        _ if spoiled(session) => {
            Observation::unseen(format!("{told}, but this machine stalled meanwhile"))
        }
        _ => Observation::unmet(told),
    };
    let timing = Timing { measured: drift, limit, tolerance: Duration::ZERO };
    observation.expecting(expected).with_timing(timing)
}

/// The times between two heartbeats in one half of a connection.
struct Pace {
    took: Duration,
    gaps: u32,
    shortest: Duration,
    longest: Duration,
}

impl Pace {
    fn of(session: &Session, beats: &[Instant]) -> Option<Self> {
        let gaps = || beats.windows(2).map(|pair| session.clock.beats(pair[1].since(pair[0])));
        Some(Self {
            took: gaps().sum(),
            gaps: u32::try_from(gaps().count()).ok()?,
            shortest: gaps().min()?,
            longest: gaps().max()?,
        })
    }

    fn mean(&self) -> Duration {
        self.took / self.gaps.max(1)
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.shortest <= other.longest && other.shortest <= self.longest
    }
}

/// The first and the second half of a connection.
fn paces(session: &Session, connection: &Connection) -> Option<(Pace, Pace)> {
    let beats: Vec<_> = connection.heartbeats().map(|(seen, _)| seen.at).collect();
    let half = beats.len() / 2;
    if beats.len() < ENOUGH {
        return None;
    }
    Some((Pace::of(session, &beats[..=half])?, Pace::of(session, &beats[half..])?))
}

#[cfg(test)]
mod tests {
    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{Wire, dropped, outcome};

    /// Ten minutes with a heartbeat after `every`, which grows by `more` each time.
    fn beating(mut every: f64, more: f64, until: f64) -> Wire {
        let mut wire = Wire::new().scenario("ten-minutes").open(0.0).subscribed(0.1);
        let mut at = every;
        while at < until {
            wire = wire.beat(at);
            every += more;
            at += every;
        }
        wire
    }

    #[test]
    fn ten_minutes_are_like_the_first() {
        assert_eq!(outcome("HB025", beating(25.0, 0.0, 600.0).mark(600.0, "end")), Met);
        assert_eq!(outcome("HB025", beating(20.0, 0.1, 600.0).mark(600.0, "end")), Unmet);
        // A pace by chance is slower in one half than in the other.
        let mut jittered = Wire::new().scenario("ten-minutes").open(0.0).subscribed(0.1);
        let mut at = 0.0;
        for nth in 0..26 {
            at += if nth < 13 { [20.0, 24.0] } else { [21.0, 27.0] }[nth % 2];
            jittered = jittered.beat(at);
        }
        assert_eq!(outcome("HB025", jittered.mark(620.0, "end")), Met);
        let tired = beating(25.0, 0.0, 400.0).entry(407.0, dropped()).mark(600.0, "end");
        assert_eq!(outcome("HB025", tired), Unmet);
        assert_eq!(outcome("HB025", beating(25.0, 0.0, 400.0)), Unseen);
        assert_eq!(outcome("HB025", Wire::new().scenario("ten-minutes")), Unseen);
    }
}
