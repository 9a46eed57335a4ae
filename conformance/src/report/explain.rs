//! One check, or one diagnostic, explained.

use std::io::{self, Write};

use glimesh_proto::diagnostic::Code;

use super::page::{BOLD, DIM, hanging, visible};
use super::summary;
use crate::check::{Capability, Check, Scope};
use crate::clause;
use crate::lint::catalogue;
use crate::lint::lesson;

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
        Some(Capability::Tls) => "a client that speaks TLS",
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

/// Writes what a diagnostic means: what is wrong, why it matters, a frame with and without it, the clause, what the
/// server does, and how it is done right in code.
///
/// # Errors
///
/// Those of the writer.
pub fn explain_code(code: &Code, mut out: impl Write) -> io::Result<()> {
    hanging(&mut out, &format!("{}  ", code.id), BOLD, code.title)?;
    let server = catalogue::server(code);
    for (label, text) in [
        ("Severity", code.describe_severity()),
        ("Name", code.slug.to_owned()),
        ("Points at", code.points_at.to_owned()),
        ("Server", server),
    ] {
        hanging(&mut out, &format!("  {label:<10}"), DIM, &text)?;
    }
    for (heading, text) in [("What", code.what), ("Why", code.why)] {
        writeln!(out, "\n{BOLD}{heading}{BOLD:#}")?;
        hanging(&mut out, "  ", BOLD, text)?;
    }
    frames(code, &mut out)?;
    if let Some(clause) = code.clause.and_then(clause::clause) {
        writeln!(out, "\n{BOLD}Clause{BOLD:#}")?;
        hanging(&mut out, &format!("  {}  ", clause.id), DIM, &clause.statement)?;
    }
    code_of(code.id, out)
}

/// Writes what belongs to a check besides its rule: a bad and a good frame, what the server does, and how it is done
/// right in code.
///
/// # Errors
///
/// Those of the writer.
pub fn examples(check: &Check, mut out: impl Write) -> io::Result<()> {
    if let Some(code) = code_of_check(check.id) {
        frames(code, &mut out)?;
        writeln!(out, "\n{BOLD}What the server does about it{BOLD:#}")?;
        let text = format!("It {}. {} tells more.", catalogue::server(code), code.id);
        hanging(&mut out, "  ", BOLD, &text)?;
    }
    code_of(check.id, out)
}

/// Frames can be copied, so they are not broken into lines.
fn frames(code: &Code, mut out: impl Write) -> io::Result<()> {
    for (heading, text) in [("Wrong", code.bad), ("Right", code.good)] {
        writeln!(out, "\n{BOLD}{heading}{BOLD:#}\n  {}", visible(text))?;
    }
    Ok(())
}

fn code_of(id: &str, mut out: impl Write) -> io::Result<()> {
    let lesson = lesson::of(id);
    for (language, text) in [
        ("JavaScript (phoenix.js)", lesson.javascript),
        ("Python (websockets)", lesson.python),
        ("Rust (tokio-tungstenite)", lesson.rust),
    ] {
        writeln!(out, "\n{BOLD}In {language}{BOLD:#}")?;
        for line in text.lines() {
            writeln!(out, "{}", format!("  {line}").trim_end())?;
        }
    }
    Ok(())
}

/// The diagnostic that shows best what a check complains of; `None` where no single frame or URL shows it.
fn code_of_check(id: &str) -> Option<&'static Code> {
    let code = match id {
        "CN001" => "U003",
        "CN002" => "U009",
        "CN003" => "U012",
        "CN004" => "U020",
        "CN005" => "U015",
        "FR001" => "F014",
        "FR002" => "J027",
        "FR003" => "F001",
        "FR004" => "F005",
        "FR005" => "F008",
        "FR006" => "F010",
        "FR007" => "M020",
        "JN001" => "S010",
        "JN002" => "M011",
        "JN003" => "S005",
        "JN004" => "M012",
        "SB001" => "M022",
        "SB004" => "M026",
        "HB001" | "HB006" => "S001",
        "HB004" => "M008",
        "HB005" => "F009",
        "HB012" => "S009",
        "HB024" | "RC002" | "RC004" => "S011",
        _ => return None,
    };
    catalogue::find(code)
}

/// The ids and names that a wrong one resembles most, the nearest first.
pub fn similar(wrong: &str, known: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let lower = wrong.to_lowercase();
    // What is much longer than any name resembles none.
    if lower.len() > 64 {
        return Vec::new();
    }
    let distance = |name: &str| strsim::damerau_levenshtein(&lower, &name.to_lowercase());
    let mut near: Vec<(usize, &str)> = known
        .map(|name| (distance(name), name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}
