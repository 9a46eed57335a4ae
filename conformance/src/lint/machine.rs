//! Findings for machines: JSON and SARIF.

use std::io::{self, Write};

use glimesh_proto::diagnostic::{Profile, Sender, Severity};
use serde::Serialize;

use super::catalogue;
use super::finding::{Finding, SubjectKind};
use super::human::described;
use super::linter::Report;
use super::place::Places;
use super::window::Window;
use crate::sarif::{
    ArtifactLocation, Kind, Level, Location, Log, LogicalLocation, PhysicalLocation, Region,
    ResultItem, Rule, Text, uri,
};

/// The version of the JSON; fields are added within a version, never changed.
pub const FORMAT: u32 = 1;

/// How much of a text is quoted.
const QUOTED: usize = 160;

#[derive(Serialize)]
struct Whole<'a> {
    format: u32,
    input: InputOut<'a>,
    profile: &'static str,
    messages: u64,
    connections: u64,
    counts: CountsOut,
    findings: Vec<FindingOut<'a>>,
    /// Findings that are only counted.
    untold: u64,
    notes: &'a [String],
}

#[derive(Serialize)]
struct InputOut<'a> {
    name: &'a str,
    kind: &'static str,
}

#[derive(Serialize)]
struct CountsOut {
    errors: u64,
    warnings: u64,
    notes: u64,
}

#[derive(Serialize)]
struct FindingOut<'a> {
    code: &'static str,
    slug: &'static str,
    severity: String,
    message: &'a str,
    help: &'a str,
    server: &'a str,
    /// The server's own words.
    said: Option<&'a str>,
    clause: Option<&'static str>,
    connection: u32,
    /// Counted from 1; of a URL, how many came before it.
    number: u64,
    /// `client`, `server` or `url`.
    from: &'static str,
    at_ms: Option<u64>,
    /// Where in the input, if it stands there as text.
    place: Option<PlaceOut>,
    /// The bytes at fault within `text`'s original.
    span: [usize; 2],
    /// The text around the fault.
    text: String,
    labels: Vec<LabelOut<'a>>,
    fix: Option<&'a str>,
}

#[derive(Serialize)]
struct PlaceOut {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    bytes: [usize; 2],
}

#[derive(Serialize)]
struct LabelOut<'a> {
    span: [usize; 2],
    text: &'a str,
}

/// Writes the findings as one JSON object.
///
/// # Errors
///
/// Those of the writer.
pub fn json(report: &Report, places: &Places<'_>, mut out: impl Write) -> io::Result<()> {
    let findings = report.findings.iter().map(|one| finding(one, report, places)).collect();
    let counts = report.counts;
    let whole = Whole {
        format: FORMAT,
        input: InputOut { name: &report.name, kind: report.kind.name() },
        profile: profile_name(report.profile),
        messages: report.messages,
        connections: report.connections,
        counts: CountsOut { errors: counts.errors, warnings: counts.warnings, notes: counts.notes },
        findings,
        untold: report.untold(),
        notes: &report.notes,
    };
    serde_json::to_writer_pretty(&mut out, &whole)?;
    writeln!(out)
}

fn finding<'a>(finding: &'a Finding, report: &Report, places: &Places<'_>) -> FindingOut<'a> {
    let subject = &finding.subject;
    let from = match subject.kind {
        SubjectKind::Url => "url",
        SubjectKind::Message(Sender::Client) | SubjectKind::Bytes(Sender::Client) => "client",
        SubjectKind::Message(Sender::Server) | SubjectKind::Bytes(Sender::Server) => "server",
    };
    let at = subject.at.zip(report.began).map(|(at, began)| at.saturating_sub(began));
    let place = places.of(subject, &finding.span).map(|bytes| {
        let (line, column) = places.line_and_column(bytes.start);
        let (end_line, end_column) = places.line_and_column(bytes.end);
        PlaceOut { line, column, end_line, end_column, bytes: [bytes.start, bytes.end] }
    });
    FindingOut {
        code: finding.code.id,
        slug: finding.code.slug,
        severity: finding.severity.to_string(),
        message: &finding.message,
        help: &finding.help,
        server: &finding.server,
        said: finding.said.as_deref(),
        clause: finding.code.clause,
        connection: subject.conn,
        number: subject.number,
        from,
        at_ms: at.map(|at| u64::try_from(at.as_millis()).unwrap_or(u64::MAX)),
        place,
        span: [finding.span.start, finding.span.end],
        text: Window::new(&subject.text, &finding.span, QUOTED).text,
        labels: finding
            .labels
            .iter()
            .map(|label| LabelOut { span: [label.span.start, label.span.end], text: &label.text })
            .collect(),
        fix: finding.fix.as_deref(),
    }
}

const fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::Glimesh => "glimesh",
        Profile::Phoenix => "phoenix",
        Profile::Literal => "literal",
    }
}

/// Writes the findings as SARIF 2.1.0.
///
/// # Errors
///
/// Those of the writer.
pub fn sarif(report: &Report, places: &Places<'_>, mut out: impl Write) -> io::Result<()> {
    let mut codes: Vec<_> = report.findings.iter().map(|finding| finding.code).collect();
    codes.sort_by_key(|code| code.id);
    codes.dedup();
    let rule = |code: &&'static glimesh_proto::diagnostic::Code| Rule {
        id: code.id.to_owned(),
        name: code.slug.to_owned(),
        short_description: Text { text: code.title.to_owned() },
        full_description: Text { text: format!("{} {}", code.what, code.why) },
        help: Text {
            text: format!(
                "Wrong: {}\nRight: {}\nThe server {}.",
                code.bad,
                code.good,
                catalogue::server(code)
            ),
        },
        // A code's severity depends on the profile.
        default_configuration: None,
    };
    let results = report.findings.iter().map(|finding| {
        let index = codes.binary_search_by_key(&finding.code.id, |code| code.id);
        result(finding, index.ok(), report, places)
    });
    let log =
        Log::new(env!("CARGO_PKG_VERSION"), codes.iter().map(rule).collect(), results.collect());
    serde_json::to_writer_pretty(&mut out, &log)?;
    writeln!(out)
}

fn result(
    finding: &Finding,
    rule_index: Option<usize>,
    report: &Report,
    places: &Places<'_>,
) -> ResultItem {
    let subject = &finding.subject;
    let mut text = finding.message.clone();
    for (word, more) in [("", finding.help.as_str()), ("the server ", finding.server.as_str())] {
        if !more.is_empty() {
            text.push_str("; ");
            text.push_str(word);
            text.push_str(more);
        }
    }
    let region = places.of(subject, &finding.span).map(|bytes| {
        let (start_line, start_column) = places.line_and_column(bytes.start);
        let (end_line, end_column) = places.line_and_column(bytes.end);
        let snippet = Window::new(&subject.text, &finding.span, QUOTED).text;
        let snippet = Some(Text { text: snippet });
        Region {
            start_line,
            start_column: Some(start_column),
            end_line: Some(end_line),
            end_column: Some(end_column),
            snippet,
        }
    });
    let physical_location =
        PhysicalLocation { artifact_location: ArtifactLocation { uri: uri(&report.name) }, region };
    let logical = LogicalLocation { fully_qualified_name: described(subject, report) };
    ResultItem {
        rule_id: finding.code.id.to_owned(),
        rule_index,
        // The one kind that has a level.
        kind: Kind::Fail,
        level: match finding.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
            Severity::Note => Level::Note,
        },
        message: Text { text },
        locations: vec![Location { physical_location, logical_locations: vec![logical] }],
    }
}
