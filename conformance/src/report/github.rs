//! For GitHub Actions: an annotation for each trouble on standard output, and a summary of the job in Markdown.
//!
//! Source: GitHub's documentation, "Workflow commands for GitHub Actions".

use std::io::{self, Write};

use super::page::visible;
use super::{Evidence, FinishedRun, failure, summary};
use crate::results::{Finding, Verdict};

/// Writes a workflow command for each finding that a reader must act on.
///
/// # Errors
///
/// Those of the writer.
pub fn github(run: &FinishedRun<'_>, mut out: impl Write) -> io::Result<()> {
    let evidence = Evidence::of(run);
    for finding in summary::troubles(evidence.findings) {
        let command = if finding.verdict == Verdict::Weak { "warning" } else { "error" };
        let title = evidence.check_of(finding).map_or(finding.slug.as_str(), |check| check.title);
        let title = property(&format!("{} {title}", finding.id));
        let mend = evidence.check_of(finding).map_or("", |check| check.mend);
        let text = format!(
            "{} {}{}\n{mend}",
            visible(&finding.requirement),
            visible(&finding.actual),
            failure::place(finding)
        );
        writeln!(out, "::{command} title={title}::{}", data(&text))?;
    }
    writeln!(out, "::notice title=Glimesh chat conformance::{}", data(&verdict(run)))
}

/// Writes the summary of the job, for the file that `GITHUB_STEP_SUMMARY` names.
///
/// # Errors
///
/// Those of the writer.
pub fn job_summary(run: &FinishedRun<'_>, mut out: impl Write) -> io::Result<()> {
    let evidence = Evidence::of(run);
    writeln!(out, "## {}\n", markdown(&summary::sentence(run)))?;
    writeln!(out, "{}\n", markdown(&summary::score(run.results).join(" · ")))?;
    let troubles: Vec<_> = summary::troubles(evidence.findings).collect();
    if troubles.is_empty() {
        return Ok(());
    }
    writeln!(out, "| check | verdict | what was seen | mend |\n|---|---|---|---|")?;
    for finding in troubles {
        row(&mut out, evidence, finding)?;
    }
    writeln!(out)
}

fn row(mut out: impl Write, evidence: Evidence<'_>, finding: &Finding) -> io::Result<()> {
    let check = evidence.check_of(finding);
    writeln!(
        out,
        "| **{}** {} | {} | {}{} | {} |",
        markdown(&finding.id),
        markdown(check.map_or(finding.slug.as_str(), |check| check.title)),
        finding.verdict.as_str(),
        markdown(&finding.actual),
        markdown(&failure::place(finding)),
        markdown(check.map_or("", |check| check.mend)),
    )
}

fn verdict(run: &FinishedRun<'_>) -> String {
    format!("{} {}", visible(&summary::sentence(run)), summary::score(run.results).join(" · "))
}

/// The text of a command: a line break would begin another command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command: commas and colons end it.
fn property(text: &str) -> String {
    data(&visible(text)).replace(':', "%3A").replace(',', "%2C")
}

/// A text that is only text in Markdown: nothing of it is markup, a link, a mention or the end of a cell.
pub(super) fn markdown(text: &str) -> String {
    let mut shown = String::new();
    for c in visible(text).chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            // A character reference keeps a mention, an address and an issue number from becoming links.
            '@' | '#' | ':' => shown.push_str(&format!("&#{};", u32::from(c))),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '~' | '!' | '$' => {
                shown.push('\\');
                shown.push(c);
            }
            c => shown.push(c),
        }
    }
    shown
}
