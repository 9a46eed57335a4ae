//! JUnit XML, as test runners in CI read it: a suite for each area, a case for each check.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::page;
use super::{Evidence, FinishedRun, failure, frames, summary};
use crate::results::{Finding, Verdict};

/// Writes a run as JUnit XML. A weakness passes and says so in the case's output; what nobody could see is skipped.
///
/// # Errors
///
/// Those of the writer.
pub fn junit(run: &FinishedRun<'_>, mut out: impl Write) -> io::Result<()> {
    let evidence = Evidence::of(run);
    let mut report = Report::new("glimesh-conformance");
    report.set_time(Duration::from_millis(run.results.elapsed_ms));
    for (area, findings) in super::by_area(evidence.findings) {
        let mut suite = TestSuite::new(area);
        suite.add_property(Property::new("profile", visible(&run.results.profile)));
        suite.add_property(Property::new("document", visible(&run.results.document)));
        for finding in findings {
            suite.add_test_case(case(evidence, finding)?);
        }
        report.add_test_suite(suite);
    }
    let xml = report.to_string().map_err(io::Error::other)?;
    out.write_all(without_root_skipped(&xml).as_bytes())
}

/// Without the root's count of skipped cases, which the schema of Jenkins' xUnit plugin refuses there; each suite has
/// its own.
///
/// Source: jenkinsci/xunit-plugin, `types/model/xsd/junit-10.xsd`.
fn without_root_skipped(xml: &str) -> String {
    let root = xml.find("<testsuites").unwrap_or_default();
    let end = xml[root..].find('>').map_or(xml.len(), |end| root + end);
    let Some(start) = xml[root..end].find(" skipped=\"").map(|start| root + start) else {
        return xml.to_owned();
    };
    let value = start + " skipped=\"".len();
    let after = xml[value..end].find('"').map_or(end, |close| value + close + 1);
    format!("{}{}", &xml[..start], &xml[after..])
}

fn case(evidence: Evidence<'_>, finding: &Finding) -> io::Result<TestCase> {
    let actual = visible(&format!("{}{}", finding.actual, failure::place(finding)));
    let kind = match finding.verdict {
        Verdict::Fail => Some(NonSuccessKind::Failure),
        Verdict::KitError => Some(NonSuccessKind::Error),
        Verdict::Pass | Verdict::Weak | Verdict::Note => None,
        Verdict::Inconclusive | Verdict::Unsupported | Verdict::NotApplicable => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("{}: {actual}", finding.verdict.as_str()));
            return Ok(named(evidence, finding, status));
        }
    };
    let Some(kind) = kind else {
        let mut case = named(evidence, finding, TestCaseStatus::success());
        if finding.verdict != Verdict::Pass {
            case.set_system_out(format!("{}: {actual}", finding.verdict.as_str()));
        }
        return Ok(case);
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(actual).set_type(summary::level(finding.level));
    status.set_description(description(evidence, finding)?);
    Ok(named(evidence, finding, status))
}

fn named(evidence: Evidence<'_>, finding: &Finding, status: TestCaseStatus) -> TestCase {
    let title = evidence.check_of(finding).map_or(finding.slug.as_str(), |check| check.title);
    let mut case = TestCase::new(visible(&format!("{} {title}", finding.id)), status);
    case.set_classname(visible(&finding.slug.replace('/', ".")));
    case
}

/// Everything that a person needs, as plain text: requirement, what was expected, the frames, how to mend it.
fn description(evidence: Evidence<'_>, finding: &Finding) -> io::Result<String> {
    let mut text = Vec::new();
    writeln!(text, "{}", visible(&finding.requirement))?;
    for line in &finding.expected {
        writeln!(text, "expected: {}", visible(line))?;
    }
    writeln!(text, "actual: {}", visible(&finding.actual))?;
    if let Some(timing) = summary::timing(finding, evidence.rate_of(finding)) {
        writeln!(text, "timing: {timing}")?;
    }
    if let Some(session) = evidence.session_of(finding) {
        frames::write(anstream::StripStream::new(&mut text), session, finding)?;
    }
    if let Some(check) = evidence.check_of(finding) {
        writeln!(text, "mend: {}", check.mend)?;
    }
    Ok(characters(&String::from_utf8_lossy(&text)))
}

/// A text on one line.
fn visible(text: &str) -> String {
    characters(&page::visible(text))
}

/// Without the two characters that XML 1.0 cannot hold although they are no control characters. Source: XML 1.0,
/// section 2.2.
fn characters(text: &str) -> String {
    text.replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}
