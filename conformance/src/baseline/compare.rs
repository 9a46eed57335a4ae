//! Findings against a baseline.

use jiff::civil::Date;

use super::file::{Baseline, Entry};
use crate::check::Check;
use crate::results::{Finding, Verdict};

/// What conditions can ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The profile's name.
    pub profile: String,
    /// The clock's mode.
    pub clock: String,
}

/// How a finding stands to the baseline, as [`Finding::baseline`] has it.
pub(super) mod standing {
    /// It is as bad as expected.
    pub(crate) const XFAIL: &str = "xfail";
    /// It was expected to be worse.
    pub(crate) const XPASS: &str = "xpass";
    /// It is bad, and not expected, or in another way.
    pub(crate) const NEW_FAIL: &str = "new-fail";
    /// It is as bad as expected, but the expectation has run out.
    pub(crate) const EXPIRED: &str = "expired";
}

/// Marks every finding with how it stands to the baseline, and returns what is stale in it, one line each.
pub fn compare(
    baseline: &Baseline,
    findings: &mut [Finding],
    catalogue: &[&'static Check],
    facts: &Facts,
    today: Date,
) -> Vec<String> {
    let holds = |entry: &&Entry| entry.when.as_ref().is_none_or(|when| when.holds(facts));
    let entries: Vec<&Entry> = baseline.expect.iter().filter(holds).collect();
    for finding in findings.iter_mut() {
        finding.baseline = standing_of(finding, &entries, today).map(str::to_owned);
    }
    let findings = &*findings;
    entries.iter().filter_map(|entry| stale(entry, findings, catalogue, today)).collect()
}

fn standing_of(finding: &Finding, entries: &[&Entry], today: Date) -> Option<&'static str> {
    let mut covering = entries.iter().filter(|entry| entry.covers(&finding.id)).peekable();
    let covered = covering.peek().is_some();
    let exact = entries.iter().any(|entry| entry.covers(&finding.id) && !entry.is_pattern());
    let matching: Vec<_> = covering.filter(|entry| is_as_expected(entry, finding)).collect();
    if matching.iter().any(|entry| !is_over(entry, today)) {
        return Some(standing::XFAIL);
    }
    if !matching.is_empty() {
        return Some(standing::EXPIRED);
    }
    match finding.verdict {
        Verdict::Fail => Some(standing::NEW_FAIL),
        // A pattern may cover checks that pass.
        Verdict::Pass | Verdict::Weak | Verdict::Note if covered && exact => Some(standing::XPASS),
        _ => None,
    }
}

fn is_as_expected(entry: &Entry, finding: &Finding) -> bool {
    entry.outcome == finding.verdict && finding.actual.starts_with(&entry.message)
}

fn is_over(entry: &Entry, today: Date) -> bool {
    entry.expires.is_some_and(|last| last < today)
}

/// Why an entry is out of date.
fn stale(
    entry: &Entry,
    findings: &[Finding],
    catalogue: &[&'static Check],
    today: Date,
) -> Option<String> {
    let name = &entry.check;
    if !catalogue.iter().any(|check| entry.covers(check.id)) {
        return Some(format!("{name}: there is no such check"));
    }
    if is_over(entry, today) {
        let last = entry.expires.map(|last| last.to_string()).unwrap_or_default();
        return Some(format!("{name}: it was to be mended by {last}"));
    }
    let covered: Vec<_> = findings.iter().filter(|finding| entry.covers(&finding.id)).collect();
    // What was not run, or could not be seen, says nothing of the entry.
    let seen = |finding: &&&Finding| {
        !matches!(
            finding.verdict,
            Verdict::Inconclusive
                | Verdict::NotApplicable
                | Verdict::Unsupported
                | Verdict::KitError
        )
    };
    let as_expected = covered.iter().any(|finding| is_as_expected(entry, finding));
    let first = covered.iter().find(seen)?;
    if as_expected {
        return None;
    }
    let outcome = entry.outcome.as_str();
    Some(if covered.iter().any(|finding| finding.verdict == entry.outcome) {
        format!("{name}: {outcome} as expected, but not with {:?}: {}", entry.message, first.actual)
    } else {
        format!("{name}: expected {outcome}, and is {}; take the entry out", first.verdict.as_str())
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::check::{Level, catalogue};

    fn finding(id: &str, verdict: Verdict, actual: &str) -> Finding {
        Finding {
            id: id.to_owned(),
            verdict,
            actual: actual.to_owned(),
            level: Level::Must,
            ..Finding::empty()
        }
    }

    /// The standing of each finding, and what is stale.
    fn compared(
        toml: &str,
        findings: &[(&str, Verdict, &str)],
    ) -> (Vec<Option<String>>, Vec<String>) {
        let baseline: Baseline = toml::from_str(toml).unwrap();
        let mut findings: Vec<_> =
            findings.iter().map(|(id, verdict, actual)| finding(id, *verdict, actual)).collect();
        let facts = Facts { profile: "glimesh".to_owned(), clock: "real".to_owned() };
        let stale = compare(&baseline, &mut findings, &catalogue(), &facts, date(2026, 11, 25));
        (findings.into_iter().map(|finding| finding.baseline).collect(), stale)
    }

    const KNOWN: &str =
        "[[expect]]\ncheck = \"HB001\"\noutcome = \"fail\"\nmessage = \"no heartbeat in \"\n";

    #[track_caller]
    fn check(toml: &str, verdict: Verdict, actual: &str, standing: Option<&str>, stale: usize) {
        let (standings, complaints) = compared(toml, &[("HB001", verdict, actual)]);
        assert_eq!(standings, [standing.map(str::to_owned)]);
        assert_eq!(complaints.len(), stale, "{complaints:?}");
    }

    #[test]
    fn it_bites_both_ways() {
        check(KNOWN, Verdict::Fail, "no heartbeat in 40 s", Some("xfail"), 0);
        check(KNOWN, Verdict::Pass, "first after 25 s", Some("xpass"), 1);
        check(KNOWN, Verdict::Weak, "first after 30 s", Some("xpass"), 1);
        check(KNOWN, Verdict::Fail, "first after 40 s", Some("new-fail"), 1);
        check(KNOWN, Verdict::Inconclusive, "never opened", None, 0);
        check("", Verdict::Fail, "no heartbeat in 40 s", Some("new-fail"), 0);
        check("", Verdict::Pass, "", None, 0);
    }

    #[test]
    fn an_entry_holds_until_its_last_day() {
        let until = |day: &str| format!("{KNOWN}expires = \"{day}\"\n");
        let actual = "no heartbeat in 40 s";
        check(&until("2026-11-25"), Verdict::Fail, actual, Some("xfail"), 0);
        check(&until("2026-11-24"), Verdict::Fail, actual, Some("expired"), 1);
    }

    #[test]
    fn an_entry_whose_condition_does_not_hold_is_as_if_it_were_not_there() {
        let when = format!("{KNOWN}when = 'clock == \"accel\"'\n");
        check(&when, Verdict::Fail, "no heartbeat in 40 s", Some("new-fail"), 0);
        check(&when, Verdict::Pass, "", None, 0);
    }

    #[test]
    fn a_pattern_is_stale_only_if_none_of_its_checks_fails() {
        let pattern = KNOWN.replace("HB001", "HB*");
        let seen = [("HB001", Verdict::Fail, "no heartbeat in 1 s"), ("HB004", Verdict::Pass, "")];
        assert_eq!(compared(&pattern, &seen), (vec![Some("xfail".to_owned()), None], vec![]));
        assert_eq!(compared(&pattern, &seen[1..]).1.len(), 1);
        let unknown = KNOWN.replace("HB001", "HB999");
        assert_eq!(compared(&unknown, &[]).1, ["HB999: there is no such check"]);
    }
}
