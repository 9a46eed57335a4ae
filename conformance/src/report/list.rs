//! The catalogue, and one check of it.

use std::io::{self, Write};

use anstyle::Style;
use serde::Serialize;

use crate::check::{Check, Scope};
use crate::clause;
use crate::report::human::level_word;
use crate::report::text::{WIDTH, wrap};
use crate::report::write_json;

const BOLD: Style = Style::new().bold();

/// The checks, a line each.
///
/// # Errors
///
/// Those of the writer.
pub fn list(checks: &[&'static Check], mut out: impl Write) -> io::Result<()> {
    for check in checks {
        let (id, level) = (check.id, level_word(check.level));
        writeln!(
            out,
            "{BOLD}{id}{BOLD:#}  {level:<6}  {:<10}  {}",
            scope_word(check),
            check.title
        )?;
    }
    Ok(())
}

/// The checks as JSON: an array of objects with `id`, `slug`, `level`, `clauses`, `title`, `requirement`, `session`
/// and `timing`.
///
/// # Errors
///
/// Those of the writer.
pub fn list_json(checks: &[&'static Check], out: impl Write) -> io::Result<()> {
    let rows: Vec<Row> = checks.iter().map(|check| Row::of(check)).collect();
    write_json(&rows, out)
}

/// One check: what, why, how to mend.
///
/// # Errors
///
/// Those of the writer.
pub fn explain(check: &Check, mut out: impl Write) -> io::Result<()> {
    let (id, title) = (check.id, check.title);
    writeln!(out, "{BOLD}{id} {title}{BOLD:#} ({}, {})", level_word(check.level), check.slug)?;
    paragraph(check.requirement, &mut out)?;
    paragraph(check.why, &mut out)?;
    writeln!(out, "\n{BOLD}Mend{BOLD:#}")?;
    for line in wrap(check.mend, WIDTH - 2) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "\n{BOLD}Witnesses{BOLD:#}")?;
    for id in check.clauses {
        let statement = clause::clause(id).map_or("", |clause| clause.statement.as_str());
        for (index, line) in wrap(&format!("{id}: {statement}"), WIDTH - 4).iter().enumerate() {
            writeln!(out, "{}{line}", if index == 0 { "  " } else { "    " })?;
        }
    }
    if check.clauses.is_empty() {
        writeln!(out, "  no clause of the protocol document; it is about the program")?;
    }
    let seen = match check.scope {
        Scope::Every => "Read in every session.".to_owned(),
        Scope::Of(session) => format!("Read in the session {session}."),
    };
    let timing =
        if check.timing { " Depends on time: a failure is looked at again, alone." } else { "" };
    paragraph(&format!("{seen}{timing}"), &mut out)
}

fn paragraph(text: &str, mut out: impl Write) -> io::Result<()> {
    writeln!(out)?;
    wrap(text, WIDTH).iter().try_for_each(|line| writeln!(out, "{line}"))
}

const fn scope_word(check: &Check) -> &'static str {
    match check.scope {
        Scope::Every => "every",
        Scope::Of(session) => session,
    }
}

#[derive(Serialize)]
struct Row {
    id: &'static str,
    slug: &'static str,
    level: crate::check::Level,
    clauses: &'static [&'static str],
    title: &'static str,
    requirement: &'static str,
    session: Option<&'static str>,
    timing: bool,
}

impl Row {
    const fn of(check: &Check) -> Self {
        let session = match check.scope {
            Scope::Every => None,
            Scope::Of(session) => Some(session),
        };
        let Check { id, slug, level, clauses, title, requirement, timing, .. } = *check;
        Self { id, slug, level, clauses, title, requirement, session, timing }
    }
}
