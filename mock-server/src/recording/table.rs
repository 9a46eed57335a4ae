//! The outcomes of many records, counted by category.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::category::Category;
use super::suite::{Outcome, Played};

/// How many records of each category ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table(BTreeMap<Category, Counts>);

/// How many records ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// As recorded.
    pub same: usize,
    /// Otherwise.
    pub different: usize,
    /// Otherwise, for a reason that is known.
    pub listed: usize,
    /// Not played.
    pub not_played: usize,
}

impl Table {
    /// Counts.
    pub fn new(all: &[Played]) -> Self {
        let mut table = Self::default();
        for played in all {
            table.0.entry(played.record.category).or_default().count(&played.outcome);
        }
        table
    }

    /// By category.
    pub fn rows(&self) -> impl Iterator<Item = (Category, Counts)> {
        self.0.iter().map(|(category, counts)| (*category, *counts))
    }

    /// All categories together.
    pub fn total(&self) -> Counts {
        self.0.values().fold(Counts::default(), |sum, counts| Counts {
            same: sum.same + counts.same,
            different: sum.different + counts.different,
            listed: sum.listed + counts.listed,
            not_played: sum.not_played + counts.not_played,
        })
    }
}

impl Counts {
    fn count(&mut self, outcome: &Outcome) {
        let count = match outcome {
            Outcome::Same => &mut self.same,
            Outcome::Different(_) => &mut self.different,
            Outcome::Listed { .. } => &mut self.listed,
            Outcome::NotPlayed { .. } => &mut self.not_played,
        };
        *count += 1;
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "category     same  different  listed  not played")?;
        for (category, counts) in self.rows() {
            row(f, category.as_str(), counts)?;
        }
        row(f, "all", self.total())
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, counts: Counts) -> fmt::Result {
    let Counts { same, different, listed, not_played } = counts;
    writeln!(f, "{name:<11}{same:>6}{different:>11}{listed:>8}{not_played:>12}")
}
