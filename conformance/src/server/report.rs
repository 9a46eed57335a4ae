//! What was played, for people and for machines.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use glimesh_mock::recording::{Counts, Difference, Outcome, Played, Table};
use serde::Serialize;

use super::show;
use crate::exit::Exit;

/// How many records that differ are shown in full.
const IN_FULL: usize = 5;

/// The table, what was not played and why, and the first differences in full.
pub(super) fn human(
    host: &str,
    played: &[Played],
    control: bool,
    mut out: impl Write,
) -> io::Result<()> {
    writeln!(out, "recordings of the real server, played on {host}\n")?;
    write!(out, "{}", Table::new(played))?;
    let reasons = not_played(played);
    if !reasons.is_empty() {
        writeln!(out, "\nnot played")?;
        for (why, n_records) in reasons {
            write!(out, "{}", show::wrapped(&format!("{n_records:>6}  "), why))?;
        }
        if !control {
            let hint = "--control plays what changes the world, on a server that takes orders: \
                        glimesh-mock serve --control";
            write!(out, "{}", show::wrapped("        ", hint))?;
        }
    }
    let listed = played.iter().filter_map(|played| match &played.outcome {
        Outcome::Listed { reason, .. } => Some((&played.record.id, reason)),
        _ => None,
    });
    for (index, (id, reason)) in listed.enumerate() {
        if index == 0 {
            writeln!(out, "\nlisted: as is known of the mock")?;
        }
        write!(out, "{}", show::wrapped("  ", &format!("{id}: {reason}")))?;
    }
    let different: Vec<_> = played
        .iter()
        .filter_map(|played| match &played.outcome {
            Outcome::Different(differences) => Some((&played.record, differences)),
            _ => None,
        })
        .collect();
    for (record, differences) in different.iter().take(IN_FULL) {
        write!(out, "\n{}", show::difference(record, differences))?;
    }
    if different.len() > IN_FULL {
        let ids: Vec<_> = different[IN_FULL..].iter().map(|(record, _)| &*record.id).collect();
        let rest = format!("{} more differ: {}", ids.len(), ids.join(", "));
        write!(out, "\n{}", show::wrapped("", &rest))?;
        writeln!(out, "--record ID shows one of them, --format json all.")?;
    }
    Ok(())
}

/// How many were not played for each reason.
fn not_played(played: &[Played]) -> BTreeMap<&str, usize> {
    let mut reasons = BTreeMap::new();
    for played in played {
        if let Outcome::NotPlayed { why } = &played.outcome {
            *reasons.entry(&**why).or_default() += 1;
        }
    }
    reasons
}

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    server: &'a str,
    exit_code: u8,
    categories: BTreeMap<&'static str, Counts>,
    all: Counts,
    records: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    title: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    connection: &'a str,
    step: usize,
    expected: Option<String>,
    actual: Option<String>,
}

/// The same with every record.
pub(super) fn json(
    host: &str,
    played: &[Played],
    exit: Exit,
    mut out: impl Write,
) -> io::Result<()> {
    let table = Table::new(played);
    let report = Report {
        format: 1,
        server: host,
        exit_code: exit.code(),
        categories: table.rows().map(|(category, counts)| (category.as_str(), counts)).collect(),
        all: table.total(),
        records: played.iter().map(row).collect(),
    };
    serde_json::to_writer_pretty(&mut out, &report)?;
    writeln!(out)
}

fn row(played: &Played) -> Row<'_> {
    let (outcome, reason, differences) = match &played.outcome {
        Outcome::Same => ("same", None, &[][..]),
        Outcome::Different(differences) => ("different", None, &differences[..]),
        Outcome::Listed { reason, differences } => ("listed", Some(&**reason), &differences[..]),
        Outcome::NotPlayed { why } => ("not-played", Some(&**why), &[][..]),
    };
    let differences = differences.iter().map(shown).collect();
    Row { id: &played.record.id, title: &played.record.title, outcome, reason, differences }
}

fn shown(difference: &Difference) -> Shown<'_> {
    let Difference { c, expected, found } = difference;
    let steps: BTreeSet<_> =
        [expected, found].into_iter().flatten().map(|event| event.step).collect();
    Shown {
        connection: c,
        step: steps.first().copied().unwrap_or_default(),
        expected: expected.as_ref().map(|event| event.what.to_string()),
        actual: found.as_ref().map(|event| event.what.to_string()),
    }
}
