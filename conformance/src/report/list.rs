//! The catalogue of checks.

use std::io::{self, Write};

use serde::Serialize;

use super::page::{BOLD, DIM, WIDTH, columns, count, hanging, wrap};
use super::summary;
use crate::check::{Capability, Check, Level, Scope};

/// Writes the checks as a table.
///
/// # Errors
///
/// Those of the writer.
pub fn list(checks: &[&'static Check], mut out: impl Write) -> io::Result<()> {
    let sessions = |check: &Check| match check.scope {
        Scope::Every => "every",
        Scope::Of(session) => session,
    };
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or_default();
    let id = widest(&mut checks.iter().map(|check| check.id.len())).max(2);
    let session = widest(&mut checks.iter().map(|check| sessions(check).len())).max(8);
    let title = WIDTH - id - "  SHOULD  ".len() - "  ".len() - session;
    writeln!(out, "{BOLD}{:<id$}  LEVEL   {:<title$}  SESSIONS{BOLD:#}", "ID", "TITLE")?;
    for check in checks {
        for (index, line) in wrap(check.title, title).into_iter().enumerate() {
            let pad = title - columns(&line);
            match index {
                0 => writeln!(
                    out,
                    "{:<id$}  {:<6}  {line}{:pad$}  {DIM}{}{DIM:#}",
                    check.id,
                    summary::level(check.level),
                    "",
                    sessions(check)
                )?,
                _ => writeln!(out, "{:1$}{line}", "", id + "  SHOULD  ".len())?,
            }
        }
    }
    let of = |level: Level| checks.iter().filter(|check| check.level == level).count();
    let counts = format!(
        "{}: {} MUST, {} SHOULD, {} others. `glimesh-conformance explain ID` tells more of one.",
        count(checks.len(), "check"),
        of(Level::Must),
        of(Level::Should),
        of(Level::May) + of(Level::Note)
    );
    writeln!(out)?;
    hanging(out, "", DIM, &counts)
}

/// Writes the checks as a JSON array of objects with `id`, `slug`, `clauses`, `level`, `title`, `requirement`, `why`,
/// `mend`, `session`, `needs` and `timing`.
///
/// # Errors
///
/// Those of the writer.
pub fn list_json(checks: &[&'static Check], mut out: impl Write) -> io::Result<()> {
    let listed: Vec<_> = checks.iter().map(|check| Listed::new(check)).collect();
    serde_json::to_writer(&mut out, &listed)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Listed {
    id: &'static str,
    slug: &'static str,
    clauses: &'static [&'static str],
    level: Level,
    title: &'static str,
    requirement: &'static str,
    why: &'static str,
    mend: &'static str,
    /// The only session that it reads; every session if absent.
    session: Option<&'static str>,
    needs: Option<Capability>,
    timing: bool,
}

impl Listed {
    const fn new(check: &Check) -> Self {
        let &Check {
            id, slug, clauses, level, title, requirement, why, mend, needs, timing, ..
        } = check;
        let session = match check.scope {
            Scope::Every => None,
            Scope::Of(session) => Some(session),
        };
        Self { id, slug, clauses, level, title, requirement, why, mend, session, needs, timing }
    }
}
