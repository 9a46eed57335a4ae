//! The reporters: they tell what the runner found, to people and to machines. Nothing else in the crate prints.

mod folder;
mod frames;
mod html;
mod human;
mod list;
mod matrix;
mod progress;
mod text;

use std::io::{self, Write};

pub use folder::{Folder, FolderError};
pub use html::html;
pub use human::{findings, human};
pub use list::{explain, list, list_json};
pub use matrix::{matrix, self_check_row};
pub use progress::Progress;
use serde::Serialize;

use crate::check::Check;
use crate::results::{Finding, Results};
use crate::session::Session;

/// A run that has ended, with its evidence.
#[derive(Clone, Copy, Debug)]
pub struct FinishedRun<'a> {
    /// What it found.
    pub results: &'a Results,
    /// The evidence.
    pub sessions: &'a [Session],
    /// The checks that were judged.
    pub checks: &'a [&'static Check],
}

/// The results as JSON, on one line.
///
/// # Errors
///
/// Those of the writer.
pub fn json(results: &Results, out: impl Write) -> io::Result<()> {
    write_json(results, out)
}

/// The findings of `judge` as JSON, on one line.
///
/// # Errors
///
/// Those of the writer.
pub fn findings_json(findings: &[Finding], out: impl Write) -> io::Result<()> {
    write_json(findings, out)
}

fn write_json<T: Serialize + ?Sized>(value: &T, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)
}

fn check_of<'a>(checks: &'a [&'static Check], id: &str) -> Option<&'a &'static Check> {
    checks.iter().find(|check| check.id == id)
}

fn session_of<'a>(sessions: &'a [Session], name: Option<&str>) -> Option<&'a Session> {
    sessions.iter().find(|session| Some(session.name()) == name)
}
