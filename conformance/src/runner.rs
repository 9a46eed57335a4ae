//! Plans sessions, runs them side by side, and looks again at what only a busy machine could have caused.
//!
//! The runner prints nothing: it emits [`RunEvent`]s.

use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{Semaphore, watch};

use crate::check::{Check, Outcome, limit};
use crate::event::RunEvent;
use crate::judge;
use crate::noise::Probe;
use crate::plan::Plan;
use crate::play::{self, KitFault, Played};
use crate::results::SessionResult;
use crate::session::Session;

/// How many times a session is run again whose window a stall of the machine has spoiled.
const MAX_RERUNS: usize = 2;

/// Receives the events of a run.
pub type Emit<'a> = &'a (dyn Fn(RunEvent) + Sync);

/// What a run leaves behind for the judge and the reports.
#[derive(Debug, Default)]
pub struct Ran {
    /// The sessions in the order of the plan.
    pub sessions: Vec<Session>,
    /// How each of them went, in the same order.
    pub results: Vec<SessionResult>,
    /// The ids of the checks whose failure was seen again alone.
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
    });
    let runner = Runner { plan, emit, interrupt, probe: &probe, began };
    let mut played = Vec::new();
    let mut confirmed = Vec::new();
    for one in runner.side_by_side().await? {
        let (looks, seen_again) = runner.look_again(one).await?;
        played.extend(looks);
        confirmed.extend(seen_again);
    }
    let interrupted = *runner.interrupt.borrow();
    let (sessions, results) = played.into_iter().map(|one| (one.session, one.result)).unzip();
    Ok(Ran { sessions, results, confirmed, interrupted })
}

struct Runner<'a> {
    plan: &'a Plan,
    emit: Emit<'a>,
    interrupt: watch::Receiver<bool>,
    probe: &'a Probe,
    began: Instant,
}

impl Runner<'_> {
    /// All sessions, in the order of the plan; as many at once as the plan allows.
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
                    self.play(session, 1).await.map(|played| (index, played))
                }
            })
            .collect();
        let mut played = Vec::new();
        while let Some(one) = running.next().await {
            played.push(one?);
        }
        played.sort_by_key(|(index, _)| *index);
        Ok(played.into_iter().map(|(_, one)| one).collect())
    }

    /// Plays a session for the nth time.
    async fn play(&self, session: &'static str, nth: usize) -> Result<Played, KitFault> {
        (self.emit)(RunEvent::SessionStarted {
            session: session.to_owned(),
            expected: play::expected_length(self.plan, session),
        });
        let played = play::session(
            self.plan,
            (session, nth),
            self.probe,
            self.began,
            self.interrupt.clone(),
        )
        .await?;
        (self.emit)(RunEvent::SessionEnded {
            session: session.to_owned(),
            troubled: self.troubled(&played.session),
        });
        Ok(played)
    }

    /// Runs a session again, alone, while a timing verdict of it is in doubt. Returns every look, with the doubtful
    /// verdicts of the earlier ones set aside, and the checks that the last look confirmed.
    async fn look_again(&self, one: Played) -> Result<(Vec<Played>, Vec<String>), KitFault> {
        let name = one.name;
        let mut looks = vec![one];
        let mut doubtful = self.doubtful(&looks[0].session);
        while !doubtful.is_empty() && looks.len() <= MAX_RERUNS && !*self.interrupt.borrow() {
            let checks: Vec<_> = doubtful.iter().map(|check| check.id).collect();
            (self.emit)(RunEvent::Confirming { session: name.to_owned(), checks: checks.clone() });
            let next = self.play(name, looks.len() + 1).await?;
            let still = self.doubtful(&next.session);
            let certain = !limit::spoiled(&next.session);
            if let Some(last) = looks.last_mut() {
                last.session.set_aside(&checks);
            }
            looks.push(next);
            if certain {
                let both = doubtful.iter().filter(|check| still.iter().any(|s| s.id == check.id));
                return Ok((looks, both.map(|check| check.id.to_owned()).collect()));
            }
            doubtful = still;
        }
        Ok((looks, Vec::new()))
    }

    /// The timing checks whose verdict needs a second look: failures on a clock that leaves little room for the
    /// machine's own delays, and windows that a stall has spoiled.
    fn doubtful(&self, session: &Session) -> Vec<&'static Check> {
        let narrow = self.plan.clock.rate() > 1;
        let spoiled = limit::spoiled(session);
        judge::observe(session, &self.plan.checks)
            .into_iter()
            .filter(|sighting| sighting.check.timing)
            .filter(|sighting| match sighting.observation.outcome {
                Outcome::Unmet | Outcome::Weak => {
                    (narrow || spoiled) && sighting.observation.timing.is_some()
                }
                Outcome::Unseen => spoiled,
                Outcome::Met | Outcome::Note => false,
            })
            .map(|sighting| sighting.check)
            .collect()
    }

    fn troubled(&self, session: &Session) -> Vec<&'static str> {
        let seen = judge::observe(session, &self.plan.checks).into_iter();
        seen.filter(|s| matches!(s.observation.outcome, Outcome::Unmet | Outcome::Weak))
            .map(|sighting| sighting.check.id)
            .collect()
    }
}

fn longest(plan: &Plan) -> std::time::Duration {
    let lengths = plan.sessions.iter().map(|session| play::expected_length(plan, session));
    lengths.max().unwrap_or_default()
}
