//! Going through a baseline one by one, with somebody who decides.

use std::io::{self, BufRead, Write};

use jiff::civil::Date;

use super::compare::{Facts, compare, standing};
use super::file::{Baseline, Entry};
use super::write::entry;
use crate::check::Check;
use crate::results::Results;

/// What came of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// The baseline as decided.
    pub baseline: Baseline,
    /// How many entries were taken out.
    pub dropped: usize,
    /// How many were added.
    pub added: usize,
}

/// Asks, for every entry that is stale and for every failure that is not expected, what to do. Questions go to `out`,
/// answers are lines of `answers`; when these end, all that is left stays as it is.
///
/// # Errors
///
/// Those of reading and writing.
pub fn review(
    baseline: &Baseline,
    results: &Results,
    catalogue: &[&'static Check],
    today: Date,
    mut answers: impl BufRead,
    mut out: impl Write,
) -> io::Result<Reviewed> {
    let facts = Facts { profile: results.profile.clone(), clock: results.clock.mode.clone() };
    let mut findings = results.checks.clone();
    let mut reviewed = Reviewed { baseline: Baseline::default(), dropped: 0, added: 0 };
    for entry in &baseline.expect {
        let alone = Baseline { expect: vec![entry.clone()] };
        let stale = compare(&alone, &mut findings.clone(), catalogue, &facts, today);
        let drop = match stale.first() {
            Some(why) => asked(&mut answers, &mut out, &format!("{why}\n  drop it?"))?,
            None => false,
        };
        reviewed.dropped += usize::from(drop);
        if !drop {
            reviewed.baseline.expect.push(entry.clone());
        }
    }
    compare(&reviewed.baseline, &mut findings, catalogue, &facts, today);
    let news = findings.iter().filter(|it| it.baseline.as_deref() == Some(standing::NEW_FAIL));
    let mut added: Vec<Entry> = Vec::new();
    for finding in news {
        let question =
            format!("{} fails: {}\n  expect it from now on?", finding.id, finding.actual);
        if asked(&mut answers, &mut out, &question)? {
            added.push(entry(finding));
        }
    }
    reviewed.added = added.len();
    reviewed.baseline.expect.extend(added);
    Ok(reviewed)
}

fn asked(answers: &mut impl BufRead, out: &mut impl Write, question: &str) -> io::Result<bool> {
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut line = String::new();
    answers.read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::check::catalogue;
    use crate::results::{Finding, Verdict};

    #[test]
    fn each_question_is_asked_and_the_end_of_the_answers_changes_nothing() {
        let finding = |id: &str, verdict| Finding {
            id: id.to_owned(),
            verdict,
            actual: "so it was, 3 times".to_owned(),
            ..Finding::empty()
        };
        let checks = vec![finding("HB001", Verdict::Pass), finding("FR005", Verdict::Fail)];
        let results = Results { checks, ..Results::empty() };
        let stale = entry(&finding("HB001", Verdict::Fail));
        let baseline = Baseline { expect: vec![stale.clone()] };
        let mut asked = Vec::new();
        let mut with = |answers: &str| {
            asked.clear();
            review(
                &baseline,
                &results,
                &catalogue(),
                date(2026, 1, 1),
                answers.as_bytes(),
                &mut asked,
            )
            .unwrap()
        };
        let reviewed = with("y\ny\n");
        let new = Entry { check: "FR005".to_owned(), message: "so it was, ".to_owned(), ..stale };
        assert_eq!(reviewed.baseline.expect, [new]);
        assert_eq!((reviewed.dropped, reviewed.added), (1, 1));
        assert_eq!(with("").baseline, baseline);
        let asked = String::from_utf8(asked).unwrap();
        assert!(asked.contains("drop it?") && asked.contains("FR005 fails"), "{asked}");
    }
}
