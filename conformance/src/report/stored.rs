//! A run that was written before, read back from its report folder; or a transcript that no run has written.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result, bail};
use glimesh_mock::transcript::Transcript;

use super::{FinishedRun, folder};
use crate::check::{self, Capability, Check};
use crate::printed::Printed;
use crate::results::{ClientResult, ClockResult, FORMAT, Finding, Results, SessionResult};
use crate::session::Session;
use crate::{finish, judge, suite};

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
        let checks = check::catalogue().into_iter().chain(judge::BESIDE_THE_CATALOGUE).collect();
        Ok(Self { results, sessions, printed, checks })
    }

    /// Judges a single transcript, for instance of the proxy, by everything that it shows.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is no transcript.
    pub fn of_transcript(path: &Path) -> Result<Self> {
        let session = transcript(path)?;
        let checks = check::catalogue();
        let capabilities = judge::capabilities(std::slice::from_ref(&session));
        let findings = judge::judge(std::slice::from_ref(&session), &checks, &capabilities);
        let checks: Vec<_> = checks.into_iter().chain(judge::BESIDE_THE_CATALOGUE).collect();
        let results = results_of(path, &session, &capabilities, finish::only_seen(findings));
        Ok(Self { results, sessions: vec![session], printed: Printed::new(), checks })
    }

    /// As the reporters take it.
    pub fn finished(&self) -> FinishedRun<'_> {
        FinishedRun { results: &self.results, sessions: &self.sessions, checks: &self.checks }
    }
}

/// What there is to say of a session that is no part of a run.
fn results_of(
    path: &Path,
    session: &Session,
    capabilities: &[Capability],
    checks: Vec<Finding>,
) -> Results {
    let header = &session.transcript.header;
    let elapsed_ms = session.ended_at().as_millis();
    let result = SessionResult {
        id: header.session.clone(),
        scenario: header.scenario.clone(),
        started_ms: 0,
        ended_ms: elapsed_ms,
        process: session.process_word(),
        close: session.close_word().to_owned(),
        transcript: path.display().to_string(),
    };
    Results {
        format: FORMAT,
        kit: env!("CARGO_PKG_VERSION").to_owned(),
        suite: suite::NONE.to_owned(),
        document: suite::DOCUMENT.to_owned(),
        profile: header.profile.clone(),
        settings: header.settings.clone(),
        clock: ClockResult {
            mode: header.clock.mode.clone(),
            rate: session.clock.beat_rate(),
            why: String::new(),
            confirmed: Vec::new(),
        },
        client: ClientResult { command: Vec::new(), capabilities: capabilities.to_vec() },
        score: judge::score(&checks),
        exit_code: finish::exit_of_transcripts(&checks).code(),
        checks,
        sessions: vec![result],
        baseline: None,
        interrupted: false,
        elapsed_ms,
    }
}

/// Reads a transcript.
pub(super) fn transcript(path: &Path) -> Result<Session> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let transcript = Transcript::read(BufReader::new(file))
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Session::new(transcript))
}
