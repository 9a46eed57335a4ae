//! The kit judges itself: correct clients must pass, and each broken one must be caught by the check named for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::args::LevelArg;
use crate::check::{self, Check, Level};
use crate::clock::{CONTRACT_RATE, Clock};
use crate::judge;
use crate::plan::{self, Plan};
use crate::play::KitFault;
use crate::reference::{DriverManner, Mutant, Variant};
use crate::results::{Finding, Verdict};
use crate::runner;
use crate::suite;

/// The longest that a session waits for a correct client. It comes well before; this is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The longest that a session waits for a mutant, of which many never come: longer than the 7 s after which the
/// reference client gives up a join, and the second that it takes to come back.
const PATIENCE_WITH_MUTANTS: Duration = Duration::from_secs(10);

/// Between the first starts, so that not all processes are born at once; later ones start when others end.
const STAGGER: Duration = Duration::from_millis(100);

/// The rate of a second look at the checks that judge time: what they say must not depend on the clock's.
pub const SECOND_RATE: u32 = 15;

/// How fast a client's clock runs, and by what it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At the usual rate, by the whole catalogue.
    Usual,
    /// At the [`SECOND_RATE`], by what judges time.
    Second,
}

impl Pace {
    const fn rate(self) -> u32 {
        match self {
            Self::Usual => CONTRACT_RATE,
            Self::Second => SECOND_RATE,
        }
    }

    fn judges(self, check: &Check) -> bool {
        match self {
            Self::Usual => true,
            // What shows only after a while costs too much at a slow rate.
            Self::Second => check.timing && suite::is_usual(check),
        }
    }
}

/// A client whose verdict is known beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The reference client as it is.
    Reference,
    /// Correct, but different: no check may fail it.
    Correct(Variant),
    /// Broken: the check named for it must catch it.
    Broken(Mutant),
    /// The reference client as an adapter.
    Driver,
    /// An adapter that differs.
    Driven(DriverManner),
}

/// One row of the matrix: a client, and what the checks said of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The client.
    pub subject: Subject,
    /// How it was run.
    pub pace: Pace,
    /// One finding per check that was judged.
    pub findings: Vec<Finding>,
}

impl Subject {
    /// Every subject: the reference client, its correct variants, its mutants.
    pub fn all() -> Vec<Self> {
        let correct = Variant::ALL.iter().copied().map(Self::Correct);
        let broken = Mutant::ALL.iter().copied().map(Self::Broken);
        let driven = DriverManner::ALL.iter().copied().map(Self::Driven);
        let first = [Self::Reference].into_iter().chain(correct).chain(broken);
        first.chain([Self::Driver]).chain(driven).collect()
    }

    /// Those that show whether the checks that judge time are right: the reference client, and the mutants that such
    /// a check must catch.
    fn timing(checks: &[&'static Check]) -> Vec<Self> {
        let judges = |mutant: &&Mutant| {
            let named = |check: &&&Check| check.id == mutant.caught_by();
            checks.iter().filter(named).any(|check| Pace::Second.judges(check))
        };
        let broken = Mutant::ALL.iter().filter(judges).copied().map(Self::Broken);
        [Self::Reference].into_iter().chain(broken).collect()
    }

    /// Its name on the command line of the reference client.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Correct(variant) => variant.name(),
            Self::Broken(mutant) => mutant.name(),
            Self::Driver => "driver",
            Self::Driven(manner) => manner.name(),
        }
    }

    /// What is different about it, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::Reference => "The reference client as it is.",
            Self::Correct(variant) => variant.about(),
            Self::Broken(mutant) => mutant.about(),
            Self::Driver => "The reference client as an adapter.",
            Self::Driven(manner) => manner.about(),
        }
    }

    /// The check that must catch it; `None` for a correct client.
    pub const fn caught_by(self) -> Option<&'static str> {
        match self {
            Self::Reference | Self::Correct(_) | Self::Driver => None,
            Self::Broken(mutant) => Some(mutant.caught_by()),
            Self::Driven(manner) => manner.caught_by(),
        }
    }

    const fn level(self) -> LevelArg {
        match self {
            Self::Reference | Self::Correct(_) | Self::Broken(_) => LevelArg::L0,
            Self::Driver | Self::Driven(_) => LevelArg::L1,
        }
    }

    fn options(self) -> Vec<&'static str> {
        match self {
            Self::Reference => Vec::new(),
            Self::Correct(variant) => vec!["--variant", variant.name()],
            Self::Broken(mutant) => vec!["--mutant", mutant.name()],
            Self::Driver => Vec::new(),
            Self::Driven(manner) => vec!["--driver-manner", manner.name()],
        }
    }

    /// The sessions that can show what is to be shown: all for a correct client.
    fn sessions(self, checks: &[&'static Check], pace: Pace) -> Vec<&'static str> {
        match (self.caught_by(), self.level()) {
            (Some(id), _) => {
                let named = checks.iter().copied().filter(|check| check.id == id);
                suite::sessions_for(&named.collect::<Vec<_>>())
            }
            (None, LevelArg::L0) if pace == Pace::Second => {
                let timing: Vec<_> = checks.iter().copied().filter(|it| pace.judges(it)).collect();
                suite::sessions_for(&timing)
            }
            // One correct client is enough to show that what shows after a while is kept.
            (None, LevelArg::L0) if self == Self::Reference => {
                [suite::SOAK.as_slice(), &suite::SESSIONS].concat()
            }
            (None, LevelArg::L0) => suite::SESSIONS.to_vec(),
            (None, LevelArg::L1) => suite::DRIVEN.to_vec(),
        }
    }
}

impl Row {
    /// What is wrong with the kit, as this row shows it; `None` if all is well.
    pub fn complaint(&self) -> Option<String> {
        if let Some(complaint) = self.first(|verdict| verdict == Verdict::KitError) {
            return Some(complaint);
        }
        match self.subject {
            // What the reference client need not do, a variant does: see `complaints`.
            Subject::Reference => {
                self.first(|verdict| !matches!(verdict, Verdict::Pass | Verdict::NotApplicable))
            }
            Subject::Driver => self.first(|verdict| verdict != Verdict::Pass),
            subject => match subject.caught_by() {
                None => {
                    self.first(|verdict| matches!(verdict, Verdict::Fail | Verdict::Inconclusive))
                }
                Some(id) => self.not_caught(id),
            },
        }
    }

    /// Whether it must be looked at again, alone, before it is believed: what judges time counts only after such a look,
    /// and what could not be seen, or did not show a defect, may be the fault of the many beside it. A correct client
    /// that fails whatever the time is has failed.
    fn wants_a_look_alone(&self) -> bool {
        let judges_time = |id: &str| check::catalogue().iter().any(|it| it.id == id && it.timing);
        let plain = |one: &&Finding| match one.verdict {
            Verdict::KitError => true,
            Verdict::Fail => self.subject.caught_by().is_none() && !judges_time(&one.id),
            _ => false,
        };
        self.complaint().is_some() && !self.findings.iter().any(|one| plain(&one))
    }

    /// The first finding with such a verdict, as a complaint.
    fn first(&self, is_wrong: impl Fn(Verdict) -> bool) -> Option<String> {
        let wrong = self.findings.iter().find(|finding| is_wrong(finding.verdict))?;
        let (name, verdict) = (self.subject.name(), wrong.verdict.as_str());
        let Finding { id, actual, .. } = wrong;
        Some(format!("the client {name} gets {verdict} in {id}{}: {actual}", self.at_rate()))
    }

    fn not_caught(&self, id: &str) -> Option<String> {
        let name = self.subject.name();
        let Some(named) = self.findings.iter().find(|finding| finding.id == id) else {
            return Some(format!("the mutant {name} was not judged by {id}{}", self.at_rate()));
        };
        let (level, verdict) = (named.level, named.verdict);
        let is_only_weak = matches!(self.subject, Subject::Broken(mutant) if mutant.is_only_weak());
        let only_fail_counts = level == Level::Must && !is_only_weak;
        let caught = match verdict {
            Verdict::Fail => true,
            Verdict::Weak => !only_fail_counts,
            // Below SHOULD nothing fails: what is seen is noted.
            Verdict::Note => matches!(level, Level::May | Level::Note),
            _ => false,
        };
        let (verdict, actual) = (verdict.as_str(), &named.actual);
        let at_rate = self.at_rate();
        (!caught).then(|| format!("{id} says {verdict} of the mutant {name}{at_rate}: {actual}"))
    }

    fn at_rate(&self) -> String {
        match self.pace {
            Pace::Usual => String::new(),
            Pace::Second => format!(" at the rate {SECOND_RATE}"),
        }
    }
}

/// What is wrong with the kit before anything runs: checks that no mutant proves able to fail, and mutants that
/// name no check.
pub fn gaps(checks: &[&'static Check]) -> Vec<String> {
    let of_clients = Mutant::ALL.iter().map(|mutant| (mutant.name(), mutant.caught_by()));
    let of_drivers =
        DriverManner::ALL.iter().filter_map(|manner| Some((manner.name(), manner.caught_by()?)));
    let mutants: Vec<_> = of_clients.chain(of_drivers).collect();
    let unproven = checks
        .iter()
        .filter(|check| !mutants.iter().any(|(_, id)| *id == check.id))
        .map(|check| format!("no mutant shows that {} can fail", check.id));
    let astray = mutants
        .iter()
        .filter(|(_, id)| !checks.iter().any(|check| *id == check.id))
        .map(|(name, id)| format!("the mutant {name} names no check: {id}"));
    unproven.chain(astray).collect()
}

/// Everything that is wrong with the kit: its [`gaps`], the complaints of all rows, and the checks that do not apply to
/// the reference client and that no other correct client passes.
pub fn complaints(checks: &[&'static Check], rows: &[Row]) -> Vec<String> {
    let told = rows.iter().filter_map(Row::complaint);
    gaps(checks).into_iter().chain(told).chain(unpassed(rows)).collect()
}

fn unpassed(rows: &[Row]) -> impl Iterator<Item = String> + '_ {
    let of_reference = rows.iter().filter(|row| row.subject == Subject::Reference);
    let inapplicable = of_reference
        .flat_map(|row| &row.findings)
        .filter(|finding| finding.verdict == Verdict::NotApplicable);
    let passes = |id: &str| {
        let correct = rows.iter().filter(|row| row.subject.caught_by().is_none());
        let mut found = correct.flat_map(|row| &row.findings);
        found.any(|finding| finding.id == id && finding.verdict == Verdict::Pass)
    };
    let unpassed = inapplicable.filter(move |finding| !passes(&finding.id));
    unpassed.map(|finding| format!("no correct client passes {}", finding.id))
}

/// Runs every subject, and those that show how time is judged at a second rate, too; `jobs` of them side by side. Gives
/// each row to `tell` as it comes. What a busy machine may have caused is looked at again, alone.
///
/// # Errors
///
/// [`KitFault`] if the kit cannot do its work.
pub async fn run(
    kit: &Path,
    checks: &[&'static Check],
    jobs: usize,
    tell: &(dyn Fn(&Row) + Sync),
) -> Result<Vec<Row>, KitFault> {
    let mut rows = stream::iter(in_order_of_start(&looks(checks)).into_iter().enumerate())
        .map(|(nth, (index, look))| async move {
            let nth_of_the_first = u32::try_from(nth).ok().filter(|_| nth < jobs);
            sleep(STAGGER * nth_of_the_first.unwrap_or_default()).await;
            row(kit, look).await.map(|row| (index, row))
        })
        .buffer_unordered(jobs);
    let mut done = Vec::new();
    while let Some(row) = rows.next().await {
        let row = row?;
        tell(&row.1);
        done.push(row);
    }
    drop(rows);
    for (_, first) in &mut done {
        if first.wants_a_look_alone() {
            *first = row(kit, (first.subject, first.pace)).await?;
            tell(first);
        }
    }
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, row)| row).collect())
}

/// What judges time must say the same whatever the clock's rate is.
fn looks(checks: &[&'static Check]) -> Vec<Look> {
    let usual = Subject::all().into_iter().map(|subject| (subject, Pace::Usual));
    let second = Subject::timing(checks).into_iter().map(|subject| (subject, Pace::Second));
    usual.chain(second).collect()
}

type Look = (Subject, Pace);

/// Mixes correct clients, which run all sessions at once, with mutants, which run one or two, so that the load is
/// even. What takes longest goes first: the reference client, the adapters, the looks at a slower rate, the mutants of
/// the last checks.
fn in_order_of_start(looks: &[Look]) -> Vec<(usize, Look)> {
    let (mut broken, mut correct): (Vec<_>, Vec<_>) = looks
        .iter()
        .copied()
        .enumerate()
        .partition(|(_, (subject, _))| subject.caught_by().is_some());
    correct.sort_by_key(|(_, (subject, _))| matches!(subject, Subject::Correct(_)));
    let share = broken.len().div_ceil(correct.len().max(1));
    let mut order = Vec::new();
    for subject in correct {
        order.push(subject);
        order.extend(broken.drain(broken.len().saturating_sub(share)..).rev());
    }
    order.extend(broken);
    order
}

async fn row(kit: &Path, (subject, pace): Look) -> Result<Row, KitFault> {
    let output = tempfile::tempdir().map_err(KitFault::Output)?;
    let plan = plan_for(kit, (subject, pace), output.path().to_owned());
    let (_keep, interrupt) = watch::channel(false);
    let ran = runner::run(&plan, &|_| {}, interrupt).await?;
    let findings = judge::judge(&ran.sessions, &plan.checks, &plan.capabilities);
    Ok(Row { subject, pace, findings })
}

fn plan_for(kit: &Path, (subject, pace): Look, output_dir: PathBuf) -> Plan {
    let level = subject.level();
    let all = suite::catalogue(level);
    let sessions = subject.sessions(&all, pace);
    let client = match level {
        LevelArg::L0 => plan::bundled(kit, &subject.options()),
        LevelArg::L1 => plan::bundled_driven(kit, &subject.options()),
    };
    let seen = |check: &&&'static Check| match check.scope {
        check::Scope::Every => true,
        check::Scope::Of(session) => sessions.contains(&session),
    };
    Plan {
        clock: Clock::Contract { rate: pace.rate() },
        level,
        checks: all.iter().filter(seen).filter(|check| pace.judges(check)).copied().collect(),
        sessions,
        output_dir,
        patience: match (level, subject.caught_by()) {
            // The kit asks when it is time.
            (LevelArg::L1, _) => None,
            (LevelArg::L0, Some(_)) => Some(PATIENCE_WITH_MUTANTS),
            (LevelArg::L0, None) => Some(PATIENCE),
        },
        ..Plan::for_client(kit, client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(id: &str, level: Level, verdict: Verdict) -> Finding {
        let actual = "so it was".to_owned();
        Finding { id: id.to_owned(), level, verdict, actual, ..Finding::empty() }
    }

    #[track_caller]
    fn check(subject: Subject, level: Level, verdict: Verdict, well: bool) {
        let id = match subject {
            Subject::Broken(mutant) => mutant.caught_by(),
            _ => "HB001",
        };
        let row = Row { subject, pace: Pace::Usual, findings: vec![finding(id, level, verdict)] };
        assert_eq!(row.complaint().is_none(), well, "{:?}", row.complaint());
    }

    #[test]
    fn a_broken_must_is_caught_by_a_failure_and_nothing_less() {
        let mutant = Subject::Broken(Mutant::NeverBeats);
        check(mutant, Level::Must, Verdict::Fail, true);
        check(mutant, Level::Must, Verdict::Weak, false);
        check(mutant, Level::Must, Verdict::Inconclusive, false);
        check(mutant, Level::Should, Verdict::Weak, true);
        check(mutant, Level::Should, Verdict::Pass, false);
        check(mutant, Level::Should, Verdict::Note, false);
        check(mutant, Level::May, Verdict::Note, true);
        check(mutant, Level::May, Verdict::Pass, false);
        check(Subject::Broken(Mutant::FailsWhenCut), Level::Must, Verdict::Weak, true);
    }

    #[test]
    fn a_variant_may_be_weak_and_the_reference_may_not() {
        let variant = Subject::Correct(Variant::Burst);
        check(variant, Level::Should, Verdict::Weak, true);
        check(variant, Level::Should, Verdict::Inconclusive, false);
        check(Subject::Reference, Level::Should, Verdict::Weak, false);
        check(Subject::Reference, Level::Should, Verdict::Pass, true);
        check(Subject::Reference, Level::Should, Verdict::NotApplicable, true);
        check(Subject::Driver, Level::Should, Verdict::NotApplicable, false);
    }

    #[test]
    fn what_does_not_apply_to_the_reference_is_passed_by_another() {
        let row = |subject, verdict| {
            let findings = vec![finding("CN015", Level::Should, verdict)];
            Row { subject, pace: Pace::Usual, findings }
        };
        let reference = || row(Subject::Reference, Verdict::NotApplicable);
        let variant = |verdict| row(Subject::Correct(Variant::OffersDeflate), verdict);
        let told = |rows: &[Row]| unpassed(rows).collect::<Vec<_>>();
        assert_eq!(told(&[reference()]), ["no correct client passes CN015"]);
        let rows = [reference(), variant(Verdict::NotApplicable)];
        assert_eq!(told(&rows), ["no correct client passes CN015"]);
        assert!(told(&[reference(), variant(Verdict::Pass)]).is_empty());
    }

    #[test]
    fn a_mutant_that_its_check_did_not_see_is_not_caught() {
        let row = Row {
            subject: Subject::Broken(Mutant::NeverBeats),
            pace: Pace::Usual,
            findings: Vec::new(),
        };
        assert!(row.complaint().is_some_and(|complaint| complaint.contains("HB001")));
    }

    #[test]
    fn a_wrong_verdict_is_believed_at_once_unless_it_is_about_time() {
        #[track_caller]
        fn check(subject: Subject, id: &str, verdict: Verdict, again: bool) {
            let row = Row {
                subject,
                pace: Pace::Usual,
                findings: vec![finding(id, Level::Must, verdict)],
            };
            assert_eq!(row.wants_a_look_alone(), again, "{:?}", row.complaint());
        }
        let correct = Subject::Correct(Variant::Burst);
        check(correct, "HB002", Verdict::Fail, true);
        check(correct, "FR001", Verdict::Fail, false);
        check(correct, "FR001", Verdict::Inconclusive, true);
        check(correct, "FR001", Verdict::Pass, false);
        check(correct, "HB002", Verdict::KitError, false);
        let mutant = Subject::Broken(Mutant::NeverBeats);
        check(mutant, mutant.caught_by().unwrap(), Verdict::Pass, true);
        check(mutant, mutant.caught_by().unwrap(), Verdict::Fail, false);
    }

    #[test]
    fn without_checks_every_mutant_names_none() {
        let broken = |manner: &&DriverManner| manner.caught_by().is_some();
        let drivers = DriverManner::ALL.iter().filter(broken).count();
        assert_eq!(gaps(&[]).len(), Mutant::ALL.len() + drivers);
    }

    #[test]
    fn every_subject_starts_once_at_a_rate() {
        let looks = looks(&check::catalogue());
        let mut order = in_order_of_start(&looks);
        order.sort_by_key(|(index, _)| *index);
        let all: Vec<_> = looks.into_iter().enumerate().collect();
        assert_eq!(order, all);
    }
}
