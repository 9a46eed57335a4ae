//! The report folder: what the run leaves behind on disk.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{FinishedRun, badge_json, badge_svg, html};
use crate::printed::{self, Printed};
use crate::results::Results;

const RESULTS: &str = "results.json";
const REPORT: &str = "report.html";
const BADGE: &str = "badge.svg";
const BADGE_JSON: &str = "badge.json";
const TRANSCRIPTS: &str = "transcripts";
const OUTPUT: &str = "output";

/// The folder of `--report-dir`, ready for a run.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, or clears it of what a former run left there. Other people's files stay.
    ///
    /// # Errors
    ///
    /// The path is a file, holds results that are not the kit's, or cannot be written to.
    pub fn create(path: &Path) -> Result<Self> {
        if path.exists() && !path.is_dir() {
            bail!("{} is not a folder; name another one with --report-dir", path.display());
        }
        let folder = Self(path.to_owned());
        folder.clear()?;
        // Made now, so that a folder that cannot be written to is known before two minutes have passed.
        for folder in [path.to_owned(), path.join(TRANSCRIPTS)] {
            fs::create_dir_all(&folder).with_context(|| elsewhere("make", &folder))?;
        }
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes the transcripts, the results and the HTML report. The client's output is there already.
    ///
    /// # Errors
    ///
    /// A file cannot be written; the error names it.
    pub fn write(&self, run: &FinishedRun<'_>) -> Result<()> {
        for session in run.sessions {
            let mut lines = Vec::new();
            session.transcript.write(&mut lines).expect("a vector takes everything");
            self.put(Path::new(TRANSCRIPTS).join(format!("{}.jsonl", session.name())), &lines)?;
        }
        let mut results = serde_json::to_vec_pretty(run.results)?;
        results.push(b'\n');
        self.put(RESULTS, &results)?;
        self.put(BADGE, badge_svg(run.results).as_bytes())?;
        self.put(BADGE_JSON, badge_json(run.results).as_bytes())?;
        self.put(REPORT, html(run, &printed(&self.0, run.results)).as_bytes())
    }

    fn put(&self, name: impl AsRef<Path>, content: &[u8]) -> Result<()> {
        let path = self.0.join(name);
        fs::write(&path, content).with_context(|| elsewhere("write", &path))
    }

    /// Removes the files of a former run: those that its results name, and no others.
    fn clear(&self) -> Result<()> {
        let path = self.0.join(RESULTS);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.refuse_foreign_report();
            }
            Err(error) => return Err(error).with_context(|| elsewhere("read", &path)),
        };
        let Ok(former) = serde_json::from_str::<Results>(&text) else {
            bail!("{} is not of this kit; name another folder with --report-dir", path.display());
        };
        let mut names = [RESULTS, REPORT, BADGE, BADGE_JSON].map(PathBuf::from).to_vec();
        for id in former.sessions.iter().map(|session| &session.id).filter(|id| is_name(id)) {
            names.push(Path::new(TRANSCRIPTS).join(format!("{id}.jsonl")));
            for ending in ["stdout", "stderr", "jsonl"] {
                names.push(Path::new(OUTPUT).join(format!("{id}.{ending}")));
            }
        }
        for path in names.into_iter().map(|name| self.0.join(name)) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| elsewhere("remove", &path));
                }
                _ => {}
            }
        }
        for folder in [TRANSCRIPTS, OUTPUT] {
            // A folder that holds anything else stays.
            fs::remove_dir(self.0.join(folder)).ok();
        }
        Ok(())
    }

    /// The report is written last, so one without results beside it is somebody else's.
    fn refuse_foreign_report(&self) -> Result<()> {
        let path = self.0.join(REPORT);
        if path.exists() {
            bail!("{} is not of this kit; name another folder with --report-dir", path.display());
        }
        Ok(())
    }
}

/// What the clients of a run printed, from its folder. What cannot be read is not shown: reports are about the wire.
pub(super) fn printed(folder: &Path, results: &Results) -> Printed {
    let ids = results.sessions.iter().map(|session| &session.id).filter(|id| is_name(id));
    ids.filter_map(|id| {
        let path = folder.join(OUTPUT).join(format!("{id}.jsonl"));
        let file = BufReader::new(File::open(path).ok()?);
        Some((id.clone(), printed::read(file).ok()?))
    })
    .collect()
}

/// Whether a session's id, read from a file, stays within its folder.
pub(super) fn is_name(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn elsewhere(what: &str, path: &Path) -> String {
    format!("cannot {what} {}; mend that, or name another folder with --report-dir", path.display())
}
