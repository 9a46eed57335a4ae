//! The self-check's matrix: clients of known verdict, and what the checks say of them.

use std::io::{self, Write};

use super::page::{BAD, BOLD, GOOD, PLAIN, WEAK, count, cut, hanging};
use crate::check::{Check, Level};
use crate::results::{Finding, Verdict};
use crate::self_check::{Pace, Row};

/// Where the text of a row begins.
const TEXT: usize = 28;

/// Tells of one client as it comes, on standard error.
pub fn self_check_row(row: &Row) {
    let mut err = anstream::stderr();
    // If standard error is gone, nobody is there to be told.
    write_row(&mut err, row).ok();
}

/// Writes the whole matrix.
///
/// # Errors
///
/// Those of the writer.
pub fn matrix(rows: &[Row], checks: &[&'static Check], mut out: impl Write) -> io::Result<()> {
    let (broken, correct): (Vec<_>, Vec<_>) =
        rows.iter().partition(|row| row.subject.caught_by().is_some());
    for (heading, rows) in [("Correct clients", &correct), ("Broken clients", &broken)] {
        writeln!(out, "{BOLD}{heading}{BOLD:#}")?;
        // At the second rate all is as at the usual, or it is wrong.
        for row in rows.iter().filter(|row| row.pace == Pace::Usual || row.complaint().is_some()) {
            write_row(&mut out, row)?;
        }
    }
    let complains = |check: &Check, row: &Row| {
        row.findings.iter().any(|finding| finding.id == check.id && says_something(finding))
    };
    let idle: Vec<_> = checks
        .iter()
        .filter(|check| !broken.iter().any(|row| complains(check, row)))
        .map(|check| check.id)
        .collect();
    if !idle.is_empty() {
        hanging(&mut out, "Catch nothing: ", WEAK, &idle.join(", "))?;
    }
    let (second, usual): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.pace == Pace::Second);
    let clients = count(usual.len(), "client");
    let again = format!("{} of them at a second rate, too", second.len());
    match rows.iter().filter(|row| row.complaint().is_some()).count() {
        0 => writeln!(out, "{GOOD}{clients}, {again}: all as expected.{GOOD:#}"),
        wrong => writeln!(out, "{BAD}{clients}, {again}: {wrong} not as expected.{BAD:#}"),
    }
}

fn write_row(out: impl Write, row: &Row) -> io::Result<()> {
    let name = cut(row.subject.name(), TEXT - 3);
    let (style, text) = match row.complaint() {
        Some(complaint) => (BAD, format!("WRONG: {complaint}")),
        None => (PLAIN, as_expected(row)),
    };
    hanging(out, &format!("  {name:<0$}", TEXT - 2), style, &text)
}

fn as_expected(row: &Row) -> String {
    let others = |named: &str| {
        let others: Vec<_> = row
            .findings
            .iter()
            .filter(|finding| finding.id != named && is_complaint(finding))
            .map(|finding| format!("{} {}", finding.id, finding.verdict.as_str()))
            .collect();
        if others.is_empty() { String::new() } else { format!("; also {}", others.join(", ")) }
    };
    match row.subject.caught_by() {
        None => {
            let passed = row.findings.iter().filter(|f| f.verdict == Verdict::Pass).count();
            format!("passes {}{}", count(passed, "check"), others(""))
        }
        Some(id) => {
            let named = row.findings.iter().find(|finding| finding.id == id);
            match named {
                Some(finding) => {
                    format!("caught by {id}: {}{}", finding.verdict.as_str(), others(id))
                }
                None => format!("{id} was not judged{}", others(id)),
            }
        }
    }
}

/// Below SHOULD nothing is complained of: what is seen is noted.
const fn says_something(finding: &Finding) -> bool {
    is_complaint(finding)
        || matches!((finding.level, finding.verdict), (Level::May | Level::Note, Verdict::Note))
}

const fn is_complaint(finding: &Finding) -> bool {
    matches!(finding.verdict, Verdict::Weak | Verdict::Fail)
}
