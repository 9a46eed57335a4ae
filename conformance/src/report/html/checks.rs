//! The checks: a matrix by area and level, then what was seen by each.

use maud::{Markup, html as markup};

use super::badge;
use super::finding::{actual, binding, title};
use crate::check::Level;
use crate::report::{Areas, Evidence, by_area, summary};
use crate::results::{Finding, Verdict};

const LEVELS: [Level; 4] = [Level::Must, Level::Should, Level::May, Level::Note];

/// The matrix of all checks, and a table for each area.
pub(super) fn section(evidence: Evidence<'_>) -> Markup {
    let areas = by_area(evidence.findings);
    markup! {
        section aria-labelledby="checks" {
            h2 #checks { "Checks" }
            (matrix(&areas))
            @for (area, findings) in &areas {
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

/// A row for each area, a column for each level that occurs; each check leads to what is said of it.
fn matrix(areas: &Areas<'_>) -> Markup {
    let has = |level: &Level| areas.iter().any(|(_, all)| all.iter().any(|f| f.level == *level));
    let levels: Vec<_> = LEVELS.into_iter().filter(has).collect();
    markup! {
        table.matrix.levels {
            caption { "By area and level" }
            thead { tr {
                th scope="col" { "Area" }
                @for &level in &levels { th scope="col" { (summary::level(level)) } }
            } }
            tbody { @for (area, findings) in areas {
                tr {
                    th scope="row" { (area) }
                    @for &level in &levels {
                        td data-level=(summary::level(level)) {
                            @for finding in findings.iter().filter(|f| f.level == level) { (cell(finding)) " " }
                        }
                    }
                }
            } }
        }
    }
}

/// A check's id with the sign of its verdict, leading to what is said of it.
pub(super) fn cell(finding: &Finding) -> Markup {
    let in_full = summary::troubles(std::slice::from_ref(finding)).next().is_some();
    let kind = if in_full { "finding" } else { "check" };
    let verdict = finding.verdict.as_str();
    markup! {
        a class={ "cell " (verdict) } href={ "#" (kind) "-" (finding.id) }
            title={ (finding.slug) ": " (verdict) } {
            span aria-hidden="true" { (sign(finding.verdict)) } " " (finding.id)
            span.unseen { " " (verdict) }
        }
    }
}

/// Verdicts can be told apart without colour.
pub(in crate::report) const fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Weak => "!",
        Verdict::Fail | Verdict::KitError => "✗",
        Verdict::Note => "i",
        Verdict::Inconclusive => "?",
        Verdict::Unsupported | Verdict::NotApplicable => "–",
    }
}
