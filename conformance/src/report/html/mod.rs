//! The report as one HTML file: nothing from elsewhere, readable on a phone, by keyboard and by a screen reader.
//!
//! Everything is in the markup; the script only draws the timelines from it.

mod checks;
mod circumstances;
mod diagnosis;
mod finding;
mod heartbeat;
mod index;
mod moment;
mod session;

use data_encoding::BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html as markup};
use sha2::{Digest, Sha256};

pub(super) use checks::sign;

use super::page::visible;
use super::{Evidence, FinishedRun, summary};
use crate::exit::Exit;
use crate::printed::Printed;
use crate::results::{Results, Verdict};

const STYLE: &str = include_str!("style.css");

const SCRIPT: &str = include_str!("timeline.js");

/// Nothing but our own style and script may be loaded or run, whatever a client has sent.
fn policy() -> String {
    let [style, script] = [STYLE, SCRIPT].map(|text| BASE64.encode(&Sha256::digest(text)));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; \
         form-action 'none'"
    )
}

/// Draws the report of a run, and beside the frames what its clients printed.
pub fn html(run: &FinishedRun<'_>, printed: &Printed) -> String {
    let evidence = Evidence::of(run);
    let troubles: Vec<_> = summary::troubles(evidence.findings).collect();
    let sentence = visible(&summary::sentence(run));
    markup! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{sentence} – Glimesh chat conformance")))
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    p.kit { "Glimesh chat conformance" }
                    h1 class={ "sentence " (mood(run.results)) } { (sentence) }
                    @if !run.results.client.command.is_empty() {
                        p.client { @for word in &run.results.client.command { code { (visible(word)) } " " } }
                    }
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
                            (index::of_troubles(&troubles))
                            @for finding in &troubles { (finding::block(evidence, finding)) }
                        }
                    }
                    (checks::section(evidence))
                    section aria-labelledby="sessions" {
                        h2 #sessions { "Sessions" }
                        (index::of_sessions(evidence))
                        @for one in evidence.sessions {
                            (session::section(run, one, printed.get(one.name()).map_or(&[], Vec::as_slice)))
                        }
                    }
                    (circumstances::section(run.results))
                }
                script { (PreEscaped(SCRIPT)) }
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

/// The head of a page of ours.
pub(super) fn head(title: &str) -> Markup {
    markup! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta http-equiv="Content-Security-Policy" content=(policy());
            title { (title) }
            style { (PreEscaped(STYLE)) }
        }
    }
}

fn badge(verdict: Verdict) -> Markup {
    markup! { span class={ "badge " (verdict.as_str()) } { (verdict.as_str()) } }
}
