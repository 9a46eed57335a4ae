//! The report for people, after the run: failures first, then the score and one plain sentence.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use super::page::{BAD, BOLD, DIM, GOOD, WEAK, WIDTH, count, dotted, hanging, length, wrap};
use super::{Evidence, FinishedRun, failure, summary};
use crate::check::Check;
use crate::exit::Exit;
use crate::results::{Finding, SessionResult, Verdict};
use crate::session::Session;

/// How much is told of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The verdict in one line.
    Quiet,
    /// What a reader must act on, then score and verdict.
    Usual,
    /// Also what every other check has seen.
    Verbose,
}

/// Writes the report of a run whose folder is `folder`.
///
/// # Errors
///
/// Those of the writer.
pub fn human(
    run: &FinishedRun<'_>,
    folder: &Path,
    detail: Detail,
    mut out: impl Write,
) -> io::Result<()> {
    let results = run.results;
    if detail == Detail::Quiet {
        return write_sentence(out, run);
    }
    let report = folder.join("report.html").display().to_string();
    // What progress has told stands right above.
    writeln!(out)?;
    if detail == Detail::Verbose {
        write_kept(&mut out, &results.checks)?;
    }
    write_findings(&mut out, Evidence::of(run), Some(&report))?;
    write_processes(&mut out, &results.sessions)?;
    dotted(&mut out, &summary::score(results))?;
    write_sentence(&mut out, run)?;
    if results.exit_code == Exit::NoClient.code()
        && let Some(why) = run.sessions.iter().find_map(Session::why_no_request)
    {
        hanging(&mut out, "", DIM, &format!("The server's note: {why}"))?;
    }
    let took = length(Duration::from_millis(results.elapsed_ms));
    hanging(&mut out, "", DIM, &format!("The report is {report}; the run took {took}."))
}

fn write_sentence(mut out: impl Write, run: &FinishedRun<'_>) -> io::Result<()> {
    let style = match run.results.exit_code {
        code if code == Exit::Passed.code() => GOOD,
        code if code == Exit::Inconclusive.code() => WEAK,
        _ => BAD,
    };
    for line in wrap(&summary::sentence(run), WIDTH) {
        writeln!(out, "{style}{line}{style:#}")?;
    }
    Ok(())
}

/// What was seen of the rules that were kept, a line each.
fn write_kept(mut out: impl Write, findings: &[Finding]) -> io::Result<()> {
    let style = summary::style(Verdict::Pass);
    for finding in summary::of(findings, Verdict::Pass) {
        hanging(&mut out, &format!("pass {}  ", finding.id), style, &finding.actual)?;
    }
    writeln!(out)
}

/// Writes what `judge` found in transcripts.
///
/// # Errors
///
/// Those of the writer.
pub fn findings(
    findings: &[Finding],
    sessions: &[Session],
    checks: &[&'static Check],
    mut out: impl Write,
) -> io::Result<()> {
    write_findings(&mut out, Evidence { findings, sessions, checks }, None)?;
    let how_many = |verdict| summary::of(findings, verdict).count();
    let mut parts = vec![count(sessions.len(), "transcript")];
    let verdicts =
        [Verdict::Pass, Verdict::Weak, Verdict::Fail, Verdict::Note, Verdict::Inconclusive];
    for verdict in verdicts.into_iter().filter(|&verdict| how_many(verdict) > 0) {
        parts.push(format!("{} {}", verdict.as_str(), how_many(verdict)));
    }
    dotted(&mut out, &parts)?;
    let seen = how_many(Verdict::Pass) + how_many(Verdict::Weak);
    match how_many(Verdict::Fail) {
        0 if seen == 0 => writeln!(out, "{WEAK}Nothing could be judged.{WEAK:#}"),
        0 => writeln!(out, "{GOOD}No MUST is seen broken.{GOOD:#}"),
        broken => writeln!(out, "{BAD}{}{BAD:#}", summary::broken_musts(broken)),
    }
}

fn write_findings(
    mut out: impl Write,
    evidence: Evidence<'_>,
    report: Option<&str>,
) -> io::Result<()> {
    for finding in summary::troubles(evidence.findings) {
        failure::write(&mut out, evidence, finding, report)?;
    }
    let mut any = false;
    for verdict in [Verdict::Inconclusive, Verdict::Note] {
        let style = summary::style(verdict);
        for (ids, actual) in by_reason(evidence.findings, verdict) {
            let text = format!("{}: {actual}", ids.join(", "));
            hanging(&mut out, &format!("{:<13}", verdict.as_str()), style, &text)?;
            any = true;
        }
    }
    let without = [Verdict::NotApplicable, Verdict::Unsupported];
    for verdict in without {
        let ids: Vec<_> =
            summary::of(evidence.findings, verdict).map(|finding| finding.id.as_str()).collect();
        if !ids.is_empty() {
            hanging(&mut out, &format!("{}: ", verdict.as_str()), DIM, &ids.join(", "))?;
            any = true;
        }
    }
    if any { writeln!(out) } else { Ok(()) }
}

/// The ids of a verdict's findings that have the same to say, with what they say.
fn by_reason(findings: &[Finding], verdict: Verdict) -> Vec<(Vec<&str>, &str)> {
    let mut reasons: Vec<(Vec<&str>, &str)> = Vec::new();
    for finding in summary::of(findings, verdict) {
        match reasons.iter_mut().find(|(_, actual)| *actual == finding.actual) {
            Some((ids, _)) => ids.push(&finding.id),
            None => reasons.push((vec![&finding.id], &finding.actual)),
        }
    }
    reasons
}

/// How the client's processes ended, where that is not as it should be.
fn write_processes(mut out: impl Write, sessions: &[SessionResult]) -> io::Result<()> {
    let bad = |session: &&SessionResult| {
        !matches!(session.process.as_str(), "ok" | "signal SIGTERM" | "unknown")
    };
    let words: Vec<_> = sessions
        .iter()
        .filter(bad)
        .map(|session| format!("{} in {}", session.process, session.id))
        .collect();
    match words.as_slice() {
        [] => Ok(()),
        words => hanging(&mut out, "Process ends: ", BOLD, &words.join(", ")),
    }
}
