//! A run that was written before, read back from its report folder.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result, bail};
use glimesh_mock::transcript::Transcript;

use super::{FinishedRun, folder};
use crate::check::{self, Check};
use crate::judge;
use crate::printed::Printed;
use crate::results::{FORMAT, Results};
use crate::session::Session;

/// A run from disk.
#[derive(Debug)]
pub struct Stored {
    /// What it found.
    pub results: Results,
    /// The evidence, as far as it is still there.
    pub sessions: Vec<Session>,
    /// What its clients printed.
    pub printed: Printed,
    checks: Vec<&'static Check>,
}

impl Stored {
    /// Reads the results of a run: a report folder, or its `results.json`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is not of this kit, or has another format.
    pub fn results(path: &Path) -> Result<Results> {
        let path = if path.is_dir() { path.join("results.json") } else { path.to_owned() };
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let results: Results = serde_json::from_str(&text)
            .with_context(|| format!("{} is no results file of this kit", path.display()))?;
        if results.format != FORMAT {
            let found = results.format;
            bail!("{} has format {found}, this program reads format {FORMAT}", path.display());
        }
        Ok(results)
    }

    /// Reads a run with its transcripts and what its clients printed.
    ///
    /// # Errors
    ///
    /// As [`results`](Self::results); or a transcript is there, but is none.
    pub fn read(path: &Path) -> Result<Self> {
        let results = Self::results(path)?;
        let folder =
            if path.is_dir() { path } else { path.parent().unwrap_or_else(|| Path::new(".")) };
        let mut sessions = Vec::new();
        for session in results.sessions.iter().filter(|session| folder::is_name(&session.id)) {
            let path = folder.join("transcripts").join(format!("{}.jsonl", session.id));
            if path.exists() {
                sessions.push(transcript(&path)?);
            }
        }
        let printed = folder::printed(folder, &results);
        let checks = check::catalogue().into_iter().chain([&judge::SERVER_FRAMES]).collect();
        Ok(Self { results, sessions, printed, checks })
    }

    /// As the reporters take it.
    pub fn finished(&self) -> FinishedRun<'_> {
        FinishedRun { results: &self.results, sessions: &self.sessions, checks: &self.checks }
    }
}

/// Reads a transcript.
pub(super) fn transcript(path: &Path) -> Result<Session> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let transcript = Transcript::read(BufReader::new(file))
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Session::new(transcript))
}
