//! Looks at the same scenario that disagree.

use crate::check::{Check, Outcome};
use crate::clock::Clock;
use crate::judge::verdict;
use crate::results::{Flaky, FlakyReason, Look, Verdict};
use crate::session::Session;

/// What the looks at one scenario saw of a check, if they disagree on it; of several such scenarios the first.
///
/// A look that saw nothing disagrees with nobody, and a window that a stall has spoiled says nothing, either.
pub fn flaky(sessions: &[Session], check: &Check) -> Option<Flaky> {
    let aside = sessions.iter().filter(|session| session.sets_aside(check.id));
    aside.into_iter().find_map(|first| {
        let same = sessions.iter().filter(|other| other.scenario() == first.scenario());
        let seen: Vec<_> = same
            .map(|session| (session, (check.judge)(session)))
            .filter(|(_, observation)| observation.outcome != Outcome::Unseen)
            .collect();
        let verdict = |outcome| verdict(check.level, outcome);
        let (last, earlier) = seen.split_last()?;
        let differ =
            |one: Verdict, other: Verdict| (one == Verdict::Fail) != (other == Verdict::Fail);
        let differs =
            |look: &&(&Session, _)| differ(verdict(outcome_of(look)), verdict(outcome_of(last)));
        let other = earlier.iter().find(differs)?;
        let accelerated = |session: &Session| matches!(session.clock, Clock::Accel { .. });
        let clock = accelerated(other.0) && !accelerated(last.0);
        let look = |(session, observation): &(&Session, crate::check::Observation)| Look {
            session: session.name().to_owned(),
            verdict: verdict(observation.outcome),
            actual: observation.actual.clone(),
        };
        Some(Flaky {
            reason: if clock { FlakyReason::Clock } else { FlakyReason::Retry },
            looks: seen.iter().map(look).collect(),
        })
    })
}

fn outcome_of(look: &(&Session, crate::check::Observation)) -> Outcome {
    look.1.outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::catalogue;
    use crate::check::testing::Wire;

    #[test]
    fn looks_disagree_if_one_of_them_alone_would_fail() {
        let check = catalogue().into_iter().find(|check| check.id == "HB001").unwrap();
        let accelerated = |beat: f64| {
            let mut session = Wire::new().open(0.1).beat(beat).session();
            session.clock = Clock::Accel { rate: 25 };
            session.set_aside(&["HB001"]);
            session
        };
        let real = |beat: f64| Wire::new().open(0.1).beat(beat).session();
        let reason = |sessions: [Session; 2]| flaky(&sessions, check).map(|it| it.reason);
        assert_eq!(reason([accelerated(40.0), real(20.0)]), Some(FlakyReason::Clock));
        assert_eq!(reason([accelerated(40.0), real(41.0)]), None);
        // Weak and good are both no failure.
        assert_eq!(reason([accelerated(30.1), real(20.0)]), None);
        // A look that saw nothing disagrees with nobody.
        assert_eq!(reason([accelerated(40.0), Wire::new().open(0.1).session()]), None);
        let mut first = real(40.0);
        first.set_aside(&["HB001"]);
        assert_eq!(reason([first, real(20.0)]), Some(FlakyReason::Retry));
        assert_eq!(reason([real(40.0), real(20.0)]), None);
    }
}
