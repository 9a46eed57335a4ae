//! The report on a terminal: what is wrong, with its evidence; then the score; then where to read on.

use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::check::{Check, Level};
use crate::report::frames::{Line, around, seconds};
use crate::report::text::{WIDTH, visible, window, wrap};
use crate::report::{FinishedRun, check_of, session_of};
use crate::results::{Finding, Results, Tally, Verdict};
use crate::session::Session;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The column in which the texts behind the labels begin.
const LABEL: usize = 13;

/// The whole report of a run.
///
/// # Errors
///
/// Those of the writer.
pub fn human(run: &FinishedRun<'_>, folder: &Path, mut out: impl Write) -> io::Result<()> {
    findings(&run.results.checks, run.sessions, run.checks, &mut out)?;
    let results = run.results;
    writeln!(out)?;
    writeln!(out, "{}\n{}", score(results), circumstances(results))?;
    let style = match results.exit_code {
        0 => Style::new().fg_color(Some(AnsiColor::Green.into())).bold(),
        _ => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
    };
    writeln!(out, "{style}{}{style:#}", sentence(results))?;
    let took = results.elapsed_ms as f64 / 1000.0;
    writeln!(out, "{took:.1} s; the report is {}", folder.join("report.html").display())
}

/// The findings that somebody should look at.
///
/// # Errors
///
/// Those of the writer.
pub fn findings(
    findings: &[Finding],
    sessions: &[Session],
    checks: &[&'static Check],
    mut out: impl Write,
) -> io::Result<()> {
    for wanted in [Verdict::KitError, Verdict::Fail, Verdict::Weak] {
        for finding in findings.iter().filter(|finding| finding.verdict == wanted) {
            block(finding, sessions, check_of(checks, &finding.id).copied(), &mut out)?;
        }
    }
    brief(findings, &mut out)
}

/// What counts for nothing, or could not be seen: a line for each reason.
fn brief(findings: &[Finding], mut out: impl Write) -> io::Result<()> {
    let mut reasons: Vec<(&Finding, Vec<&str>)> = Vec::new();
    for finding in findings {
        if !matches!(finding.verdict, Verdict::Inconclusive | Verdict::Note | Verdict::Unsupported)
        {
            continue;
        }
        let same = |(first, _): &&mut (&Finding, Vec<&str>)| {
            first.actual == finding.actual && first.verdict == finding.verdict
        };
        match reasons.iter_mut().find(same) {
            Some((_, ids)) => ids.push(&finding.id),
            None => reasons.push((finding, vec![&finding.id])),
        }
    }
    if !reasons.is_empty() {
        writeln!(out)?;
    }
    for (first, ids) in reasons {
        let text = format!("{} {}: {}", ids.join(" "), first.verdict.as_str(), first.actual);
        for (index, line) in wrap(&text, WIDTH - 2).iter().enumerate() {
            let indent = if index == 0 { "" } else { "  " };
            writeln!(out, "{DIM}{indent}{line}{DIM:#}")?;
        }
    }
    Ok(())
}

/// What the run says of the client, in one sentence.
pub(super) fn sentence(results: &Results) -> String {
    let count = |verdict: Verdict| results.checks.iter().filter(|f| f.verdict == verdict).count();
    let (failed, weak) = (count(Verdict::Fail), count(Verdict::Weak));
    let sentence = match results.exit_code {
        70 => "The kit itself is at fault; this says nothing about the client.".to_owned(),
        130 => "Interrupted: this report is partial.".to_owned(),
        7 => "The client could not be started, or never connected.".to_owned(),
        4 => "Too few checks came to a verdict.".to_owned(),
        1 if failed == 0 => format!("{weak} weak, which --deny weak counts as failures."),
        1 if failed == 1 => "One MUST is broken.".to_owned(),
        1 => format!("{failed} MUSTs are broken."),
        5 => "No failure, but some checks could not be observed.".to_owned(),
        _ if weak > 0 => format!("The client is right, with {weak} weaknesses.")
            .replace("1 weaknesses", "1 weakness"),
        _ => "The client is right.".to_owned(),
    };
    if results.exit_code != 130 && results.interrupted {
        format!("{sentence} The run was interrupted.")
    } else {
        sentence
    }
}

/// The counts.
pub(super) fn score(results: &Results) -> String {
    let tally = |name, Tally { pass, of }: &Tally| format!("{name} {pass}/{of}");
    [
        tally("MUST", &results.score.must),
        tally("SHOULD", &results.score.should),
        format!("inconclusive {}", results.score.inconclusive),
        format!("not applicable {}", results.score.not_applicable),
    ]
    .join(" · ")
}

/// Under which circumstances they hold.
pub(super) fn circumstances(results: &Results) -> String {
    let clock = match results.clock.mode.as_str() {
        "real" => "real".to_owned(),
        mode => format!("{mode}×{}", results.clock.rate),
    };
    format!("profile {}@{} · clock {clock}", results.profile, results.document)
}

pub(super) const fn level_word(level: Level) -> &'static str {
    match level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::May => "MAY",
        Level::Note => "NOTE",
    }
}

/// The three figures of a timing verdict.
pub(super) fn timing(finding: &Finding) -> Option<String> {
    let seconds = |ms: u64| ms as f64 / 1000.0;
    let (measured, limit) = (seconds(finding.measured_ms?), seconds(finding.limit_ms?));
    let (margin, tolerance) = (limit - measured, seconds(finding.tolerance_ms?));
    Some(format!(
        "measured {measured:.2} s, limit {limit} s, margin {margin:.2} s, tolerance {tolerance} s"
    ))
}

fn block(
    finding: &Finding,
    sessions: &[Session],
    check: Option<&Check>,
    mut out: impl Write,
) -> io::Result<()> {
    let colour = match finding.verdict {
        Verdict::Weak => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    let style = Style::new().fg_color(Some(colour.into())).bold();
    let word = finding.verdict.as_str().to_uppercase();
    let title = check.map_or(finding.slug.as_str(), |check| check.title);
    let clause = finding.clause.as_deref().unwrap_or_default();
    let tail = format!("{} {clause}", level_word(finding.level));
    writeln!(
        out,
        "\n{style}{word}{style:#} {BOLD}{}{BOLD:#} {title} {DIM}({}){DIM:#}",
        finding.id,
        tail.trim_end()
    )?;
    label("Requirement", &finding.requirement, &mut out)?;
    for line in &finding.expected {
        label("Expected", line, &mut out)?;
    }
    let place = match (&finding.session, finding.at_ms) {
        (Some(session), Some(ms)) => format!(" (session {session}, {})", seconds(ms)),
        (Some(session), None) => format!(" (session {session})"),
        _ => String::new(),
    };
    label("Actual", &format!("{}{place}", finding.actual), &mut out)?;
    if let Some(timing) = timing(finding) {
        label("Time", &timing, &mut out)?;
    }
    if let Some(hint) = &finding.hint {
        label("Hint", hint, &mut out)?;
    }
    if let (Some(session), Some(entry)) =
        (session_of(sessions, finding.session.as_deref()), finding.frame)
    {
        for line in around(session, entry) {
            frame(&line, line.entry == entry, finding.span, style, &mut out)?;
        }
    }
    if let Some(check) = check {
        label("Mend", check.mend, &mut out)?;
        label("More", &format!("glimesh-conformance explain {}", check.id), &mut out)?;
    }
    Ok(())
}

fn label(name: &str, text: &str, mut out: impl Write) -> io::Result<()> {
    for (index, line) in wrap(text, WIDTH - LABEL - 2).iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        writeln!(out, "  {DIM}{name:<LABEL$}{DIM:#}{line}")?;
    }
    Ok(())
}

fn frame(
    line: &Line,
    is_it: bool,
    span: Option<(usize, usize)>,
    style: Style,
    mut out: impl Write,
) -> io::Result<()> {
    let head = format!("{:>9} {} ", line.time, line.lane.mark());
    let room = WIDTH - 4 - head.chars().count();
    let part = window(&line.text, span.filter(|_| is_it), room);
    if is_it {
        writeln!(out, "  {style}▸{style:#} {}{}", visible(&head), part.text)?;
    } else {
        writeln!(out, "    {DIM}{}{}{DIM:#}", visible(&head), part.text)?;
    }
    if let Some((column, many)) = part.columns {
        let indent = " ".repeat(4 + head.chars().count() + column);
        writeln!(out, "{indent}{style}{}{style:#}", "^".repeat(many))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use anstream::StripStream;

    use crate::check::testing::{JOIN, OK, SUBSCRIBED, Wire, dropped};
    use crate::check::{Capability, catalogue};
    use crate::judge;

    /// What people read of one session.
    fn told(wire: Wire, ids: &[&str]) -> String {
        let sessions = [wire.session()];
        let all = catalogue().into_iter();
        let checks: Vec<_> = all.filter(|check| ids.contains(&check.id)).collect();
        let findings = judge::judge(&sessions, &checks, &Capability::ALL);
        let mut out = StripStream::new(Vec::new());
        super::findings(&findings, &sessions, &checks, &mut out).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn a_failure_shows_requirement_expected_actual_and_the_frames_around_it() {
        let numbers = r#"["1",2,"__absinthe__:control","doc",{"query":"subscription{ chatMessage(channelId: 6) { message } }"}]"#;
        let wire = Wire::new().open(1.0).client(1.1, JOIN).server(1.2, OK);
        let wire = wire.client(1.3, numbers).server(1.4, SUBSCRIBED);
        insta::assert_snapshot!(told(wire, &["FR005"]), @r#"
    FAIL FR005 refs are strings (MUST GCW-FR-04)
      Requirement  Join ref and ref MUST be JSON strings; a heartbeat's join ref may
                   be null.
      Expected     the ref as a string, such as "1"
      Actual       the ref is a number: 2 (session quiet, 1.300s)
      Hint         put it into quotes: "2"
           1.100s > ["1","1","__absinthe__:control","phx_join",{}]
           1.200s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"st…
      ▸    1.300s > ["1",2,"__absinthe__:control","doc",{"query":"subscription{ ch…
                         ^
           1.400s < ["1","1","__absinthe__:control","phx_reply",{"response":{"subs…
      Mend         Put the counter into quotes: ["1","2",..] rather than [1,2,..];
                   String(ref), str(ref), ref.to_string().
      More         glimesh-conformance explain FR005
    "#);
    }

    #[test]
    fn a_timing_failure_shows_its_figures_and_why_the_client_was_dropped() {
        let wire = Wire::new().open(1.0).subscribed(1.1).entry(33.0, dropped());
        insta::assert_snapshot!(told(wire, &["HB001", "HB005"]), @r#"
    FAIL HB001 sends heartbeats at all (MUST GCW-HB-01)
      Requirement  The client MUST send a heartbeat within 30 seconds of the
                   connection's opening.
      Expected     a heartbeat at most 30 s after the open
      Actual       no heartbeat in 32 s (session quiet, 33.000s)
      Time         measured 32.00 s, limit 30 s, margin -2.00 s, tolerance 2 s
           1.100s > ["1","1","__absinthe__:control","doc",{"query":"subscription{ …
           1.100s < ["1","1","__absinthe__:control","phx_reply",{"response":{"subs…
      ▸   33.000s * dropped: no heartbeat
      Mend         Start a timer when the connection opens and send
                   [null,REF,"phoenix","heartbeat",{}] every 25 seconds; do not wait
                   for the subscription, and do not let other traffic put it off.
      More         glimesh-conformance explain HB001

    HB005 inconclusive: the client sent no heartbeat
    "#);
    }

    #[test]
    fn what_a_client_sends_cannot_write_on_the_terminal() {
        let hostile = "[1,\u{1b}]0;owned\u{7}\u{202e}";
        let told = told(Wire::new().open(1.0).client(1.1, hostile), &["FR002"]);
        assert!(
            told.contains("\\u{1b}") && !told.contains(['\u{1b}', '\u{7}', '\u{202e}']),
            "{told}"
        );
    }
}
