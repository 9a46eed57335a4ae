//! The report as one page: no network, no script, light and dark, for phones, keyboards and screen readers.

use maud::{DOCTYPE, Markup, PreEscaped, html as page};

use crate::check::Check;
use crate::report::frames::{Lane, Line, around, lines};
use crate::report::human::{circumstances, level_word, score, sentence, timing};
use crate::report::text::{visible, window};
use crate::report::{FinishedRun, check_of, session_of};
use crate::results::{Finding, SessionResult, Verdict};
use crate::session::Session;

/// How many lines of a session are shown; the transcript has them all.
const MOST_LINES: usize = 2_000;

/// How much of a frame is shown, in characters.
const LONGEST_FRAME: usize = 600;

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub fn html(run: &FinishedRun<'_>) -> String {
    let results = run.results;
    let command = results.client.command.join(" ");
    let page = page! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Chat conformance: " (sentence(results)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Glimesh chat conformance" }
                    p class=(if results.exit_code == 0 { "verdict good" } else { "verdict bad" }) { (sentence(results)) }
                    p { (score(results)) " · " (circumstances(results)) }
                    dl {
                        dt { "Client" } dd { code { (visible(&command)) } }
                        dt { "Suite" } dd { (results.suite) ", kit " (results.kit) }
                        dt { "Took" } dd { (format!("{:.1} s", results.elapsed_ms as f64 / 1000.0)) ", exit code " (results.exit_code) }
                    }
                    nav { a href="#checks" { "Checks" } " " a href="#sessions" { "Sessions" } }
                }
                main {
                    (troubles(run))
                    (table(run))
                    section id="sessions" {
                        h2 { "Sessions" }
                        @for (session, result) in run.sessions.iter().zip(&results.sessions) {
                            (timeline(session, result, &results.checks))
                        }
                    }
                    details {
                        summary { "Settings of the server" }
                        dl { @for (name, value) in &results.settings { dt { (name) } dd { (value) } } }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn troubles(run: &FinishedRun<'_>) -> Markup {
    let order = [Verdict::KitError, Verdict::Fail, Verdict::Weak];
    let findings: Vec<_> = order
        .iter()
        .flat_map(|wanted| run.results.checks.iter().filter(move |f| f.verdict == *wanted))
        .collect();
    page! {
        @if !findings.is_empty() {
            section id="findings" {
                h2 { "What to mend" }
                @for finding in findings { (trouble(run, finding)) }
            }
        }
    }
}

fn trouble(run: &FinishedRun<'_>, finding: &Finding) -> Markup {
    let check: Option<&Check> = check_of(run.checks, &finding.id).copied();
    let session = session_of(run.sessions, finding.session.as_deref());
    page! {
        article id=(finding.id) class=(finding.verdict.as_str()) {
            h3 {
                (badge(finding.verdict)) " " (finding.id) " "
                (check.map_or(finding.slug.as_str(), |check| check.title))
                " " small { (level_word(finding.level)) " " (finding.clause.as_deref().unwrap_or_default()) }
            }
            dl {
                dt { "Requirement" } dd { (finding.requirement) }
                @for line in &finding.expected { dt { "Expected" } dd { (visible(line)) } }
                dt { "Actual" } dd {
                    (visible(&finding.actual))
                    @if let (Some(session), Some(frame)) = (&finding.session, finding.frame) {
                        " (" a href=(format!("#{session}-{frame}")) { "session " (session) } ")"
                    }
                }
                @if let Some(timing) = timing(finding) { dt { "Time" } dd { (timing) } }
                @if let Some(hint) = &finding.hint { dt { "Hint" } dd { (visible(hint)) } }
                @if let Some(check) = check { dt { "Mend" } dd { (check.mend) } }
            }
            @if let (Some(session), Some(entry)) = (session, finding.frame) {
                ol class="frames" {
                    @for line in around(session, entry) {
                        (row(&line, None, finding.span.filter(|_| line.entry == entry)))
                    }
                }
            }
        }
    }
}

fn table(run: &FinishedRun<'_>) -> Markup {
    page! {
        section id="checks" {
            h2 { "Checks" }
            table {
                caption { "Every check of this run, with its verdict" }
                thead { tr { th scope="col" { "Check" } th scope="col" { "Level" } th scope="col" { "Verdict" } th scope="col" { "Seen" } } }
                tbody {
                    @for finding in &run.results.checks {
                        tr {
                            th scope="row" {
                                @if is_trouble(finding) { a href=(format!("#{}", finding.id)) { (finding.id) } } @else { (finding.id) }
                                " " (check_of(run.checks, &finding.id).map_or(finding.slug.as_str(), |check| check.title))
                            }
                            td { (level_word(finding.level)) }
                            td { (badge(finding.verdict)) }
                            td { (visible(&finding.actual)) }
                        }
                    }
                }
            }
        }
    }
}

fn timeline(session: &Session, result: &SessionResult, findings: &[Finding]) -> Markup {
    let all: Vec<Line> = lines(session).collect();
    let left_out = all.len().saturating_sub(MOST_LINES);
    // A finding's frame must be there for its link, wherever it stands.
    let shown = all.iter().enumerate().filter(|(index, line)| {
        *index < MOST_LINES || about(findings, session, line.entry).next().is_some()
    });
    let name = session.name();
    let took = result.ended_ms.saturating_sub(result.started_ms) as f64 / 1000.0;
    page! {
        details id=(format!("session-{name}")) open[all.len() < 60] {
            summary {
                strong { (name) } " " (format!("{took:.1} s")) ", process " (result.process) ", connection " (result.close)
            }
            p { "The whole of it: " a href=(result.transcript) { (result.transcript) } }
            ol class="frames" {
                @for (_, line) in shown {
                    @let finding = about(findings, session, line.entry).next();
                    (row(line, Some((name, finding)), finding.and_then(|finding| finding.span)))
                }
            }
            @if left_out > 0 { p { (left_out) " more lines stand in the transcript." } }
        }
    }
}

/// The findings that point at an entry.
fn about<'a>(
    findings: &'a [Finding],
    session: &'a Session,
    entry: usize,
) -> impl Iterator<Item = &'a Finding> {
    findings.iter().filter(move |finding| {
        is_trouble(finding)
            && finding.frame == Some(entry)
            && finding.session.as_deref() == Some(session.name())
    })
}

/// One line. `place` is the session's name, for the line's own anchor, and the finding that points here.
fn row(
    line: &Line,
    place: Option<(&str, Option<&Finding>)>,
    span: Option<(usize, usize)>,
) -> Markup {
    let (lane, who) = match line.lane {
        Lane::Client => ("client", "client"),
        Lane::Server => ("server", "server"),
        Lane::Beside => ("beside", "note"),
    };
    let anchor = place.map(|(session, _)| format!("{session}-{}", line.entry));
    let finding = place.and_then(|(_, finding)| finding);
    let part = window(&line.text, span, LONGEST_FRAME);
    let marked = part.columns.map(|(column, many)| {
        let at = |n: usize| part.text.char_indices().nth(n).map_or(part.text.len(), |(at, _)| at);
        let (from, to) = (at(column), at(column + many));
        (&part.text[..from], &part.text[from..to], &part.text[to..])
    });
    page! {
        li class=(lane) id=[anchor] {
            time { (line.time) } " "
            span class="who" { (who) @if let Some(conn) = line.conn { " " (conn) } } " "
            code {
                @match marked {
                    Some((before, marked, after)) => { (before) mark { (marked) } (after) }
                    None => (part.text)
                }
            }
            @if let Some(finding) = finding { " " a href=(format!("#{}", finding.id)) { "see " (finding.id) } }
        }
    }
}

fn badge(verdict: Verdict) -> Markup {
    page! { span class=(format!("badge {}", verdict.as_str())) { (verdict.as_str()) } }
}

const fn is_trouble(finding: &Finding) -> bool {
    matches!(finding.verdict, Verdict::KitError | Verdict::Fail | Verdict::Weak)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::testing::{JOIN, Wire, dropped};
    use crate::check::{Capability, catalogue};
    use crate::judge;
    use crate::results::{ClientResult, ClockResult, FORMAT, Results};

    fn page_of(wire: Wire) -> String {
        let sessions = [wire.session()];
        let checks = catalogue();
        let findings = judge::judge(&sessions, &checks, &Capability::ALL);
        let name = sessions[0].name().to_owned();
        let results = Results {
            format: FORMAT,
            kit: "0.1.0".to_owned(),
            suite: "suite".to_owned(),
            document: "00000000".to_owned(),
            profile: "glimesh".to_owned(),
            settings: std::collections::BTreeMap::new(),
            clock: ClockResult { mode: "real".to_owned(), rate: 1, confirmed: Vec::new() },
            client: ClientResult { command: vec!["bot".to_owned()], capabilities: Vec::new() },
            score: judge::score(&findings),
            checks: findings,
            sessions: vec![SessionResult {
                id: name.clone(),
                scenario: name.clone(),
                started_ms: 0,
                ended_ms: 1,
                process: sessions[0].process_word(),
                close: sessions[0].close_word().to_owned(),
                transcript: format!("transcripts/{name}.jsonl"),
            }],
            interrupted: false,
            elapsed_ms: 1,
            exit_code: 1,
        };
        html(&FinishedRun { results: &results, sessions: &sessions, checks: &checks })
    }

    fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
        page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn every_link_within_the_page_leads_somewhere_and_none_leads_out() {
        let page = page_of(Wire::new().open(1.0).client(1.1, "[1,1]").entry(33.0, dropped()));
        let ids = values(&page, " id=\"");
        let links = values(&page, "href=\"");
        assert!(links.contains(&"#FR004") && ids.contains(&"quiet-2"), "{ids:?}");
        for link in links {
            let inside = link.strip_prefix('#').map(|id| ids.contains(&id));
            assert!(inside.unwrap_or_else(|| link.starts_with("transcripts/")), "{link}");
        }
        assert!(
            !page.contains("http://") && !page.contains("https://") && !page.contains("<script")
        );
    }

    #[test]
    fn what_a_client_sends_is_text_and_nothing_else() {
        let page = page_of(Wire::new().open(1.0).client(1.1, "<script>alert(1)</script>\u{202e}"));
        assert!(
            page.contains("script&gt;alert")
                && !page.contains("<script")
                && !page.contains('\u{202e}')
        );
    }

    #[test]
    fn a_long_session_is_cut_and_says_so() {
        let long = (0..MOST_LINES).fold(Wire::new().open(1.0), |wire, _| wire.client(1.1, JOIN));
        let page = page_of(long);
        assert!(
            page.contains("1 more lines stand in the transcript."),
            "the upgrade is a line, too"
        );
    }
}
