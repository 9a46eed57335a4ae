//! From what a run left behind to its results, and to its exit code.

use std::collections::BTreeMap;

use crate::args::{Allow, Deny};
use crate::exit::Exit;
use crate::judge;
use crate::plan::Plan;
use crate::results::{self, ClientResult, ClockResult, Finding, Results, Verdict};
use crate::runner::Ran;
use crate::session::Session;
use crate::suite;

/// What a user lets pass, or does not.
#[derive(Clone, Copy, Debug)]
pub struct Rigour {
    /// What counts as a failure beyond failures.
    pub deny: Option<Deny>,
    /// What does not count against the run.
    pub allow: Option<Allow>,
    /// How many checks must come to a verdict.
    pub min_executed: usize,
}

/// The results of a run that took `elapsed_ms`.
pub fn results(plan: &Plan, ran: &Ran, rigour: Rigour, elapsed_ms: u64) -> Results {
    let checks = judge::judge(&ran.sessions, &plan.checks, &plan.capabilities);
    let exit =
        if ran.interrupted { Exit::Interrupted } else { exit(&checks, &ran.sessions, rigour) };
    Results {
        format: results::FORMAT,
        kit: env!("CARGO_PKG_VERSION").to_owned(),
        suite: suite::NAME.to_owned(),
        document: suite::DOCUMENT.to_owned(),
        profile: plan.profile.name.to_string(),
        settings: settings(plan, &ran.sessions),
        clock: ClockResult {
            mode: plan.clock.mode().to_owned(),
            rate: plan.clock.rate(),
            confirmed: ran.confirmed.clone(),
        },
        client: ClientResult {
            command: plan.client.clone(),
            capabilities: plan.capabilities.clone(),
        },
        score: judge::score(&checks),
        checks,
        sessions: ran.results.clone(),
        interrupted: ran.interrupted,
        elapsed_ms,
        exit_code: exit.code(),
    }
}

/// The settings as the server stated them; without a session, those of the profile.
fn settings(plan: &Plan, sessions: &[Session]) -> BTreeMap<String, String> {
    let stated = sessions.first().map(|session| session.transcript.header.settings.clone());
    stated.unwrap_or_else(|| plan.profile.settings())
}

/// The exit code of findings; the first that holds in [`Exit::PRECEDENCE`].
pub fn exit(findings: &[Finding], sessions: &[Session], rigour: Rigour) -> Exit {
    let any = |verdict: Verdict| findings.iter().any(|finding| finding.verdict == verdict);
    let executed = findings.iter().filter(|finding| came_to_a_verdict(finding)).count();
    let holds = |exit: &Exit| match exit {
        Exit::Kit => any(Verdict::KitError),
        // Without a session nobody had the chance to connect.
        Exit::NoClient => !sessions.is_empty() && !sessions.iter().any(asked_for_the_upgrade),
        Exit::TooFew => findings.is_empty() || executed < rigour.min_executed,
        Exit::Failed => {
            any(Verdict::Fail) || (rigour.deny == Some(Deny::Weak) && any(Verdict::Weak))
        }
        Exit::Inconclusive => {
            any(Verdict::Inconclusive) && rigour.allow != Some(Allow::Inconclusive)
        }
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

    const RIGOUR: Rigour = Rigour { deny: None, allow: None, min_executed: 1 };

    #[track_caller]
    fn check(ids: &[&str], sessions: &[Wire], rigour: Rigour, wanted: Exit) {
        let mut checks = crate::check::catalogue();
        checks.retain(|check| ids.contains(&check.id));
        let sessions: Vec<_> = sessions.iter().cloned().map(Wire::session).collect();
        let findings = judge::judge(&sessions, &checks, &[]);
        assert_eq!(exit(&findings, &sessions, rigour), wanted, "{findings:?}");
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
        check(&["CN001", "FR004"], &[opened()], lenient, Exit::Passed);
        check(&["FR004"], &[opened()], lenient, Exit::TooFew);
        check(&["FR004"], &[Wire::new()], RIGOUR, Exit::NoClient);
        check(&["FR004"], &[good.server(0.3, "42")], RIGOUR, Exit::Kit);
    }

    #[test]
    fn nothing_selected_is_not_a_client_that_never_connected() {
        check(&[], &[], RIGOUR, Exit::TooFew);
        check(&[], &[], Rigour { min_executed: 0, ..RIGOUR }, Exit::TooFew);
    }
}
