//! One run out of its shards: their transcripts, judged together as if they had been one.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use glimesh_mock::transcript::Transcript;

use crate::check::{self, Check};
use crate::finish::{self, Circumstances, Rigour};
use crate::results::{ClockResult, FORMAT, Results, SessionResult};
use crate::session::Session;
use crate::suite;

/// A merged run.
#[derive(Debug)]
pub struct Merged {
    /// What it found.
    pub results: Results,
    /// Its sessions.
    pub sessions: Vec<Session>,
    /// Its checks.
    pub checks: Vec<&'static Check>,
}

/// Merges the runs of these report folders.
///
/// # Errors
///
/// A folder is not a report's, or the runs are not parts of one: of other kits, clients or profiles, or with a session
/// twice.
pub fn merge(folders: &[PathBuf], rigour: &Rigour) -> Result<Merged> {
    let shards = folders.iter().map(|folder| read(folder)).collect::<Result<Vec<_>>>()?;
    let Some(first) = shards.first().map(|(results, _)| results) else {
        bail!("there is nothing to merge");
    };
    for ((other, _), folder) in shards.iter().zip(folders) {
        let same = other.kit == first.kit
            && (&other.suite, &other.document) == (&first.suite, &first.document)
            && other.profile == first.profile
            && other.client == first.client;
        if !same {
            bail!("{} is of another run: kit, suite, profile or client differ", folder.display());
        }
    }
    let ids = |id: &str| shards.iter().any(|(shard, _)| shard.checks.iter().any(|it| it.id == id));
    let checks: Vec<_> = check::catalogue().into_iter().filter(|check| ids(check.id)).collect();
    let circumstances = Circumstances {
        profile: first.profile.clone(),
        settings: first.settings.clone(),
        clock: clock(&shards),
        client: first.client.clone(),
        interrupted: shards.iter().any(|(shard, _)| shard.interrupted),
        elapsed_ms: shards.iter().map(|(shard, _)| shard.elapsed_ms).max().unwrap_or_default(),
    };
    let mut played: Vec<(SessionResult, Session)> = Vec::new();
    for (results, sessions) in shards {
        played.extend(results.sessions.into_iter().zip(sessions));
    }
    // The order of a single run. The looks at one scenario are of one shard, and in their order already.
    played.sort_by_key(|(result, _)| {
        suite::SESSIONS.iter().chain(&suite::DRIVEN).position(|session| *session == result.scenario)
    });
    if let Some(pair) = played.windows(2).find(|pair| pair[0].0.id == pair[1].0.id) {
        bail!("the session {} was run by two shards", pair[0].0.id);
    }
    let (session_results, sessions): (Vec<_>, Vec<_>) = played.into_iter().unzip();
    let results = finish::assemble(circumstances, (&sessions, session_results), &checks, rigour);
    Ok(Merged { results, sessions, checks })
}

/// Copies what the clients printed into the folder of the merged report.
///
/// # Errors
///
/// Those of the file system.
pub fn copy_output(folders: &[PathBuf], report_dir: &Path) -> Result<()> {
    let to = report_dir.join("output");
    fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    for folder in folders {
        for session in Results::read(folder)?.sessions.iter().filter(|it| is_name(&it.id)) {
            for stream in ["stdout", "stderr"] {
                let name = format!("{}.{stream}", session.id);
                let from = folder.join("output").join(&name);
                if from.is_file() {
                    fs::copy(&from, to.join(&name))
                        .with_context(|| format!("cannot copy {}", from.display()))?;
                }
            }
        }
    }
    Ok(())
}

/// The clock of the first shard, with what was confirmed in any.
fn clock(shards: &[(Results, Vec<Session>)]) -> ClockResult {
    let (first, _) = &shards[0];
    let confirmed = shards.iter().flat_map(|(shard, _)| shard.clock.confirmed.clone()).collect();
    ClockResult { confirmed, ..first.clock.clone() }
}

fn read(folder: &Path) -> Result<(Results, Vec<Session>)> {
    let results = Results::read(folder)?;
    let sessions = results.sessions.iter().map(|session| {
        if !is_name(&session.id) {
            bail!("{:?} is no name of a session", session.id);
        }
        let path = folder.join("transcripts").join(format!("{}.jsonl", session.id));
        let cannot = || format!("cannot read {}", path.display());
        let file = File::open(&path).with_context(cannot)?;
        Ok(Session::new(Transcript::read(BufReader::new(file)).with_context(cannot)?))
    });
    let sessions = sessions.collect::<Result<_>>()?;
    Ok((results, sessions))
}

/// Whether a session's id, read from a file, stays within its folder.
fn is_name(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

impl Results {
    /// Reads the results in a report folder.
    ///
    /// # Errors
    ///
    /// There are none, or they are of another format.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("results.json");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let results: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is no results file of this kit", path.display()))?;
        if results.format != FORMAT {
            bail!("{} has format {}, this program reads {FORMAT}", path.display(), results.format);
        }
        Ok(results)
    }
}
