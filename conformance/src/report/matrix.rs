//! The self-check's matrix: a row per client, with what the checks said of it.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::check::Check;
use crate::report::text::{WIDTH, wrap};
use crate::results::Verdict;
use crate::self_check::{Row, Subject};

const GOOD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
const BAD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))).bold();

/// The width of the column with the clients' names.
const NAME: usize = 27;

/// Says on standard error that a row is done.
pub fn self_check_row(row: &Row) {
    let name = row.subject.name();
    match row.complaint() {
        None => anstream::eprintln!("{GOOD}ok{GOOD:#}  {name}"),
        Some(complaint) => anstream::eprintln!("{BAD}BAD{BAD:#} {name}: {complaint}"),
    }
}

/// The whole matrix: correct clients first, then mutants with the check that catches each.
///
/// # Errors
///
/// Those of the writer.
pub fn matrix(rows: &[Row], checks: &[&'static Check], mut out: impl Write) -> io::Result<()> {
    writeln!(out, "{:<NAME$}verdicts of {} checks", "client", checks.len())?;
    for row in rows {
        let texts = wrap(&verdicts(row), WIDTH - NAME);
        for (index, text) in texts.iter().enumerate() {
            let name = if index == 0 { row.subject.name() } else { "" };
            writeln!(out, "{name:<NAME$}{text}")?;
        }
    }
    let wrong = rows.iter().filter(|row| row.complaint().is_some()).count();
    let mutants = rows.iter().filter(|row| matches!(row.subject, Subject::Broken(_))).count();
    writeln!(out, "\n{} correct clients, {mutants} mutants, {wrong} wrong", rows.len() - mutants)
}

fn verdicts(row: &Row) -> String {
    let others = row.findings.iter().filter(|finding| {
        !matches!(finding.verdict, Verdict::Pass | Verdict::NotApplicable | Verdict::Inconclusive)
    });
    let told = others.map(|finding| format!("{} {}", finding.id, finding.verdict.as_str()));
    let told = told.collect::<Vec<_>>().join(", ");
    match row.subject {
        Subject::Broken(mutant) => {
            let id = mutant.caught_by();
            let rest = told.split(", ").filter(|one| !one.starts_with(id)).collect::<Vec<_>>();
            let named = row.findings.iter().find(|finding| finding.id == id);
            let word = named.map_or("not judged", |finding| finding.verdict.as_str());
            let also = if rest.concat().is_empty() { "" } else { "; also " };
            format!("{id} {word}{also}{}", rest.join(", "))
        }
        _ if told.is_empty() => {
            format!("passes {}", row.findings.iter().filter(|f| f.verdict == Verdict::Pass).count())
        }
        _ => told,
    }
}
