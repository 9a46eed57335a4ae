//! Scenarios of a user's own: the client has to do what they await.

use crate::check::{Check, Level, Observation, Outcome, Scope};
use crate::judge;
use crate::results::Finding;
use crate::session::Session;
use crate::suite;

/// Not in the catalogue: only whoever wrote the scenario knows what it asks.
pub(crate) static AWAITED: Check = Check {
    id: "SC001",
    slug: "scenario/awaited",
    clauses: &[],
    level: Level::Must,
    title: "the client does what the scenario awaits",
    requirement: "In a scenario of one's own, a client MUST do all that its timeline awaits, in time.",
    why: "A scenario that was made from a failure shows whether the failure is gone.",
    mend: "Look at what the client did instead, in the session's transcript; where it may leave this out, say `or: continue` in the scenario.",
    scope: Scope::Every,
    needs: None,
    timing: true,
    judge: awaited,
};

/// Whether the client did what the user's own scenarios await, if there are any.
pub(crate) fn finding(sessions: &[Session]) -> Option<Finding> {
    let own = sessions
        .iter()
        .filter(|session| !suite::is_of_it(session.scenario()) && !session.sets_aside(AWAITED.id));
    let seen = own.map(|session| (session, awaited(session)));
    let (session, worst) =
        seen.reduce(|worst, next| if next.1.outcome > worst.1.outcome { next } else { worst })?;
    let verdict = judge::verdict(AWAITED.level, worst.outcome);
    (worst.outcome != Outcome::Unseen)
        .then(|| judge::finding(&AWAITED, verdict, Some(session), worst))
}

fn awaited(session: &Session) -> Observation {
    if let Some((entry, what)) = session.awaited_in_vain() {
        return Observation::unmet(format!(
            "the timeline awaited `{what}` in vain, and ended there"
        ))
        .expecting(format!("`{what}`, in the time that the scenario gives"))
        .at_entry(entry, session.entry(entry).at);
    }
    match session.early_exit() {
        _ if session.mark("end").is_some() && session.reached_anything() => {
            Observation::met("the timeline came to its end")
        }
        Some((entry, _)) if session.mark("end").is_none() => {
            Observation::unmet("the client ended before the timeline did")
                .expecting("a client that stays until the scenario's end")
                .at_entry(entry, session.entry(entry).at)
        }
        _ => Observation::unseen("nothing was awaited to the end"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::testing::Wire;
    use crate::results::Verdict;

    #[test]
    fn a_second_look_stands_for_the_first() {
        let look = |mark: &str| {
            let open = Wire::new().scenario("crash").open(0.1).mark(0.1, "reached:upgrade");
            open.mark(20.0, "missed:join").mark(20.0, mark).session()
        };
        let verdict = |looks: [Session; 2]| finding(&looks).map(|finding| finding.verdict);
        let aside = || {
            let mut first = look("gave-up");
            first.set_aside(&[AWAITED.id]);
            first
        };
        assert_eq!(verdict([aside(), look("end")]), Some(Verdict::Pass));
        assert_eq!(verdict([aside(), look("gave-up")]), Some(Verdict::Fail));
        // Two sessions that both count: the worse one does.
        assert_eq!(verdict([look("gave-up"), look("end")]), Some(Verdict::Fail));
        assert_eq!(verdict([aside(), aside()]), None);
    }
}
