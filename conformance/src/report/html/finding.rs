//! One finding in full: what is required, what was seen, the frames around it, how to mend it.

use maud::{Markup, html as markup};

use super::badge;
use super::moment::Moment;
use crate::check::Check;
use crate::report::page::visible;
use crate::report::{Evidence, failure, frames, summary};
use crate::results::Finding;

/// One finding in full.
pub(super) fn block(evidence: Evidence<'_>, finding: &Finding) -> Markup {
    let check = evidence.check_of(finding);
    markup! {
        article id={ "finding-" (finding.id) } aria-labelledby={ "title-" (finding.id) } {
            h3 id={ "title-" (finding.id) } {
                (badge(finding.verdict)) " " code { (finding.id) } " " (title(check, finding))
            }
            p.binding { (binding(check, finding)) }
            dl {
                dt { "Requirement" } dd { (visible(&finding.requirement)) }
                @if !finding.expected.is_empty() {
                    dt { "Expected" }
                    @for line in &finding.expected { dd { (visible(line)) } }
                }
                dt { "Actual" } dd { (actual(evidence, finding)) }
                @if let Some(timing) = summary::timing(finding, evidence.rate_of(finding)) { dt { "Timing" } dd { (timing) } }
                @if let Some(hint) = &finding.hint { dt { "Hint" } dd { (visible(hint)) } }
                @if let Some(check) = check {
                    dt { "Mend" } dd { (check.mend) }
                    dt { "Why" } dd { (check.why) }
                }
            }
            @if let Some(session) = evidence.session_of(finding) {
                @let around = frames::around(session, finding);
                @if !around.is_empty() {
                    ol.lanes aria-label={ "The frames around " (finding.id) } {
                        @for index in around {
                            (Moment {
                                index,
                                entry: session.entry(index),
                                name: None,
                                findings: &[finding],
                                diagnostics: &[],
                                remark: None,
                            }.draw())
                        }
                    }
                }
            }
        }
    }
}

/// What was seen, with a way to the frame that shows it.
pub(super) fn actual(evidence: Evidence<'_>, finding: &Finding) -> Markup {
    let anchor = match (evidence.session_of(finding), finding.frame) {
        (Some(session), Some(frame)) if frame < session.transcript.entries.len() => {
            failure::anchor(finding)
        }
        _ => None,
    };
    let place = failure::place(finding);
    markup! {
        (visible(&finding.actual))
        @match anchor {
            Some(anchor) => { " " a href={ "#" (anchor) } { (place.trim()) } }
            None => { (place) }
        }
    }
}

/// The check's title.
pub(super) fn title<'a>(check: Option<&'static Check>, finding: &'a Finding) -> &'a str {
    check.map_or(&finding.slug, |check| check.title)
}

/// The level and the clauses.
pub(super) fn binding(check: Option<&'static Check>, finding: &Finding) -> String {
    let clauses = match check {
        Some(check) => check.clauses.join(", "),
        None => finding.clause.clone().unwrap_or_default(),
    };
    format!("{} {clauses}", summary::level(finding.level)).trim_end().to_owned()
}
