//! Plans sessions, runs them side by side, and looks again at what only a busy machine could have caused.
//!
//! The runner prints nothing: it emits [`RunEvent`]s.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, FuturesUnordered, StreamExt, TryStreamExt};
use tokio::sync::{Semaphore, watch};

use crate::check::{Check, Outcome, Scope, limit};
use crate::clock::Clock;
use crate::event::{Emit, RunEvent};
use crate::judge::{self, Sighting};
use crate::noise::Probe;
use crate::panics;
use crate::plan::{Plan, Start};
use crate::play::{self, KitFault, Played, Way};
use crate::results::{SessionResult, Verdict};
use crate::session::Session;
use crate::suite;
use crate::turn::Turn;

/// How many times a session is run again whose window a stall of the machine has spoiled.
const MAX_RERUNS: usize = 2;

/// A gap as long as this between two waits of the client's own timer holds hardly any work of the machine's.
const LONG_GAP: Duration = Duration::from_secs(20);

/// What a run leaves behind for the judge and the reports.
#[derive(Debug, Default)]
pub struct Ran {
    /// The sessions in the order of the plan.
    pub sessions: Vec<Session>,
    /// How each of them went, in the same order.
    pub results: Vec<SessionResult>,
    /// The ids of the checks whose failure was seen again, alone or in real time.
    pub confirmed: Vec<String>,
    /// Whether the run was cut short.
    pub interrupted: bool,
}

/// Runs every session of the plan. `interrupt` turns true when the user wants the run to end.
///
/// # Errors
///
/// [`KitFault`] if the kit itself cannot do its work; the client's faults are findings, not errors.
pub async fn run(
    plan: &Plan,
    emit: Emit<'_>,
    interrupt: watch::Receiver<bool>,
) -> Result<Ran, KitFault> {
    let began = Instant::now();
    std::fs::create_dir_all(&plan.output_dir).map_err(KitFault::Output)?;
    let probe = Probe::start();
    emit(RunEvent::RunStarted {
        sessions: plan.sessions.iter().map(|&session| session.to_owned()).collect(),
        checks: plan.checks.len(),
        expected: longest(plan),
        rate: plan.clock.rate(),
    });
    let confirmed = RefCell::default();
    let runner = Runner { plan, emit, interrupt, probe: &probe, began, confirmed };
    let first_looks = runner.side_by_side().await?;
    let never_began = first_looks.len() < plan.sessions.len();
    // Real time leaves room for the machine's own delays, so looks at it need not be alone.
    let at_once = if matches!(plan.clock, Clock::Accel { .. }) { plan.jobs } else { 1 };
    // The shortest session first: what it confirms, no longer one needs to.
    let mut looks: Vec<_> = stream::iter(first_looks.into_iter().rev())
        .map(|one| runner.look_again(one))
        .buffered(at_once.max(1))
        .try_collect()
        .await?;
    looks.reverse();
    let played: Vec<_> = looks.into_iter().flatten().collect();
    if let Some(place) = panics::first() {
        return Err(KitFault::Panicked(place));
    }
    // Whoever interrupts when all is seen gets the whole report.
    let interrupted = never_began || played.iter().any(|one| one.cut_short);
    let (sessions, results) = played.into_iter().map(|one| (one.session, one.result)).unzip();
    let confirmed = runner.confirmed.into_inner().into_keys().map(str::to_owned).collect();
    Ok(Ran { sessions, results, confirmed, interrupted })
}

struct Runner<'a> {
    plan: &'a Plan,
    emit: Emit<'a>,
    interrupt: watch::Receiver<bool>,
    probe: &'a Probe,
    began: Instant,
    /// The ids of the checks whose failure was seen again, with what was seen.
    confirmed: RefCell<BTreeMap<&'static str, Outcome>>,
}

impl Runner<'_> {
    /// All sessions, in the order of the plan; as many at once as the plan allows. Those that have not begun when the
    /// run is interrupted are missing.
    async fn side_by_side(&self) -> Result<Vec<Played>, KitFault> {
        let slots = Arc::new(Semaphore::new(self.plan.jobs));
        let mut running: FuturesUnordered<_> = self
            .plan
            .sessions
            .iter()
            .enumerate()
            .map(|(index, session)| {
                let slots = Arc::clone(&slots);
                async move {
                    let _slot = slots.acquire().await.expect("the semaphore is never closed");
                    let played = self.play(session, 1, self.plan.clock).await?;
                    Ok::<_, KitFault>(played.map(|played| (index, played)))
                }
            })
            .collect();
        let mut played = Vec::new();
        while let Some(one) = running.next().await {
            played.extend(one?);
        }
        played.sort_by_key(|(index, _)| *index);
        Ok(played.into_iter().map(|(_, one)| one).collect())
    }

    /// Plays a session for the nth time, unless the run is interrupted before that.
    async fn play(
        &self,
        session: &'static str,
        nth: usize,
        clock: Clock,
    ) -> Result<Option<Played>, KitFault> {
        let plan = Plan { clock, ..self.plan.clone() };
        let turn = match plan.start {
            Start::Spawn => Some(Turn::take().await),
            Start::Attach | Start::Trigger => None,
        };
        if *self.interrupt.borrow() {
            return Ok(None);
        }
        (self.emit)(RunEvent::SessionStarted {
            session: session.to_owned(),
            expected: play::expected_length(&plan, session),
        });
        let way = Way { probe: self.probe, emit: self.emit, interrupt: self.interrupt.clone() };
        let played = play::session(&plan, turn, (session, nth), self.began, way).await?;
        let troubled = self.troubled(&played.session);
        (self.emit)(RunEvent::SessionEnded {
            session: session.to_owned(),
            troubled: troubled.iter().map(|check| check.id).collect(),
        });
        Ok(Some(played))
    }

    /// Runs a session again while a verdict of it is in doubt, and then as often as the user wants failures tried
    /// again: alone, or after acceleration in real time. Returns every look, with the verdicts of the earlier ones set
    /// aside for which a later one stands.
    ///
    /// What another session has confirmed already, or worse, is not looked at again in this one: that would only take
    /// time.
    async fn look_again(&self, mut one: Played) -> Result<Vec<Played>, KitFault> {
        let (known, mut doubtful): (Vec<_>, Vec<_>) = self
            .doubtful(&one.session)
            .into_iter()
            .partition(|check| self.is_confirmed(check, &one.session));
        if !known.is_empty() {
            let known: Vec<_> = known.iter().map(|check| check.id).collect();
            one.session.set_aside(&known);
        }
        let mut looks = vec![one];
        while !doubtful.is_empty() && looks.len() <= MAX_RERUNS && !*self.interrupt.borrow() {
            let Some(next) = self.another_look(&mut looks, &doubtful).await? else { break };
            let still = if limit::spoiled(next) { self.doubtful(next) } else { Vec::new() };
            let settled = |check| is_among(check, &doubtful) && !is_among(check, &still);
            for Sighting { check, observation, .. } in self.sightings(next) {
                let outcome = observation.outcome;
                if is_trouble(outcome) && settled(check) {
                    let mut confirmed = self.confirmed.borrow_mut();
                    let worst = confirmed.entry(check.id).or_insert(outcome);
                    *worst = outcome.max(*worst);
                }
            }
            doubtful = still;
        }
        for _ in 0..self.plan.retries {
            let failing = looks.last().map(|look| self.failing(&look.session)).unwrap_or_default();
            if failing.is_empty() || *self.interrupt.borrow() {
                break;
            }
            self.another_look(&mut looks, &failing).await?;
        }
        if let Some(last) = looks.last_mut() {
            // A second look that did not take place is missing, too.
            last.cut_short |= !doubtful.is_empty() && *self.interrupt.borrow();
        }
        Ok(looks)
    }

    /// Whether what this session shows of a check, or worse, was seen again in another one.
    fn is_confirmed(&self, check: &Check, session: &Session) -> bool {
        let Some(&worst) = self.confirmed.borrow().get(check.id) else { return false };
        self.sightings(session)
            .filter(|sighting| sighting.check.id == check.id)
            .all(|sighting| sighting.observation.outcome <= worst)
    }

    /// Runs a session again, in real time if it was accelerated. For these checks it stands for the look before.
    async fn another_look<'l>(
        &self,
        looks: &'l mut Vec<Played>,
        checks: &[&'static Check],
    ) -> Result<Option<&'l Session>, KitFault> {
        let nth = looks.len() + 1;
        let last = looks.last_mut().expect("there is a first look");
        let checks: Vec<_> = checks.iter().map(|check| check.id).collect();
        (self.emit)(RunEvent::Confirming { session: last.name.to_owned(), checks: checks.clone() });
        let clock = match last.session.clock {
            Clock::Accel { .. } => Clock::Real,
            other => other,
        };
        let Some(next) = self.play(last.name, nth, clock).await? else { return Ok(None) };
        last.session.set_aside(&checks);
        looks.push(next);
        Ok(Some(&looks[nth - 1].session))
    }

    /// The checks whose verdict needs a second look: failures on a clock that leaves little room for the machine's own
    /// delays, windows that a stall has spoiled, and whatever went wrong under an accelerated clock, which may have
    /// been what went wrong.
    fn doubtful(&self, session: &Session) -> Vec<&'static Check> {
        let spoiled = limit::spoiled(session);
        let is_doubtful = |sighting: &Sighting<'_>| match session.clock {
            Clock::Accel { .. } => self.is_doubtful_accelerated(sighting, spoiled),
            Clock::Real | Clock::Contract { .. } if !sighting.check.timing => false,
            Clock::Real | Clock::Contract { .. } => match sighting.observation.outcome {
                Outcome::Unmet | Outcome::Weak => {
                    let narrow = session.clock.rate() > 1;
                    (narrow || spoiled) && sighting.observation.timing.is_some()
                }
                Outcome::Unseen => spoiled,
                Outcome::Met | Outcome::Note => false,
            },
        };
        self.sightings(session).filter(is_doubtful).map(|sighting| sighting.check).collect()
    }

    fn is_doubtful_accelerated(&self, sighting: &Sighting<'_>, spoiled: bool) -> bool {
        let Sighting { check, observation, .. } = sighting;
        match judge::verdict(check.level, observation.outcome) {
            Verdict::Fail => true,
            // What this session alone can show, and did not; unless it would take minutes in real time to show no more.
            Verdict::Inconclusive => {
                let is_alone = matches!(check.scope, Scope::Of(_));
                (check.timing && spoiled) || (is_alone && suite::is_usual(check))
            }
            Verdict::Weak if self.plan.deny_weak => true,
            Verdict::Weak => observation.timing.is_some_and(|timing| {
                let certain = timing.limit >= LONG_GAP && timing.measured >= timing.limit;
                spoiled || !certain
            }),
            _ => false,
        }
    }

    /// The checks that this session breaks or barely keeps.
    fn troubled(&self, session: &Session) -> Vec<&'static Check> {
        let trouble = |sighting: &Sighting<'_>| is_trouble(sighting.observation.outcome);
        self.sightings(session).filter(trouble).map(|sighting| sighting.check).collect()
    }

    /// The checks that this session fails.
    fn failing(&self, session: &Session) -> Vec<&'static Check> {
        let verdict = |s: &Sighting<'_>| judge::verdict(s.check.level, s.observation.outcome);
        let fails = |sighting: &Sighting<'_>| verdict(sighting) == Verdict::Fail;
        self.sightings(session).filter(fails).map(|sighting| sighting.check).collect()
    }

    /// What the checks that apply to this client see in a session.
    fn sightings<'s>(&self, session: &'s Session) -> impl Iterator<Item = Sighting<'s>> {
        let can = |check: &Check| check.needs.is_none_or(|it| self.plan.capabilities.contains(&it));
        let checks: Vec<_> = self.plan.checks.iter().copied().filter(|check| can(check)).collect();
        judge::observe(session, &checks).into_iter()
    }
}

const fn is_trouble(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Unmet | Outcome::Weak)
}

fn is_among(check: &Check, checks: &[&Check]) -> bool {
    checks.iter().any(|other| other.id == check.id)
}

fn longest(plan: &Plan) -> Duration {
    let lengths = plan.sessions.iter().map(|session| play::expected_length(plan, session));
    lengths.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::check;
    use crate::check::testing::Wire;
    use crate::own;

    /// What a runner of this plan says that has run nothing yet.
    fn ask<T>(plan: &Plan, question: impl FnOnce(&Runner<'_>) -> T) -> T {
        let (_keep, interrupt) = watch::channel(false);
        let (probe, began) = (Probe::start(), Instant::now());
        let confirmed = RefCell::default();
        question(&Runner { plan, emit: &|_| {}, interrupt, probe: &probe, began, confirmed })
    }

    fn of_everything() -> Plan {
        Plan { checks: check::catalogue(), ..Plan::for_client(Path::new("kit"), Vec::new()) }
    }

    fn ids(checks: &[&Check]) -> Vec<&'static str> {
        checks.iter().map(|check| check.id).collect()
    }

    #[test]
    fn what_an_accelerated_session_did_not_show_is_looked_at_again_unless_that_takes_minutes() {
        let doubtful_after_nothing = |scenario: &str| {
            let session = Wire::new().scenario(scenario).accelerated(10).session();
            ask(&of_everything(), |runner| ids(&runner.doubtful(&session)))
        };
        assert!(doubtful_after_nothing("held-join").contains(&"JN003"));
        for soak in suite::SOAK {
            assert_eq!(doubtful_after_nothing(soak), [""; 0], "{soak}");
        }
    }

    #[test]
    fn a_scenario_that_was_awaited_in_vain_under_an_accelerated_clock_is_looked_at_again() {
        let mut plan = Plan::for_client(Path::new("kit"), Vec::new());
        plan.checks = vec![&own::AWAITED];
        let again = |wire: Wire, clock: Clock| {
            let mut session = wire.scenario("crash").session();
            session.clock = clock;
            ask(&plan, |runner| ids(&runner.doubtful(&session)))
        };
        let open = || Wire::new().open(0.1).mark(0.1, "reached:upgrade");
        let in_vain = || open().mark(20.0, "missed:join").mark(20.0, "gave-up");
        let accelerated = Clock::Accel { rate: 25 };
        assert_eq!(again(in_vain(), accelerated), ["SC001"]);
        assert_eq!(again(open().mark(20.0, "end"), accelerated), [""; 0]);
        // A second look in the same time would show the same.
        assert_eq!(again(in_vain(), Clock::Real), [""; 0]);
        assert_eq!(again(in_vain(), Clock::Contract { rate: 25 }), [""; 0]);
    }

    #[test]
    fn what_was_seen_again_in_one_session_is_confirmed_in_all_that_show_no_worse() {
        let never_joins = Wire::new().open(0.1).mark(20.0, "end").session();
        let plan = of_everything();
        let joins = plan.checks.iter().find(|check| check.id == "JN001").unwrap();
        let is_confirmed = |seen_again: Option<Outcome>| {
            ask(&plan, |runner| {
                let seen_again = seen_again.map(|outcome| (joins.id, outcome));
                runner.confirmed.borrow_mut().extend(seen_again);
                runner.is_confirmed(joins, &never_joins)
            })
        };
        assert!(!is_confirmed(None));
        assert!(!is_confirmed(Some(Outcome::Weak)));
        assert!(is_confirmed(Some(Outcome::Unmet)));
    }
}
