//! SARIF 2.1.0, as code scanners read it: a rule for each check, a result for each finding.
//!
//! Only the parts that are written are declared here. Source: OASIS, SARIF Version 2.1.0, sections 3.13 to 3.49.

use std::io::{self, Write};

use serde::Serialize;

use super::page::visible;
use super::{Evidence, FinishedRun, summary};
use crate::check::{Check, Level};
use crate::results::{Finding, Verdict};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes a run as SARIF 2.1.0, as one line. Locations are lines of the transcripts within the report folder.
///
/// # Errors
///
/// Those of the writer.
pub fn sarif(run: &FinishedRun<'_>, mut out: impl Write) -> io::Result<()> {
    let evidence = Evidence::of(run);
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "glimesh-conformance",
                    version: &run.results.kit,
                    rules: evidence.checks.iter().map(|check| Rule::new(check)).collect(),
                },
            },
            invocations: [Invocation {
                execution_successful: !run.results.interrupted,
                exit_code: run.results.exit_code,
            }],
            results: evidence.findings.iter().map(|one| result(evidence, one)).collect(),
        }],
    };
    serde_json::to_writer(&mut out, &log)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
struct Run<'a> {
    tool: Tool<'a>,
    invocations: [Invocation; 1],
    results: Vec<SarifResult>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'static str,
    version: &'a str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    name: &'static str,
    short_description: Text,
    full_description: Text,
    help: Text,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    kind: &'static str,
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
}

impl Rule {
    fn new(check: &Check) -> Self {
        let text = |text: &str| Text { text: text.to_owned() };
        Self {
            id: check.id,
            name: check.slug,
            short_description: text(check.title),
            full_description: text(check.requirement),
            help: Text { text: format!("{} {}", check.why, check.mend) },
            default_configuration: Configuration {
                level: match check.level {
                    Level::Must => "error",
                    Level::Should => "warning",
                    Level::May | Level::Note => "note",
                },
            },
        }
    }
}

fn result(evidence: Evidence<'_>, finding: &Finding) -> SarifResult {
    // A level other than `none` belongs to the kind `fail` only.
    let (kind, level) = match finding.verdict {
        Verdict::Fail | Verdict::KitError => ("fail", "error"),
        Verdict::Weak => ("fail", "warning"),
        Verdict::Pass => ("pass", "none"),
        Verdict::Note => ("informational", "none"),
        Verdict::Inconclusive => ("open", "none"),
        Verdict::Unsupported | Verdict::NotApplicable => ("notApplicable", "none"),
    };
    let mut text = visible(&finding.actual);
    if let Some(timing) = summary::timing(finding, evidence.rate_of(finding)) {
        text.push_str(&format!(" ({timing})"));
    }
    if text.is_empty() {
        finding.verdict.as_str().clone_into(&mut text);
    }
    let rule_id = finding.id.clone();
    SarifResult { rule_id, kind, level, message: Text { text }, locations: location(finding) }
}

/// The line of the transcript: the header is the first.
fn location(finding: &Finding) -> Vec<Location> {
    let (Some(session), Some(frame)) = (&finding.session, finding.frame) else {
        return Vec::new();
    };
    let physical_location = PhysicalLocation {
        artifact_location: ArtifactLocation { uri: format!("transcripts/{session}.jsonl") },
        region: Region { start_line: frame + 2 },
    };
    vec![Location { physical_location }]
}
