//! The Test Anything Protocol, version 14: a line for each check, and a YAML block for what needs one.
//!
//! Source: testanything.org, TAP 14 specification.

use std::io::{self, Write};

use serde_json::json;

use super::page::visible;
use super::{Evidence, FinishedRun, failure, summary};
use crate::results::{Finding, Verdict};

/// Writes a run as TAP 14. A weakness is `ok` with a block; what nobody could see is skipped.
///
/// # Errors
///
/// Those of the writer.
pub fn tap(run: &FinishedRun<'_>, mut out: impl Write) -> io::Result<()> {
    let evidence = Evidence::of(run);
    writeln!(out, "TAP version 14")?;
    writeln!(out, "1..{}", evidence.findings.len())?;
    for (number, finding) in (1..).zip(evidence.findings) {
        point(&mut out, evidence, number, finding)?;
    }
    if run.results.interrupted {
        writeln!(out, "Bail out! The run was interrupted; this report is partial.")?;
    }
    Ok(())
}

fn point(
    mut out: impl Write,
    evidence: Evidence<'_>,
    number: usize,
    finding: &Finding,
) -> io::Result<()> {
    let title = evidence.check_of(finding).map_or(finding.slug.as_str(), |check| check.title);
    let state = match finding.verdict {
        Verdict::Fail | Verdict::KitError => "not ok",
        _ => "ok",
    };
    write!(out, "{state} {number} - {}", escaped(&format!("{} {title}", finding.id)))?;
    match finding.verdict {
        Verdict::Inconclusive | Verdict::Unsupported | Verdict::NotApplicable => {
            let why = format!("{}: {}", finding.verdict.as_str(), finding.actual);
            writeln!(out, " # SKIP {}", escaped(&why))
        }
        Verdict::Pass => writeln!(out),
        Verdict::Weak | Verdict::Fail | Verdict::Note | Verdict::KitError => {
            writeln!(out)?;
            block(out, evidence, finding)
        }
    }
}

/// JSON is YAML, so the values are written as JSON.
fn block(mut out: impl Write, evidence: Evidence<'_>, finding: &Finding) -> io::Result<()> {
    let text = |text: &str| json!(visible(text));
    let mut fields = vec![
        ("verdict", json!(finding.verdict.as_str())),
        ("level", json!(summary::level(finding.level))),
        ("requirement", text(&finding.requirement)),
        ("expected", finding.expected.iter().map(|line| text(line)).collect()),
        ("actual", text(&finding.actual)),
        ("at", text(failure::place(finding).trim())),
    ];
    fields.extend(
        summary::timing(finding, evidence.rate_of(finding)).map(|timing| ("timing", json!(timing))),
    );
    fields.extend(evidence.check_of(finding).map(|check| ("mend", json!(check.mend))));
    writeln!(out, "  ---")?;
    for (name, value) in fields {
        writeln!(out, "  {name}: {value}")?;
    }
    writeln!(out, "  ...")
}

/// A description may hold no directive: `#` begins one.
fn escaped(text: &str) -> String {
    visible(text).replace('\\', "\\\\").replace('#', "\\#")
}
