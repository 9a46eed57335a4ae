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
mod matrix;

mod folder;
mod html;
mod json;

use crate::check::Check;
use crate::results::{Finding, Results};
use crate::session::Session;

pub use explain::explain;
pub use folder::Folder;
pub use html::html;
pub use human::{findings, human};
pub use json::{findings_json, json};
pub use list::{list, list_json};
pub use matrix::{matrix, self_check_row};
pub use progress::Progress;

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
