//! One session in the HTML report: how it ended, and its frames in two lanes.

use std::time::Duration;

use glimesh_mock::transcript::{Entry, What};
use maud::{Markup, html as markup};

use super::badge;
use crate::report::frames::{self, Excerpt, Lane, Line};
use crate::report::page::{count, length, visible};
use crate::report::{FinishedRun, summary};
use crate::results::{Finding, SessionResult, Verdict};
use crate::session::Session;

/// How many entries of a session are drawn; a browser should open the file on a phone, too.
const MAX_ENTRIES: usize = 2_000;

/// How many of them are kept for the session's end.
const LAST: usize = 100;

/// How many entries around a finding are drawn, however far back it lies.
const AROUND: usize = 3;

/// How much of a long frame is drawn, in characters of usual width.
const MAX_COLUMNS: usize = 800;

/// Draws a session.
pub(super) fn section(run: &FinishedRun<'_>, session: &Session) -> Markup {
    let name = session.name();
    let result = run.results.sessions.iter().find(|result| result.id == name);
    let findings: Vec<_> = run
        .results
        .checks
        .iter()
        .filter(|finding| {
            finding.session.as_deref() == Some(name) && finding.verdict != Verdict::Pass
        })
        .collect();
    let entries = &session.transcript.entries;
    let drawn = drawn(entries.len(), run.results, name);
    let troubled = summary::troubles(run.results.checks.as_slice())
        .any(|finding| finding.session.as_deref() == Some(name));
    markup! {
        section aria-labelledby={ "session-" (name) } {
            h3 id={ "session-" (name) } { (name) }
            @if let Some(result) = result { (ending(session, result)) }
            @if !findings.is_empty() {
                p { "Seen here: " @for finding in &findings { (link(finding)) " " } }
            }
            details open[troubled] {
                summary {
                    "What crossed the wire: " (count(entries.len(), "record"))
                }
                @if drawn.len() < entries.len() {
                    p.gap {
                        (entries.len() - drawn.len()) " of them are left out here; all are in "
                        @match result {
                            Some(result) => a href=(result.transcript) { (result.transcript) },
                            None => "the transcript",
                        }
                        "."
                    }
                }
                p.legend aria-hidden="true" { span { "client" } span { "server" } }
                ol.lanes aria-label={ "Frames of " (name) } {
                    @for (position, &index) in drawn.iter().enumerate() {
                        @let before = position.checked_sub(1).map_or(0, |before| drawn[before] + 1);
                        @if index > before { li.gap { (index - before) " left out" } }
                        @let here: Vec<_> = findings.iter().copied().filter(|f| f.frame == Some(index)).collect();
                        (line(&entries[index], Some(&format!("{name}-{index}")), &here, index))
                    }
                }
            }
        }
    }
}

/// Draws an entry, the bytes at fault marked. With an anchor, it points back at the findings; without, they at it.
pub(super) fn line(
    entry: &Entry,
    anchor: Option<&str>,
    findings: &[&Finding],
    index: usize,
) -> Markup {
    let here = findings.iter().find(|finding| finding.frame == Some(index));
    let span = here.and_then(|finding| frames::span_in(entry, finding));
    let Line { lane, text, bytes } = Line::of(entry);
    let Excerpt { before, fault, after, cut_before, cut_after } =
        Excerpt::new(&text, span, MAX_COLUMNS);
    let cut = cut_before || cut_after;
    let is_frame = matches!(entry.what, What::Text { .. });
    let (class, who) = match lane {
        Lane::Client => ("client", "client"),
        Lane::Server => ("server", "server"),
        Lane::Kit => ("kit", "note"),
    };
    let fault_here = here.is_some_and(|f| matches!(f.verdict, Verdict::Fail | Verdict::Weak));
    markup! {
        li id=[anchor] class={ (class) @if fault_here { " fault" } } {
            span.when {
                @if let Some(conn) = entry.conn { span.conn { "#" (conn) } " " }
                time { (entry.at) } " " span.who { (who) }
            }
            " "
            @if is_frame {
                code {
                    @if cut_before { "…" }
                    (before)
                    @if !fault.is_empty() { mark { (fault) } }
                    (after)
                    @if cut_after { "…" }
                }
            } @else {
                span.event { (before) (fault) (after) @if cut { "…" } }
            }
            @if let (true, Some(bytes)) = (cut, bytes) { span.bytes { (bytes) " bytes" } }
            @if anchor.is_some() { @for finding in findings { " " (link(finding)) } }
        }
    }
}

fn link(finding: &Finding) -> Markup {
    let in_full = summary::troubles(std::slice::from_ref(finding)).next().is_some();
    let kind = if in_full { "finding" } else { "check" };
    markup! {
        a.finding href={ "#" (kind) "-" (finding.id) } { (finding.id) " " (badge(finding.verdict)) }
    }
}

fn ending(session: &Session, result: &SessionResult) -> Markup {
    let took = Duration::from_millis(result.ended_ms.saturating_sub(result.started_ms));
    let stall = session.transcript.entries.iter().filter_map(|entry| match entry.what {
        What::Noise { worst_stall_ms } => Some(worst_stall_ms),
        _ => None,
    });
    let name = session.name();
    markup! {
        dl.ending {
            div { dt { "Process" } dd { (visible(&result.process)) } }
            div { dt { "Last connection" } dd { (visible(&result.close)) } }
            div { dt { "Connections" } dd { (session.connections.len()) } }
            div { dt { "Length" } dd { (length(took)) } }
            @if let Some(stall) = stall.max() {
                div { dt { "Longest stall" } dd { (stall) " ms" } }
            }
            div {
                dt { "Files" }
                dd {
                    a href=(result.transcript) { "transcript" }
                    @if result.process != "not-started" {
                        ", " a href={ "output/" (name) ".stdout" } { "stdout" }
                        ", " a href={ "output/" (name) ".stderr" } { "stderr" }
                    }
                }
            }
        }
    }
}

/// The indices of the entries that are drawn: the beginning, the end, and what findings point at.
fn drawn(entries: usize, results: &crate::results::Results, session: &str) -> Vec<usize> {
    if entries <= MAX_ENTRIES {
        return (0..entries).collect();
    }
    let mut drawn: Vec<_> = (0..MAX_ENTRIES - LAST).chain(entries - LAST..entries).collect();
    let here = results.checks.iter().filter(|finding| finding.session.as_deref() == Some(session));
    for frame in here.filter_map(|finding| finding.frame).filter(|&frame| frame < entries) {
        drawn.extend(frame.saturating_sub(AROUND)..(frame + AROUND + 1).min(entries));
    }
    drawn.sort_unstable();
    drawn.dedup();
    drawn
}
