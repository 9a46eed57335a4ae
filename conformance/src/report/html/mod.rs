//! The report as one HTML file: no script, nothing from elsewhere, readable on a phone and by a screen reader.

mod session;

use std::time::Duration;

use maud::{DOCTYPE, Markup, PreEscaped, html as markup};

use super::page::{count, length, visible};
use super::{Evidence, FinishedRun, failure, frames, summary};
use crate::check::Check;
use crate::exit::Exit;
use crate::results::{Finding, Results, Verdict};

const STYLE: &str = include_str!("style.css");

/// Nothing may be loaded or run, whatever a client has sent.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Draws the report of a run.
pub fn html(run: &FinishedRun<'_>) -> String {
    let evidence = Evidence::of(run);
    let troubles: Vec<_> = summary::troubles(evidence.findings).collect();
    let sentence = visible(&summary::sentence(run));
    markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (sentence) " – Glimesh chat conformance" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    p.kit { "Glimesh chat conformance" }
                    h1 class={ "sentence " (mood(run.results)) } { (sentence) }
                    ul.score aria-label="Score" {
                        @for part in summary::score(run.results) { li { (visible(&part)) } }
                    }
                    nav aria-label="Sections" {
                        @if !troubles.is_empty() { a href="#findings" { "What is wrong" } }
                        a href="#checks" { "Checks" }
                        a href="#sessions" { "Sessions" }
                        a href="#run" { "The run" }
                    }
                }
                main #main {
                    @if !troubles.is_empty() {
                        section aria-labelledby="findings" {
                            h2 #findings { "What is wrong" }
                            @for finding in troubles { (block(evidence, finding)) }
                        }
                    }
                    (checks(evidence))
                    section aria-labelledby="sessions" {
                        h2 #sessions { "Sessions" }
                        @for one in evidence.sessions { (session::section(run, one)) }
                    }
                    (circumstances(run.results))
                }
            }
        }
    }
    .into_string()
}

/// How the headline looks.
fn mood(results: &Results) -> &'static str {
    match results.exit_code {
        code if code == Exit::Passed.code() => "good",
        code if code == Exit::Inconclusive.code() => "unsure",
        _ => "bad",
    }
}

/// One finding in full.
fn block(evidence: Evidence<'_>, finding: &Finding) -> Markup {
    let check = evidence.check_of(finding);
    markup! {
        article id={ "finding-" (finding.id) } aria-labelledby={ "title-" (finding.id) } {
            h3 id={ "title-" (finding.id) } {
                (badge(finding.verdict)) " " code { (finding.id) } " " (title(check, finding))
            }
            p.binding { (binding(check, finding)) }
            dl {
                dt { "Requirement" } dd { (visible(&finding.requirement)) }
                @if !finding.expected.is_empty() {
                    dt { "Expected" }
                    @for line in &finding.expected { dd { (visible(line)) } }
                }
                dt { "Actual" } dd { (actual(evidence, finding)) }
                @if let Some(timing) = summary::timing(finding, evidence.rate_of(finding)) { dt { "Timing" } dd { (timing) } }
                @if let Some(hint) = &finding.hint { dt { "Hint" } dd { (visible(hint)) } }
                @if let Some(check) = check {
                    dt { "Mend" } dd { (check.mend) }
                    dt { "Why" } dd { (check.why) }
                }
            }
            @if let Some(session) = evidence.session_of(finding) {
                @let around = frames::around(session, finding);
                @if !around.is_empty() {
                    ol.lanes aria-label={ "The frames around " (finding.id) } {
                        @for index in around {
                            (session::line(session.entry(index), None, &[finding], index))
                        }
                    }
                }
            }
        }
    }
}

/// What was seen, with a way to the frame that shows it.
fn actual(evidence: Evidence<'_>, finding: &Finding) -> Markup {
    let anchor = match (evidence.session_of(finding), finding.frame) {
        (Some(session), Some(frame)) if frame < session.transcript.entries.len() => {
            failure::anchor(finding)
        }
        _ => None,
    };
    let place = failure::place(finding);
    markup! {
        (visible(&finding.actual))
        @match anchor {
            Some(anchor) => { " " a href={ "#" (anchor) } { (place.trim()) } }
            None => { (place) }
        }
    }
}

/// The table of checks, one for each area.
fn checks(evidence: Evidence<'_>) -> Markup {
    let mut areas: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in evidence.findings {
        let area = finding.slug.split('/').next().unwrap_or_default();
        match areas.iter_mut().find(|(name, _)| *name == area) {
            Some((_, findings)) => findings.push(finding),
            None => areas.push((area, vec![finding])),
        }
    }
    markup! {
        section aria-labelledby="checks" {
            h2 #checks { "Checks" }
            @for (area, findings) in areas {
                table.checks {
                    caption { (area) }
                    thead { tr {
                        th scope="col" { "Check" } th scope="col" { "Verdict" } th scope="col" { "What was seen" }
                    } }
                    tbody { @for finding in findings { (row(evidence, finding)) } }
                }
            }
        }
    }
}

fn row(evidence: Evidence<'_>, finding: &Finding) -> Markup {
    let check = evidence.check_of(finding);
    let in_full = summary::troubles(std::slice::from_ref(finding)).next().is_some();
    markup! {
        tr id={ "check-" (finding.id) } {
            th scope="row" {
                @if in_full {
                    a href={ "#finding-" (finding.id) } { code { (finding.id) } }
                } @else {
                    code { (finding.id) }
                }
                " " (title(check, finding))
                span.binding { (binding(check, finding)) }
            }
            td { (badge(finding.verdict)) }
            td { (actual(evidence, finding)) }
        }
    }
}

fn title<'a>(check: Option<&'static Check>, finding: &'a Finding) -> &'a str {
    check.map_or(&finding.slug, |check| check.title)
}

/// The level and the clauses.
fn binding(check: Option<&'static Check>, finding: &Finding) -> String {
    let clauses = match check {
        Some(check) => check.clauses.join(", "),
        None => finding.clause.clone().unwrap_or_default(),
    };
    format!("{} {clauses}", summary::level(finding.level)).trim_end().to_owned()
}

fn badge(verdict: Verdict) -> Markup {
    markup! { span class={ "badge " (verdict.as_str()) } { (verdict.as_str()) } }
}

/// Under which circumstances the run took place.
fn circumstances(results: &Results) -> Markup {
    let clock = &results.clock;
    let rate = match clock.rate {
        0 | 1 => "every second is a real one".to_owned(),
        rate => format!("{rate} of the client's heartbeat seconds in a real one"),
    };
    let capabilities = serde_json::to_string(&results.client.capabilities).unwrap_or_default();
    let capabilities = capabilities.replace(['[', ']', '"'], "").replace(',', ", ");
    markup! {
        section aria-labelledby="run" {
            h2 #run { "The run" }
            dl {
                dt { "Client" }
                dd { @for word in &results.client.command { code { (visible(word)) } " " } }
                dt { "Capabilities" } dd { (capabilities) }
                dt { "Clock" } dd { (visible(&clock.mode)) ": " (rate) }
                @if !clock.confirmed.is_empty() {
                    dt { "Seen twice" } dd { (visible(&clock.confirmed.join(", "))) }
                }
                dt { "Length" }
                dd {
                    (length(Duration::from_millis(results.elapsed_ms)))
                    " for " (count(results.sessions.len(), "session"))
                }
                dt { "Exit code" } dd { (results.exit_code) }
                dt { "Kit" } dd { (visible(&results.kit)) ", suite " (visible(&results.suite)) }
                dt { "Document" } dd { code { (visible(&results.document)) } }
                dt { "For machines" } dd { a href="results.json" { "results.json" } }
            }
            table {
                caption { "Settings of profile " (visible(&results.profile)) }
                thead { tr { th scope="col" { "Setting" } th scope="col" { "Value" } } }
                tbody {
                    @for (name, value) in &results.settings {
                        tr { th scope="row" { code { (visible(name)) } } td { (visible(value)) } }
                    }
                }
            }
        }
    }
}
