//! A run as SARIF 2.1.0, as code scanners read it: a rule for each check, a result for each finding.

use std::io::{self, Write};

use super::page::visible;
use super::{Evidence, FinishedRun, summary};
use crate::check::{self, Check};
use crate::results::{Finding, Verdict};
use crate::sarif::{
    ArtifactLocation, Configuration, Invocation, Kind, Level, Location, Log, PhysicalLocation,
    Region, ResultItem, Rule, Text, uri,
};

/// Writes a run as SARIF 2.1.0, as one line. Locations are lines of the transcripts within the report folder.
///
/// # Errors
///
/// Those of the writer.
pub fn sarif(run: &FinishedRun<'_>, mut out: impl Write) -> io::Result<()> {
    let evidence = Evidence::of(run);
    let rules = evidence.checks.iter().map(|check| rule(check)).collect();
    let results = evidence.findings.iter().map(|one| result(evidence, one)).collect();
    let log = Log::new(&run.results.kit, rules, results).ended(Invocation {
        execution_successful: !run.results.interrupted,
        exit_code: run.results.exit_code,
    });
    serde_json::to_writer(&mut out, &log)?;
    writeln!(out)
}

fn rule(check: &Check) -> Rule {
    Rule {
        id: check.id.to_owned(),
        name: check.slug.to_owned(),
        short_description: Text::new(check.title),
        full_description: Text::new(check.requirement),
        help: Text::new(format!("{} {}", check.why, check.mend)),
        default_configuration: Some(Configuration {
            level: match check.level {
                check::Level::Must => Level::Error,
                check::Level::Should => Level::Warning,
                check::Level::May | check::Level::Note => Level::Note,
            },
        }),
    }
}

fn result(evidence: Evidence<'_>, finding: &Finding) -> ResultItem {
    let (kind, level) = match finding.verdict {
        Verdict::Fail | Verdict::KitError => (Kind::Fail, Level::Error),
        Verdict::Weak => (Kind::Fail, Level::Warning),
        Verdict::Pass => (Kind::Pass, Level::None),
        Verdict::Note => (Kind::Informational, Level::None),
        Verdict::Inconclusive => (Kind::Open, Level::None),
        Verdict::Unsupported | Verdict::NotApplicable => (Kind::NotApplicable, Level::None),
    };
    let mut text = visible(&finding.actual);
    if let Some(timing) = summary::timing(finding, evidence.rate_of(finding)) {
        text.push_str(&format!(" ({timing})"));
    }
    if text.is_empty() {
        finding.verdict.as_str().clone_into(&mut text);
    }
    ResultItem {
        rule_id: finding.id.clone(),
        rule_index: evidence.checks.iter().position(|check| check.id == finding.id),
        kind,
        level,
        message: Text { text },
        locations: location(finding),
    }
}

/// The line of the transcript: the header is the first.
fn location(finding: &Finding) -> Vec<Location> {
    let (Some(session), Some(frame)) = (&finding.session, finding.frame) else {
        return Vec::new();
    };
    let artifact_location = ArtifactLocation { uri: uri(&format!("transcripts/{session}.jsonl")) };
    let region = Region {
        start_line: frame + 2,
        start_column: None,
        end_line: None,
        end_column: None,
        snippet: None,
    };
    let physical_location = PhysicalLocation { artifact_location, region: Some(region) };
    vec![Location { physical_location, logical_locations: Vec::new() }]
}
