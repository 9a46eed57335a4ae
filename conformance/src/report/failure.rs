//! The block that says everything about one finding: what is required, what was seen, how to mend it.

use std::io::{self, Write};

use glimesh_proto::Instant;

use super::page::{BOLD, DIM, WIDTH, columns, hanging, wrap};
use super::{Evidence, frames, summary};
use crate::results::Finding;

/// Writes the block of one finding. `report` is where the evidence can be looked at, if it was written.
pub(super) fn write(
    mut out: impl Write,
    evidence: Evidence<'_>,
    finding: &Finding,
    report: Option<&str>,
) -> io::Result<()> {
    let check = evidence.check_of(finding);
    head(&mut out, finding, check.map_or(finding.slug.as_str(), |check| check.title))?;
    field(&mut out, "Requirement", &finding.requirement)?;
    for (index, line) in finding.expected.iter().enumerate() {
        field(&mut out, if index == 0 { "Expected" } else { "" }, line)?;
    }
    field(&mut out, "Actual", &format!("{}{}", finding.actual, place(finding)))?;
    for (label, text) in [
        ("Timing", summary::timing(finding, evidence.rate_of(finding))),
        ("Hint", finding.hint.clone()),
    ] {
        if let Some(text) = text {
            field(&mut out, label, &text)?;
        }
    }
    if let Some(session) = evidence.session_of(finding) {
        frames::write(&mut out, session, finding)?;
    }
    if let Some(check) = check {
        field(&mut out, "Mend", check.mend)?;
    }
    field(&mut out, "More", &format!("glimesh-conformance explain {}", finding.id))?;
    if let (Some(report), Some(anchor)) = (report, anchor(finding)) {
        field(&mut out, "", &format!("{report}#{anchor}"))?;
    }
    writeln!(out)
}

/// The place of the frame at fault in the HTML report, such as `quiet-17`.
pub(super) fn anchor(finding: &Finding) -> Option<String> {
    Some(format!("{}-{}", finding.session.as_deref()?, finding.frame?))
}

/// ` (quiet, at 12.034s)`, as far as it is known.
pub(super) fn place(finding: &Finding) -> String {
    let at = finding.at_ms.map(Instant::from_millis);
    match (&finding.session, at) {
        (Some(session), Some(at)) => format!(" ({session}, at {at})"),
        (Some(session), None) => format!(" ({session})"),
        (None, Some(at)) => format!(" (at {at})"),
        (None, None) => String::new(),
    }
}

fn head(mut out: impl Write, finding: &Finding, title: &str) -> io::Result<()> {
    let verdict = finding.verdict.as_str().to_uppercase();
    let style = summary::style(finding.verdict);
    let start = format!("{verdict} {} ", finding.id);
    let clause = finding.clause.as_deref().unwrap_or_default();
    let binding = format!("  {} {clause}", summary::level(finding.level)).trim_end().to_owned();
    let lines = wrap(title, WIDTH - columns(&start) - columns(&binding));
    for (index, line) in lines.iter().enumerate() {
        match index {
            0 => writeln!(
                out,
                "{style}{verdict}{style:#} {BOLD}{} {line}{BOLD:#}{DIM}{binding}{DIM:#}",
                finding.id
            )?,
            _ => writeln!(out, "{:1$}{BOLD}{line}{BOLD:#}", "", columns(&start))?,
        }
    }
    Ok(())
}

fn field(out: impl Write, label: &str, text: &str) -> io::Result<()> {
    hanging(out, &format!("  {label:<13}"), DIM, text)
}
