//! The report folder: what a run leaves behind on disk.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::report::{FinishedRun, html};
use crate::results::Results;

/// The report folder of one run.
#[derive(Debug)]
pub struct Folder(PathBuf);

/// Why a report cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the report to {path}; choose another place with --report-dir")]
pub struct FolderError {
    /// The file or folder.
    pub path: String,
    /// Why.
    pub source: io::Error,
}

/// What a run writes into its folders, by folder and ending.
const OURS: [(&str, &[&str]); 2] = [("transcripts", &["jsonl"]), ("output", &["stdout", "stderr"])];

impl Folder {
    /// Makes the folder, and removes from it what an earlier run left there, and nothing else.
    ///
    /// # Errors
    ///
    /// [`FolderError`] names the place.
    pub fn create(path: &Path) -> Result<Self, FolderError> {
        fs::create_dir_all(path).map_err(at(path))?;
        if is_a_report(path) {
            for (name, endings) in OURS {
                let folder = path.join(name);
                clear(&folder, endings).map_err(at(&folder))?;
            }
        }
        Ok(Self(path.to_owned()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes `results.json`, `report.html` and the transcripts.
    ///
    /// # Errors
    ///
    /// [`FolderError`] names the file.
    pub fn write(&self, run: &FinishedRun<'_>) -> Result<(), FolderError> {
        let transcripts = self.0.join("transcripts");
        fs::create_dir_all(&transcripts).map_err(at(&transcripts))?;
        for session in run.sessions {
            let path = transcripts.join(format!("{}.jsonl", session.name()));
            write(&path, |out| session.transcript.write(out))?;
        }
        write(&self.0.join("results.json"), |mut out| {
            serde_json::to_writer_pretty(&mut out, run.results)?;
            writeln!(out)
        })?;
        write(&self.0.join("report.html"), |out| out.write_all(html(run).as_bytes()))
    }
}

/// Whether an earlier run wrote its results here; other people's folders are left as they are.
fn is_a_report(path: &Path) -> bool {
    let results = fs::read(path.join("results.json"));
    results.is_ok_and(|text| serde_json::from_slice::<Results>(&text).is_ok())
}

fn clear(folder: &Path, endings: &[&str]) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let ending = path.extension().unwrap_or_default();
        if path.is_file() && endings.iter().any(|ours| ending == *ours) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn write(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), FolderError> {
    let mut out = BufWriter::new(File::create(path).map_err(at(path))?);
    content(&mut out).and_then(|()| out.flush()).map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.display().to_string();
    move |source| FolderError { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_earlier_run_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("output");
        fs::create_dir(&output).unwrap();
        fs::write(output.join("quiet.stdout"), "mine").unwrap();
        Folder::create(folder.path()).unwrap();
        assert!(output.join("quiet.stdout").exists(), "it is not a report of ours");
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Folder::create(file.path()).unwrap_err();
        assert!(error.to_string().contains(&file.path().display().to_string()), "{error}");
    }
}
