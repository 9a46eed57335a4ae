//! Two runs compared: what changed for the better, for the worse, and what came or went.

use std::io::{self, Write};

use serde::Serialize;

use super::page::{BAD, DIM, GOOD, PLAIN, count, hanging, visible};
use crate::results::{Finding, Results, Verdict};

/// One check whose verdict is not the same in two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The check's id.
    pub id: String,
    /// The check's readable path.
    pub slug: String,
    /// What the first run says; nothing if it does not have the check.
    pub before: Option<Verdict>,
    /// What the second run says.
    pub after: Option<Verdict>,
    /// Whether that is for the better or for the worse.
    pub direction: Direction,
    /// What the run saw that has the worse verdict.
    pub actual: String,
}

/// Where a change leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// A verdict that is worse than before.
    Worse,
    /// A verdict that is better than before.
    Better,
    /// Neither: only one of the runs says anything of the check.
    Other,
}

/// The checks whose verdict changed, the worse ones first.
pub fn diff(before: &Results, after: &Results) -> Vec<Change> {
    let mut changes: Vec<_> =
        before.checks.iter().filter_map(|old| change(Some(old), find(after, &old.id))).collect();
    let new = after.checks.iter().filter(|new| find(before, &new.id).is_none());
    changes.extend(new.filter_map(|new| change(None, Some(new))));
    changes.sort_by_key(|change| change.direction as u8);
    changes
}

fn find<'a>(run: &'a Results, id: &str) -> Option<&'a Finding> {
    run.checks.iter().find(|finding| finding.id == id)
}

fn change(before: Option<&Finding>, after: Option<&Finding>) -> Option<Change> {
    let verdict = |finding: Option<&Finding>| finding.map(|finding| finding.verdict);
    if verdict(before) == verdict(after) {
        return None;
    }
    let rank = |finding: Option<&Finding>| finding.and_then(|finding| rank(finding.verdict));
    let direction = match (rank(before), rank(after)) {
        (Some(old), Some(new)) if new > old => Direction::Worse,
        (Some(old), Some(new)) if new < old => Direction::Better,
        _ => Direction::Other,
    };
    let told = if direction == Direction::Better { before } else { after.or(before) }?;
    Some(Change {
        id: told.id.clone(),
        slug: told.slug.clone(),
        before: verdict(before),
        after: verdict(after),
        direction,
        actual: told.actual.clone(),
    })
}

/// How bad a verdict is, if it says anything of the client.
const fn rank(verdict: Verdict) -> Option<u8> {
    match verdict {
        Verdict::Pass | Verdict::Note => Some(0),
        Verdict::Weak => Some(1),
        Verdict::Inconclusive => Some(2),
        Verdict::Fail => Some(3),
        Verdict::Unsupported | Verdict::NotApplicable | Verdict::KitError => None,
    }
}

/// Tells people of the changes.
///
/// # Errors
///
/// Those of the writer.
pub fn diff_human(changes: &[Change], mut out: impl Write) -> io::Result<()> {
    let word = |verdict: Option<Verdict>| verdict.map_or("absent", Verdict::as_str);
    for change in changes {
        let (style, sign) = match change.direction {
            Direction::Worse => (BAD, '-'),
            Direction::Better => (GOOD, '+'),
            Direction::Other => (DIM, ' '),
        };
        let head = format!("{sign} {}  ", visible(&change.id));
        let text = format!("{} → {}: {}", word(change.before), word(change.after), change.actual);
        hanging(&mut out, &head, style, &text)?;
    }
    let of = |direction: Direction| changes.iter().filter(|one| one.direction == direction).count();
    let (worse, better) = (of(Direction::Worse), of(Direction::Better));
    let text = match changes.len() {
        0 => "No verdict changed.".to_owned(),
        all => format!(
            "{} changed: {worse} for the worse, {better} for the better, {} otherwise.",
            count(all, "verdict"),
            all - worse - better
        ),
    };
    hanging(out, "", PLAIN, &text)
}

/// Writes the changes as a JSON array, on one line.
///
/// # Errors
///
/// Those of the writer.
pub fn diff_json(changes: &[Change], mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut out, changes)?;
    writeln!(out)
}
