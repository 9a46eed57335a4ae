//! One session in the HTML report: how it ended, its timeline, and its frames in two lanes.

use std::collections::HashMap;
use std::time::Duration;

use glimesh_mock::transcript::What;
use glimesh_proto::diagnostic::Diagnostic;
use maud::{Markup, html as markup};

use super::moment::{self, Moment};
use super::{badge, diagnosis, heartbeat};
use crate::printed::PrintedLine;
use crate::report::page::{count, length, visible};
use crate::report::{FinishedRun, summary};
use crate::results::{Finding, Results, SessionResult, Verdict};
use crate::session::Session;

/// How many entries of a session are drawn; a browser should open the file on a phone, too.
const MAX_ENTRIES: usize = 20_000;

/// How many of them are kept for the session's end.
const LAST: usize = 1_000;

/// How many entries around a finding are drawn, however far back it lies.
const AROUND: usize = 3;

/// How many lines that the client printed are drawn.
const MAX_PRINTED: usize = 2_000;

/// How many moments make a part of the list; a browser lays out only the parts that are on the screen.
const PART: usize = 100;

/// Draws a session.
pub(super) fn section(run: &FinishedRun<'_>, session: &Session, printed: &[PrintedLine]) -> Markup {
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
    let troubled = summary::troubles(run.results.checks.as_slice())
        .any(|finding| finding.session.as_deref() == Some(name));
    markup! {
        section.session aria-labelledby={ "session-" (name) } {
            h3 id={ "session-" (name) } { (visible(name)) }
            @if let Some(result) = result { (ending(session, result)) }
            @if !findings.is_empty() {
                p { "Seen here: " @for finding in &findings { (link(finding)) " " } }
            }
            details open[troubled] {
                summary {
                    "What crossed the wire: " (count(session.transcript.entries.len(), "record"))
                    @if !printed.is_empty() { ", and " (count(printed.len(), "line")) " that the client printed" }
                }
                (timeline(session))
                (frames(run.results, session, &findings, printed))
            }
        }
    }
}

/// The timeline's frame; the script draws it from the list below.
fn timeline(session: &Session) -> Markup {
    const HINT: &str = "Point at a frame to see it here; click to keep it. With the keyboard: arrow keys, Home and End \
                        move, + and − zoom, Enter goes to the frame in the list.";
    let name = session.name();
    let rate = session.clock.beat_rate();
    markup! {
        div.timeline hidden data-session=(name) data-end=(session.ended_at().as_millis())
            data-deadlines=(heartbeat::deadlines(session)) data-connections=(heartbeat::connections(session)) {
            div.tools {
                p.key {
                    span.left { "left until the heartbeat is due" } " "
                    span.good { "↻ connected again" } " " span.bad { "✕ dropped" } " "
                    span.bad { "▮ at fault" }
                    @if rate > 1 { " " span { "time is real: 1 s is " (rate) " s of the client's heartbeats" } }
                }
                div {
                    button type="button" data-zoom="0.5" aria-label="Zoom out" { "−" }
                    button type="button" data-zoom="0" { "All" }
                    button type="button" data-zoom="2" aria-label="Zoom in" { "+" }
                }
            }
            div.scroller tabindex="0" role="slider" aria-label={ "Timeline of " (name) }
                aria-valuemin="1" aria-valuemax="1" aria-valuenow="1"
                aria-valuetext=(HINT) {
                canvas aria-hidden="true" {}
                div.sizer {}
            }
            div.panel data-hint=(HINT) { (HINT) }
        }
    }
}

fn frames(
    results: &Results,
    session: &Session,
    findings: &[&Finding],
    printed: &[PrintedLine],
) -> Markup {
    let name = session.name();
    let entries = &session.transcript.entries;
    let drawn = drawn(entries.len(), results, name);
    let result = results.sessions.iter().find(|result| result.id == name);
    let diagnoses: HashMap<usize, Vec<Diagnostic>> = diagnosis::of(session);
    let remarks = heartbeat::remarks(session);
    let moments = moments(session, &drawn, printed);
    let is_long = moments.len() > PART;
    markup! {
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
        div id={ "frames-" (name) } {
            @for (nth, part) in moments.chunks(PART).enumerate() {
                ol.lanes.part[is_long] aria-label={ "What happened in " (name) ", part " (nth + 1) } {
                    @for one in part {
                        @match *one {
                            Item::Gap(left_out) => li.gap { (left_out) " left out" },
                            Item::Printed(nth) => (moment::printed(name, nth, &printed[nth])),
                            Item::Entry(index) => (Moment {
                                index,
                                entry: &entries[index],
                                name: Some(name),
                                findings: &here(findings, index),
                                diagnostics: diagnoses.get(&index).map_or(&[], Vec::as_slice),
                                remark: remarks.get(&index).map(String::as_str),
                            }.draw()),
                        }
                    }
                }
            }
        }
    }
}

fn here<'a>(findings: &[&'a Finding], index: usize) -> Vec<&'a Finding> {
    findings.iter().copied().filter(|finding| finding.frame == Some(index)).collect()
}

/// One item of the list.
#[derive(Clone, Copy)]
enum Item {
    /// So many entries are not drawn here.
    Gap(usize),
    /// The entry at an index.
    Entry(usize),
    /// The nth line that the client printed.
    Printed(usize),
}

/// Entries and printed lines by time, with the gaps between the drawn entries.
fn moments(session: &Session, drawn: &[usize], printed: &[PrintedLine]) -> Vec<Item> {
    let mut items = Vec::with_capacity(drawn.len());
    let mut lines = printed.iter().take(MAX_PRINTED).enumerate().peekable();
    let mut next = 0;
    for &index in drawn {
        let at = session.entry(index).at.as_millis();
        while let Some((nth, _)) = lines.next_if(|(_, line)| line.at_ms < at) {
            items.push(Item::Printed(nth));
        }
        if index > next {
            items.push(Item::Gap(index - next));
        }
        items.push(Item::Entry(index));
        next = index + 1;
    }
    items.extend(lines.map(|(nth, _)| Item::Printed(nth)));
    items
}

/// A link to a finding.
pub(super) fn link(finding: &Finding) -> Markup {
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
                    @if !["not-started", "unknown"].contains(&&*result.process) {
                        ", " a href={ "output/" (name) ".stdout" } { "stdout" }
                        ", " a href={ "output/" (name) ".stderr" } { "stderr" }
                    }
                }
            }
        }
    }
}

/// The indices of the entries that are drawn: the beginning, the end, and what findings point at.
fn drawn(entries: usize, results: &Results, session: &str) -> Vec<usize> {
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
