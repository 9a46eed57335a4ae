//! Reporters: they tell people and machines what a run found. Nothing here judges.
//!
//! What a client sent is hostile until shown otherwise: every text passes `page::visible` or maud's escaping
//! on its way out.

mod page;

mod frames;
mod summary;

mod progress;

mod failure;
mod human;

mod explain;
mod list;
mod live;
mod matrix;

mod badge;
mod folder;
mod github;
mod har;
mod html;
mod json;
mod junit;
mod sarif;
mod tap;

mod clients;
mod diff;

mod stored;

mod command;

use crate::check::Check;
use crate::results::{Finding, Results};
use crate::session::Session;

pub use badge::{badge_json, badge_svg};
pub use clients::{Column, clients_html, clients_markdown};
pub use command::command;
pub use diff::{Change, Direction, diff, diff_human, diff_json};
pub use explain::{examples, explain, explain_code, similar};
pub use folder::Folder;
pub use github::{github, job_summary};
pub use har::har;
pub use html::html;
pub use human::{Detail, findings, human};
pub use json::{findings_json, json};
pub use junit::junit;
pub use list::{list, list_json};
pub use matrix::{matrix, self_check_row};
pub use progress::Progress;
pub use sarif::sarif;
pub use stored::Stored;
pub use tap::tap;

pub(crate) use frames::wire_line;

/// A run that has ended, with its evidence.
#[derive(Clone, Copy, Debug)]
pub struct FinishedRun<'a> {
    /// What it found.
    pub results: &'a Results,
    /// The evidence.
    pub sessions: &'a [Session],
    /// The checks.
    pub checks: &'a [&'static Check],
}

/// Findings with what is needed to show them.
#[derive(Clone, Copy)]
struct Evidence<'a> {
    findings: &'a [Finding],
    sessions: &'a [Session],
    checks: &'a [&'static Check],
}

impl<'a> Evidence<'a> {
    fn of(run: &FinishedRun<'a>) -> Self {
        Self { findings: &run.results.checks, sessions: run.sessions, checks: run.checks }
    }

    /// The session that a finding was seen in.
    fn session_of(&self, finding: &Finding) -> Option<&'a Session> {
        let name = finding.session.as_deref()?;
        self.sessions.iter().find(|session| session.name() == name)
    }

    /// The check that a finding belongs to.
    fn check_of(&self, finding: &Finding) -> Option<&'static Check> {
        self.checks.iter().copied().find(|check| check.id == finding.id)
    }

    /// How many of the client's seconds fit into a real one where a finding was seen.
    fn rate_of(&self, finding: &Finding) -> u32 {
        self.session_of(finding).map_or(1, |session| session.clock.rate())
    }
}

/// Findings by the area of their checks, in the order of the catalogue.
type Areas<'a> = Vec<(&'a str, Vec<&'a Finding>)>;

fn by_area(findings: &[Finding]) -> Areas<'_> {
    let mut areas: Areas<'_> = Vec::new();
    for finding in findings {
        let area = finding.slug.split('/').next().unwrap_or_default();
        match areas.iter_mut().find(|(name, _)| *name == area) {
            Some((_, findings)) => findings.push(finding),
            None => areas.push((area, vec![finding])),
        }
    }
    areas
}
