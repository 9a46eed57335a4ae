//! What was found with an adapter, for people in rustc's manner, and for machines.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::finding::{Finding, Severity, Shown};
use super::{Examined, FORMAT, Outcome, Step};
use crate::lint::human::without_separator;
use crate::lint::window::{Window, columns, visible, wrapped};

/// How wide a line may be.
const WIDTH: usize = 80;

/// How many lines are named of which the same is to be said.
const MOST_NUMBERS: usize = 20;

const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const DIM: Style = Style::new().dimmed();

/// Tells people all of it.
///
/// # Errors
///
/// Those of the writer.
pub fn human(examined: &Examined, mut out: impl Write) -> io::Result<()> {
    if let Some(client) = &examined.client {
        let who = format!("{} {} ({})", client.name, client.version, client.language);
        writeln!(out, "The adapter of {}", visible(&who))?;
        writeln!(out)?;
    }
    examined.steps.iter().try_for_each(|step| a_step(step, &mut out))?;
    for (index, finding) in examined.findings.iter().enumerate() {
        let (before, after) = (&examined.findings[..index], &examined.findings[index..]);
        if !before.iter().any(|it| says_the_same(it, finding)) {
            let more = after.iter().filter(|it| says_the_same(it, finding)).skip(1);
            let more = more.filter_map(|it| it.line.as_ref()).map(|line| line.number);
            writeln!(out, "\n{}", drawn(finding, &more.collect::<Vec<_>>()))?;
        }
    }
    writeln!(out, "\n{}", summary(examined))
}

fn a_step(step: &Step, out: &mut impl Write) -> io::Result<()> {
    let (style, word, rest) = match &step.outcome {
        Outcome::Right => (GOOD, "ok", String::new()),
        Outcome::Wrong => (BAD, "WRONG", String::new()),
        Outcome::Skipped { why } => (DIM, "skip", format!(": {why}")),
    };
    let text = wrapped(&format!("{}{rest}", step.name), WIDTH - 8);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    writeln!(out, "{style}{word:>6}{style:#}  {first}")?;
    lines.try_for_each(|line| writeln!(out, "        {line}"))
}

fn summary(examined: &Examined) -> String {
    let tried = examined.steps.iter().filter(|it| !matches!(it.outcome, Outcome::Skipped { .. }));
    let skipped = examined.steps.len() - tried.clone().count();
    let errors = examined.count(Severity::Error);
    let warnings = examined.count(Severity::Warning);
    let verdict = match (errors, warnings) {
        (0, 0) => "the adapter is right".to_owned(),
        (0, _) => format!("the adapter is right, with {}", counted(warnings, "warning")),
        (_, 0) => counted(errors, "error"),
        _ => format!("{} and {}", counted(errors, "error"), counted(warnings, "warning")),
    };
    let left = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    format!("{} taken{left}: {verdict}", counted(tried.count(), "step"))
}

fn counted(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

/// Whether two lines break the same rule in the same way: then one of them is shown for both.
fn says_the_same(one: &Finding, other: &Finding) -> bool {
    let of_a_line = |it: &Finding| it.line.is_some() && it.asked.is_none() && it.wire.is_empty();
    of_a_line(one)
        && of_a_line(other)
        && (one.code, &one.message, &one.help) == (other.code, &other.message, &other.help)
}

/// `more` are other lines of which the same is to be said.
fn drawn(finding: &Finding, more: &[usize]) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let number = finding.line.as_ref().map_or(1, |line| line.number);
    let gutter = number.to_string().len() + 3;
    let window = finding.line.as_ref().map(|Shown { text, span, .. }| {
        let window = Window::new(text, span, WIDTH - gutter);
        let marked = window.place(span).unwrap_or(0..0);
        (window.text, marked)
    });
    let title = wrapped(&finding.message, WIDTH - columns(finding.code) - "warning[]: ".len());
    let mut group = Group::with_title(level.primary_title(title).id(finding.code));
    if let Some((text, marked)) = &window {
        let snippet = Snippet::source(text.as_str()).line_start(number).fold(false);
        group = group
            .element(Origin::path("the adapter's standard output").line(number))
            .element(snippet.annotation(AnnotationKind::Primary.span(marked.clone())));
    }
    let room = |name: &str| WIDTH - gutter - name.len() - " = : ".len() + 1;
    let prose = |text: &str, name: &str| wrapped(text, room(name));
    let cut = |lines: &[String], name: &str| {
        let cut = lines.iter().map(|line| Window::new(line, &(0..0), room(name)).text);
        cut.collect::<Vec<_>>().join("\n")
    };
    let asked: Vec<_> = finding.asked.iter().cloned().collect();
    group = note(group, "asked", cut(&asked, "asked"));
    group = note(group, "contract", prose(finding.contract, "contract"));
    group = note(group, "help", prose(&finding.help, "help"));
    if !more.is_empty() {
        let numbers: Vec<_> = more.iter().take(MOST_NUMBERS).map(usize::to_string).collect();
        let etc = if more.len() > MOST_NUMBERS { " …" } else { "" };
        let also = format!("{} more: {}{etc}", more.len(), numbers.join(" "));
        group = note(group, "lines", prose(&also, "lines"));
    }
    group = note(group, "wire", cut(&finding.wire, "wire"));
    group = note(group, "log", cut(&finding.log, "log"));
    without_separator(&Renderer::styled().term_width(WIDTH * 4).render(&[group]))
}

fn note<'a>(group: Group<'a>, name: &'a str, text: String) -> Group<'a> {
    if text.is_empty() {
        return group;
    }
    group.element(Level::NOTE.with_name(Some(name)).message(text))
}

/// Tells machines: `format`, `client`, `steps` and `findings`. Fields are added within a format, never changed.
///
/// # Errors
///
/// Those of the writer.
pub fn json(examined: &Examined, mut out: impl Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        format: u32,
        client: &'a Option<crate::driver::Client>,
        steps: &'a [Step],
        findings: &'a [Finding],
    }
    let Examined { client, steps, findings } = examined;
    let document = Document { format: FORMAT, client, steps, findings };
    serde_json::to_writer_pretty(&mut out, &document)?;
    writeln!(out)
}
