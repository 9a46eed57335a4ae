//! A first baseline, from what a run found.

use super::file::{Baseline, Entry};
use crate::results::{Finding, Results, Verdict};

/// An entry for each failure of a run, and with `weak` for each weakness, too.
pub fn from_results(results: &Results, weak: bool) -> Baseline {
    let wanted = |finding: &&Finding| {
        finding.verdict == Verdict::Fail || (weak && finding.verdict == Verdict::Weak)
    };
    Baseline { expect: results.checks.iter().filter(wanted).map(entry).collect() }
}

/// The entry that expects this finding.
pub(super) fn entry(finding: &Finding) -> Entry {
    // From the first digit on it may be another time or another number when it is seen again.
    let stable = finding.actual.find(|c: char| c.is_ascii_digit());
    let message = finding.actual[..stable.unwrap_or(finding.actual.len())].to_owned();
    Entry {
        check: finding.id.clone(),
        outcome: finding.verdict,
        message,
        when: None,
        issue: None,
        owner: None,
        expires: None,
    }
}
