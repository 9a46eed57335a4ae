//! Where a reader of a long report begins: one line of what is wrong, and one of the sessions.

use maud::{Markup, html as markup};

use super::checks::{cell, sign};
use crate::report::Evidence;
use crate::report::page::visible;
use crate::results::{Finding, Verdict};

/// From this many on, an overview saves scrolling.
const MANY: usize = 3;

/// What is wrong, each check a link to the whole finding.
pub(super) fn of_troubles(troubles: &[&Finding]) -> Markup {
    markup! {
        @if troubles.len() >= MANY {
            p.index { @for finding in troubles { (cell(finding)) " " } }
        }
    }
}

/// The sessions, each with the worst that was seen in it.
pub(super) fn of_sessions(evidence: Evidence<'_>) -> Markup {
    markup! {
        @if evidence.sessions.len() >= MANY {
            p.index {
                @for name in evidence.sessions.iter().map(|session| session.name()) {
                    (session(name, worst(evidence.findings, name))) " "
                }
            }
        }
    }
}

fn session(name: &str, worst: Option<Verdict>) -> Markup {
    markup! {
        a class={ "cell " (worst.map_or("", Verdict::as_str)) } href={ "#session-" (name) } {
            @if let Some(worst) = worst { span aria-hidden="true" { (sign(worst)) } " " }
            (visible(name))
            @if let Some(worst) = worst { span.unseen { " " (worst.as_str()) } }
        }
    }
}

/// What a reader must know first of a session; `None` if no finding was seen in it.
fn worst(findings: &[Finding], session: &str) -> Option<Verdict> {
    const WORST_FIRST: [Verdict; 6] = [
        Verdict::KitError,
        Verdict::Fail,
        Verdict::Weak,
        Verdict::Inconclusive,
        Verdict::Pass,
        Verdict::Note,
    ];
    let seen = |verdict: &Verdict| {
        let here = |one: &Finding| one.session.as_deref() == Some(session);
        findings.iter().any(|one| here(one) && one.verdict == *verdict)
    };
    WORST_FIRST.into_iter().find(seen)
}
