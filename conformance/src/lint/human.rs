//! Findings for people, in rustc's manner.

use std::io::{self, Write};
use std::ops::Range;
use std::rc::Rc;

use annotate_snippets::{AnnotationKind, Level, Origin as Place, Renderer, Snippet};
use glimesh_proto::diagnostic::{Sender, Severity};

use super::event::Origin;
use super::finding::{Finding, Subject, SubjectKind};
use super::linter::Report;
use super::place::Places;
use super::window::{Window, columns, visible, wrapped};

/// How wide a line may be.
const WIDTH: usize = 80;

/// What stands to the left of a line of text: its number, a bar and two blanks.
const GUTTER: usize = 3;

/// A mended text up to this length is shown whole, to be copied.
const COPIED: usize = 320;

/// Writes all findings and a summary. `places` tells lines and columns of the input.
///
/// # Errors
///
/// Those of the writer.
pub fn human(report: &Report, places: &Places<'_>, mut out: impl Write) -> io::Result<()> {
    for (index, finding) in report.findings.iter().enumerate() {
        // Once for each text: the mended text is the same for all that is wrong with it.
        let later = report.findings[index + 1..].iter();
        let last_of_subject = !later
            .take_while(|later| Rc::ptr_eq(&later.subject, &finding.subject))
            .any(|later| later.fix.is_some());
        writeln!(out, "{}\n", draw(finding, report, places, last_of_subject))?;
    }
    for note in &report.notes {
        writeln!(out, "note: {}", wrapped(note, WIDTH - 6))?;
    }
    summary(report, out)
}

/// One finding as a person sees it.
fn draw(finding: &Finding, report: &Report, places: &Places<'_>, with_fix: bool) -> String {
    let Finding { code, subject, span, .. } = finding;
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let line = line_of(subject, places, span);
    let gutter = line.to_string().len() + GUTTER;
    let window = Window::new(&subject.text, span, WIDTH - gutter);
    let marked = window.place(span).unwrap_or(0..0);
    let mut snippet = Snippet::source(window.text.as_str()).line_start(line).fold(false);
    snippet = snippet.annotation(AnnotationKind::Primary.span(marked));
    // What does not fit beside its marks stands below, under a number.
    let mut footnotes = Vec::new();
    for label in &finding.labels {
        // What is not in the window cannot be pointed at.
        let Some(place) = window.place(&label.span) else { continue };
        let text = visible(&label.text);
        let shown = match fits(&window.text, &place, &text, gutter) {
            true => Some(text),
            false => {
                footnotes.push(text);
                let mark = format!("({})", footnotes.len());
                fits(&window.text, &place, &mark, gutter).then_some(mark)
            }
        };
        snippet = snippet.annotation(AnnotationKind::Context.span(place).label(shown));
    }
    let title = wrapped(&finding.message, WIDTH - columns(code.id) - "warning[]: ".len());
    let mut group = level
        .primary_title(title)
        .id(code.id)
        .element(place(subject, report, places, span))
        .element(snippet);
    let named = |name: &'static str, text: &str| {
        let text = wrapped(text, WIDTH - gutter - name.len() - 3);
        Level::NOTE.with_name(Some(name)).message(text)
    };
    for (index, text) in footnotes.iter().enumerate() {
        let name = format!("({})", index + 1);
        let text = wrapped(text, WIDTH - gutter - name.len() - 3);
        group = group.element(Level::NOTE.with_name(Some(name)).message(text));
    }
    if !finding.help.is_empty() {
        group = group.element(named("help", &finding.help));
    }
    group = group.element(named("server", &finding.server));
    if let Some(fix) = finding.fix.as_ref().filter(|_| with_fix) {
        let mended = if fix.len() <= COPIED && !fix.contains('\n') {
            visible(fix)
        } else {
            let first = first_difference(&subject.text, fix);
            Window::new(fix, &(first..first), WIDTH - gutter - "mended: ".len() - 3).text
        };
        group = group.element(Level::NOTE.with_name(Some("mended")).message(mended));
    }
    without_separator(&Renderer::styled().term_width(WIDTH * 4).render(&[group]))
}

/// The renderer begins a second source, `:::`, where the place and the window are told apart; a window's own column
/// would be wrong, because its line is cut.
pub(crate) fn without_separator(drawn: &str) -> String {
    let mut lines: Vec<&str> = drawn.lines().collect();
    let separator = lines.iter().position(|line| {
        let plain = anstream::adapter::strip_str(line).to_string();
        plain.trim() == ":::"
    });
    if let Some(at) = separator {
        lines.remove(at);
    }
    lines.join("\n")
}

/// Whether a label fits behind its marks.
fn fits(text: &str, place: &Range<usize>, label: &str, gutter: usize) -> bool {
    gutter + columns(&text[..place.end]) + 2 + columns(label) <= WIDTH
}

fn first_difference(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    (0..=same).rev().find(|&at| b.is_char_boundary(at)).unwrap_or_default()
}

/// The number beside the line: the input's own where a person can look it up there.
fn line_of(subject: &Subject, places: &Places<'_>, span: &Range<usize>) -> usize {
    let window_line = subject.text[..span.start.min(subject.text.len())].matches('\n').count();
    match subject.origin {
        Origin::Plain(offset) if places.are_lines() => {
            places.line_and_column(offset).0 + window_line
        }
        Origin::Escaped(offset) if places.are_lines() => places.line_and_column(offset).0,
        _ => 1 + window_line,
    }
}

fn place(
    subject: &Subject,
    report: &Report,
    places: &Places<'_>,
    span: &Range<usize>,
) -> Place<'static> {
    let name = visible(&report.name);
    if places.are_lines()
        && let Some(at) = places.of(subject, span)
    {
        let (line, column) = places.line_and_column(at.start);
        return Place::path(name).line(line).char_column(column);
    }
    Place::path(format!("{name}: {}", described(subject, report)))
}

/// `connection 1, message 5 from the client, at 12.345 s`
pub(super) fn described(subject: &Subject, report: &Report) -> String {
    let mut text = format!("connection {}, ", subject.conn);
    match subject.kind {
        SubjectKind::Url => text.push_str("the upgrade"),
        SubjectKind::Message(sender) | SubjectKind::Bytes(sender) => {
            let who = if sender == Sender::Client { "client" } else { "server" };
            text.push_str(&format!("message {} from the {who}", subject.number));
        }
    }
    if let Origin::Packet(number) = subject.origin {
        text.push_str(&format!(", packet {number}"));
    }
    if let (Some(at), Some(began)) = (subject.at, report.began) {
        let at = at.saturating_sub(began);
        text.push_str(&format!(", at {}.{:03} s", at.as_secs(), at.subsec_millis()));
    }
    text
}

fn summary(report: &Report, mut out: impl Write) -> io::Result<()> {
    let count = |number: u64, noun: &str| match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    };
    let counts = report.counts;
    let mut found: Vec<String> = Vec::new();
    for (number, noun) in
        [(counts.errors, "error"), (counts.warnings, "warning"), (counts.notes, "note")]
    {
        if number > 0 {
            found.push(count(number, noun));
        }
    }
    let within = if report.messages == 0 {
        count(report.connections, "URL")
    } else {
        count(report.messages, "message")
    };
    if found.is_empty() {
        return writeln!(out, "nothing found in {within} ({})", report.kind.name());
    }
    let untold = report.untold();
    if untold > 0 {
        writeln!(out, "the first {} are shown, {untold} more are not", report.findings.len())?;
    }
    writeln!(out, "{} in {within} ({})", found.join(", "), report.kind.name())?;
    let mut codes: Vec<&str> = report.findings.iter().map(|finding| finding.code.id).collect();
    codes.sort_unstable();
    codes.dedup();
    codes.truncate(6);
    writeln!(
        out,
        "{}",
        wrapped(&format!("more: glimesh-conformance explain {}", codes.join(" | ")), WIDTH)
    )
}
