//! The run in a line of figures and one plain sentence.

use glimesh_mock::transcript::{ProcessEvent, What};

use super::FinishedRun;
use super::page::{BAD, DIM, GOOD, PLAIN, WEAK, count};
use crate::check::Level;
use crate::exit::Exit;
use crate::results::{Finding, Results, Verdict};
use crate::suite;

/// The verdict in one plain sentence.
pub(super) fn sentence(run: &FinishedRun<'_>) -> String {
    let results = run.results;
    let is = |exit: Exit| results.exit_code == exit.code();
    let how_many = |verdict: Verdict| of(&results.checks, verdict).count();
    let (broken, weak, unseen) =
        (how_many(Verdict::Fail), how_many(Verdict::Weak), how_many(Verdict::Inconclusive));
    if is(Exit::Kit) {
        "The kit itself failed; this says nothing about the client.".to_owned()
    } else if results.interrupted && broken == 0 {
        "The run was interrupted; this report is partial and says nothing yet.".to_owned()
    } else if is(Exit::NoClient) {
        no_client(run)
    } else if results.suite == suite::NONE && broken == 0 {
        // Part of a session at most: what it does not show may be wrong all the same.
        let seen = how_many(Verdict::Pass) + weak > 0;
        if seen { "No MUST is seen broken." } else { "Nothing could be judged." }.to_owned()
    } else if broken > 0 {
        let partial = if results.interrupted { " The run was interrupted." } else { "" };
        format!("{}{partial}", broken_musts(broken))
    } else if is(Exit::TooFew) {
        "Too few checks came to a verdict to say anything of the client.".to_owned()
    } else if is(Exit::Failed) {
        format!("No MUST is broken, but {} not allowed here.", are(weak, "weakness"))
    } else if unseen > 0 {
        format!(
            "No MUST is broken, as far as could be seen: {} inconclusive.",
            are(unseen, "check")
        )
    } else if weak > 0 {
        format!("The client is right, with {}.", weaknesses(weak))
    } else {
        "The client is right.".to_owned()
    }
}

/// `3 MUSTs are broken.`
pub(super) fn broken_musts(number: usize) -> String {
    format!("{} broken.", are(number, "MUST"))
}

fn are(number: usize, noun: &str) -> String {
    match (number, noun) {
        (1, _) => format!("1 {noun} is"),
        (_, "weakness") => format!("{} are", weaknesses(number)),
        _ => format!("{} are", count(number, noun)),
    }
}

fn weaknesses(number: usize) -> String {
    if number == 1 { "1 weakness".to_owned() } else { format!("{number} weaknesses") }
}

fn no_client(run: &FinishedRun<'_>) -> String {
    let mut entries = run.sessions.iter().flat_map(|session| &session.transcript.entries);
    let error = entries.find_map(|entry| match &entry.what {
        What::Process { event: ProcessEvent::NotStarted { error } } => Some(error),
        _ => None,
    });
    match error {
        Some(error) => format!("The client could not be started: {error}."),
        None => "The client never connected; its output may say why.".to_owned(),
    }
}

/// The parts of the score line.
pub(super) fn score(results: &Results) -> Vec<String> {
    let score = &results.score;
    let clock = &results.clock;
    let rate = if clock.rate > 1 { format!("×{}", clock.rate) } else { String::new() };
    let confirm = if clock.confirmed.is_empty() { "" } else { "+confirm" };
    vec![
        format!("MUST {}/{}", score.must.pass, score.must.of),
        format!("SHOULD {}/{}", score.should.pass, score.should.of),
        format!("inconclusive {}", score.inconclusive),
        format!("not applicable {}", score.not_applicable),
        format!("profile {}@{}", results.profile, results.document),
        format!("clock {}{rate}{confirm}", clock.mode),
    ]
}

/// The findings of a verdict.
pub(super) fn of(findings: &[Finding], verdict: Verdict) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(move |finding| finding.verdict == verdict)
}

/// The findings that a reader must act on, the worst first.
pub(super) fn troubles(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    let worst_first = [Verdict::KitError, Verdict::Fail, Verdict::Weak];
    worst_first.into_iter().flat_map(|verdict| of(findings, verdict))
}

/// The figures of a timing verdict in the client's seconds, of which `rate` fit into a real one.
pub(super) fn timing(finding: &Finding, rate: u32) -> Option<String> {
    let (measured, limit) = (finding.measured_ms?, finding.limit_ms?);
    let room = i128::from(limit) - i128::from(measured);
    let (word, margin) = if finding.at_least { ("at least", -room) } else { ("limit", room) };
    let tolerance = finding.tolerance_ms.unwrap_or_default();
    let [measured, limit, margin, tolerance] =
        [measured.into(), limit.into(), margin, tolerance.into()].map(seconds);
    let real = if rate > 1 { format!(", {rate} to a real one") } else { String::new() };
    Some(format!(
        "measured {measured}, {word} {limit}, margin {margin}, tolerance {tolerance}; in the client's seconds{real}"
    ))
}

/// Milliseconds as `30.02 s`, with a space at which no line breaks.
fn seconds(ms: i128) -> String {
    let sign = if ms < 0 { "−" } else { "" };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:02}\u{a0}s", ms / 1000, ms % 1000 / 10)
}

/// The word for a level.
pub(super) const fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::May => "MAY",
        Level::Note => "note",
    }
}

/// The colour of a verdict.
pub(super) const fn style(verdict: Verdict) -> anstyle::Style {
    match verdict {
        Verdict::Pass => GOOD,
        Verdict::Weak | Verdict::Inconclusive => WEAK,
        Verdict::Fail | Verdict::KitError => BAD,
        Verdict::Note => PLAIN,
        Verdict::Unsupported | Verdict::NotApplicable => DIM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_what_is_left_to_the_limit_whichever_side_that_is_on() {
        let figures = |at_least| {
            let (measured_ms, limit_ms) = (Some(30_000), Some(29_000));
            let finding = Finding { measured_ms, limit_ms, at_least, ..Finding::empty() };
            timing(&finding, 1).unwrap()
        };
        assert!(figures(false).contains("limit 29.00\u{a0}s, margin −1.00\u{a0}s"));
        assert!(figures(true).contains("at least 29.00\u{a0}s, margin 1.00\u{a0}s"));
    }
}
