//! From what a run left behind to its results, and to its exit code.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::args::{Allow, Deny, OnFlaky, RigourArgs};
use crate::baseline::{self, Baseline, BaselineError, Facts};
use crate::check::{Capability, Check};
use crate::exit::Exit;
use crate::judge;
use crate::plan::Plan;
use crate::results::{
    self, BaselineResult, ClientResult, ClockResult, Finding, Results, SessionResult, Verdict,
};
use crate::runner::Ran;
use crate::session::Session;
use crate::suite;

/// What a user lets pass, or does not.
#[derive(Clone, Debug, Default)]
pub struct Rigour {
    /// What counts as a failure beyond failures.
    pub deny: Option<Deny>,
    /// What does not count against the run.
    pub allow: Option<Allow>,
    /// Whether flaky results count.
    pub flaky: Option<OnFlaky>,
    /// How many checks must come to a verdict.
    pub min_executed: usize,
    /// What is known to be wrong, and in which file that stands.
    pub baseline: Option<(PathBuf, Baseline)>,
}

impl Rigour {
    /// As the command line says, with the baseline read.
    ///
    /// # Errors
    ///
    /// [`BaselineError`]
    pub fn new(args: &RigourArgs) -> Result<Self, BaselineError> {
        let read = |path: &PathBuf| Ok((path.clone(), Baseline::read(path, &judge::of_clients())?));
        Ok(Self {
            deny: args.deny,
            allow: args.allow,
            flaky: args.flaky,
            min_executed: args.min_executed,
            baseline: args.baseline.as_ref().map(read).transpose()?,
        })
    }
}

/// What results say beside the findings.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The profile's name.
    pub profile: String,
    /// Its settings.
    pub settings: BTreeMap<String, String>,
    /// The clock.
    pub clock: ClockResult,
    /// The client.
    pub client: ClientResult,
    /// Whether the run was cut short.
    pub interrupted: bool,
    /// How long it took.
    pub elapsed_ms: u64,
}

/// The results of a run that took `elapsed_ms`.
pub fn results(plan: &Plan, ran: &Ran, rigour: &Rigour, elapsed_ms: u64) -> Results {
    let circumstances = Circumstances {
        profile: plan.profile.name.to_string(),
        settings: settings(plan, &ran.sessions),
        clock: ClockResult {
            mode: plan.clock.mode().to_owned(),
            rate: plan.clock.rate(),
            why: plan.clock_why.clone(),
            confirmed: ran.confirmed.clone(),
        },
        client: ClientResult {
            command: plan.client.clone(),
            capabilities: plan.capabilities.clone(),
        },
        interrupted: ran.interrupted,
        elapsed_ms,
    };
    assemble(circumstances, (&ran.sessions, ran.results.clone()), &plan.checks, rigour)
}

/// The results of sessions, however they came together.
pub fn assemble(
    circumstances: Circumstances,
    (sessions, session_results): (&[Session], Vec<SessionResult>),
    checks: &[&'static Check],
    rigour: &Rigour,
) -> Results {
    let Circumstances { profile, settings, mut clock, client, interrupted, elapsed_ms } =
        circumstances;
    let capabilities: &[Capability] = &client.capabilities;
    let mut findings = judge::judge(sessions, checks, capabilities);
    let facts = Facts { profile: profile.clone(), clock: clock.mode.clone() };
    let baseline = rigour.baseline.as_ref().map(|(path, baseline)| BaselineResult {
        file: path.display().to_string(),
        stale: baseline::compare(baseline, &mut findings, &judge::of_clients(), &facts, today()),
    });
    let stale = baseline.as_ref().is_some_and(|baseline| !baseline.stale.is_empty());
    let exit =
        if interrupted { Exit::Interrupted } else { exit(&findings, sessions, rigour, stale) };
    clock.confirmed.sort();
    clock.confirmed.dedup();
    Results {
        format: results::FORMAT,
        kit: env!("CARGO_PKG_VERSION").to_owned(),
        suite: suite::NAME.to_owned(),
        document: suite::DOCUMENT.to_owned(),
        profile,
        settings,
        clock,
        client,
        score: judge::score(&findings),
        checks: findings,
        sessions: session_results,
        baseline,
        interrupted,
        elapsed_ms,
        exit_code: exit.code(),
    }
}

/// Today, UTC.
pub fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The settings as the server stated them; without a session, those of the profile.
fn settings(plan: &Plan, sessions: &[Session]) -> BTreeMap<String, String> {
    let stated = sessions.first().map(|session| session.transcript.header.settings.clone());
    stated.unwrap_or_else(|| plan.profile.settings())
}

/// The exit code of findings, with a baseline that is stale or not; the first that holds in [`Exit::PRECEDENCE`].
pub fn exit(findings: &[Finding], sessions: &[Session], rigour: &Rigour, stale: bool) -> Exit {
    let any = |verdict: Verdict| findings.iter().any(|finding| finding.verdict == verdict);
    // What the baseline expects is no news; that an expectation has run out is said by its being stale.
    let is_news = |it: &Finding| !matches!(it.baseline.as_deref(), Some("xfail" | "expired"));
    let news = |verdict: Verdict| findings.iter().any(|it| it.verdict == verdict && is_news(it));
    let executed = findings.iter().filter(|finding| came_to_a_verdict(finding)).count();
    let holds = |exit: &Exit| match exit {
        Exit::Kit => any(Verdict::KitError),
        // Without a session nobody had the chance to connect.
        Exit::NoClient => !sessions.is_empty() && !sessions.iter().any(asked_for_the_upgrade),
        Exit::TooFew => findings.is_empty() || executed < rigour.min_executed,
        Exit::Failed => {
            news(Verdict::Fail) || (rigour.deny == Some(Deny::Weak) && news(Verdict::Weak))
        }
        Exit::Flaky => rigour.flaky.is_some() && findings.iter().any(|it| it.flaky.is_some()),
        Exit::Inconclusive => {
            news(Verdict::Inconclusive) && rigour.allow != Some(Allow::Inconclusive)
        }
        Exit::Stale => stale,
        Exit::Passed | Exit::Usage | Exit::Interrupted => false,
    };
    Exit::PRECEDENCE.into_iter().find(holds).unwrap_or(Exit::Passed)
}

/// The findings of checks that read one of the transcripts; the others say nothing about them.
pub fn only_seen(findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().filter(|finding| finding.session.is_some()).collect()
}

/// The exit code of `judge`: transcripts are parts of a run, so what they do not show counts for nothing.
pub fn exit_of_transcripts(findings: &[Finding]) -> Exit {
    let any = |verdict: Verdict| findings.iter().any(|finding| finding.verdict == verdict);
    if any(Verdict::KitError) {
        Exit::Kit
    } else if !findings.iter().any(came_to_a_verdict) {
        Exit::TooFew
    } else if any(Verdict::Fail) {
        Exit::Failed
    } else {
        Exit::Passed
    }
}

const fn came_to_a_verdict(finding: &Finding) -> bool {
    matches!(
        finding.verdict,
        Verdict::Pass | Verdict::Weak | Verdict::Fail | Verdict::Note | Verdict::KitError
    )
}

fn asked_for_the_upgrade(session: &Session) -> bool {
    session.requests().next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::testing::{JOIN, Wire};

    const RIGOUR: Rigour =
        Rigour { deny: None, allow: None, flaky: None, min_executed: 1, baseline: None };

    #[track_caller]
    fn check(ids: &[&str], sessions: &[Wire], rigour: Rigour, wanted: Exit) {
        let mut checks = crate::check::catalogue();
        checks.retain(|check| ids.contains(&check.id));
        let sessions: Vec<_> = sessions.iter().cloned().map(Wire::session).collect();
        let findings = judge::judge(&sessions, &checks, &[]);
        assert_eq!(exit(&findings, &sessions, &rigour, false), wanted, "{findings:?}");
    }

    #[test]
    fn each_exit_code_has_its_reason() {
        let opened = || Wire::new().open(0.1);
        let good = opened().client(0.2, JOIN);
        let bad = opened().client(0.2, "[]");
        let weak = opened().client(0.2, r#"["1","1","phoenix","heartbeat",{},6]"#);
        check(&["FR004"], std::slice::from_ref(&good), RIGOUR, Exit::Passed);
        check(&["FR004"], &[good.clone(), bad], RIGOUR, Exit::Failed);
        check(&["FR004"], std::slice::from_ref(&weak), RIGOUR, Exit::Passed);
        check(&["FR004"], &[weak], Rigour { deny: Some(Deny::Weak), ..RIGOUR }, Exit::Failed);
        check(&["CN001", "FR004"], &[opened()], RIGOUR, Exit::Inconclusive);
        let lenient = Rigour { allow: Some(Allow::Inconclusive), ..RIGOUR };
        check(&["CN001", "FR004"], &[opened()], lenient.clone(), Exit::Passed);
        check(&["FR004"], &[opened()], lenient, Exit::TooFew);
        check(&["FR004"], &[Wire::new()], RIGOUR, Exit::NoClient);
        check(&["FR004"], &[good.server(0.3, "42")], RIGOUR, Exit::Kit);
    }

    #[test]
    fn nothing_selected_is_not_a_client_that_never_connected() {
        check(&[], &[], RIGOUR, Exit::TooFew);
        check(&[], &[], Rigour { min_executed: 0, ..RIGOUR }, Exit::TooFew);
    }

    #[test]
    fn of_several_reasons_the_first_in_the_order_counts() {
        let finding = |verdict| Finding { verdict, ..Finding::empty() };
        let looks = results::Flaky { reason: results::FlakyReason::Retry, looks: Vec::new() };
        let mut all = vec![
            finding(Verdict::KitError),
            finding(Verdict::Fail),
            Finding { flaky: Some(looks), ..finding(Verdict::Pass) },
            finding(Verdict::Inconclusive),
        ];
        let joined = [Wire::new().open(0.1).session()];
        let never = [Wire::new().session()];
        let strict = Rigour { flaky: Some(OnFlaky::Fail), ..RIGOUR };
        let many = Rigour { min_executed: 9, ..strict.clone() };
        assert_eq!(exit(&all, &never, &many, true), Exit::Kit);
        all.remove(0);
        assert_eq!(exit(&all, &never, &many, true), Exit::NoClient);
        assert_eq!(exit(&all, &joined, &many, true), Exit::TooFew);
        assert_eq!(exit(&all, &joined, &strict, true), Exit::Failed);
        all[0].baseline = Some("xfail".to_owned());
        assert_eq!(exit(&all, &joined, &strict, true), Exit::Flaky);
        assert_eq!(exit(&all, &joined, &RIGOUR, true), Exit::Inconclusive);
        let lenient = Rigour { allow: Some(Allow::Inconclusive), ..RIGOUR };
        assert_eq!(exit(&all, &joined, &lenient, true), Exit::Stale);
        assert_eq!(exit(&all, &joined, &lenient, false), Exit::Passed);
    }
}
