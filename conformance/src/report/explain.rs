//! One check, explained.

use std::io::{self, Write};

use super::page::{BOLD, DIM, hanging};
use super::summary;
use crate::check::{Capability, Check, Scope};
use crate::clause;

/// Writes what a check requires, why, and how to mend a client that it complains of.
///
/// # Errors
///
/// Those of the writer.
pub fn explain(check: &Check, mut out: impl Write) -> io::Result<()> {
    hanging(&mut out, &format!("{}  ", check.id), BOLD, check.title)?;
    let sessions = match check.scope {
        Scope::Every => "every session".to_owned(),
        Scope::Of(session) => session.to_owned(),
    };
    let needs = match check.needs {
        None => "nothing special",
        Some(Capability::Subscribe) => "a client that subscribes",
        Some(Capability::Reconnect) => "a client that connects again",
    };
    let timing = if check.timing {
        "depends on measured time; a failure is looked at again, alone, before it counts"
    } else {
        "does not depend on measured time"
    };
    let fields = [
        ("Level", summary::level(check.level)),
        ("Path", check.slug),
        ("Sessions", sessions.as_str()),
        ("Needs", needs),
        ("Verdict", timing),
    ];
    for (label, text) in fields {
        hanging(&mut out, &format!("  {label:<10}"), DIM, text)?;
    }
    for (heading, text) in
        [("Requirement", check.requirement), ("Why", check.why), ("How to mend it", check.mend)]
    {
        writeln!(out, "\n{BOLD}{heading}{BOLD:#}")?;
        hanging(&mut out, "  ", BOLD, text)?;
    }
    writeln!(out, "\n{BOLD}What the check witnesses{BOLD:#}")?;
    if check.clauses.is_empty() {
        let about = "No clause of the protocol document; it is about the program.";
        return hanging(&mut out, "  ", BOLD, about);
    }
    for id in check.clauses {
        let statement = clause::clause(id).map_or("", |clause| clause.statement.as_str());
        hanging(&mut out, &format!("  {id}  "), DIM, statement)?;
    }
    Ok(())
}
