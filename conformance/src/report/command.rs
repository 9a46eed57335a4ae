//! `glimesh-conformance report`: what was written before, in other forms.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Column, Direction, Stored, clients_html, clients_markdown, diff, diff_human};
use super::{diff_json, har, html, stored};
use crate::args::{Format, MatrixFormat, Output, ShowCommand};
use crate::exit::Exit;

/// Does what the command says.
///
/// # Errors
///
/// A file cannot be read or written.
pub fn command(command: &ShowCommand) -> Result<Exit> {
    match command {
        ShowCommand::Html { run, output } => {
            let run =
                if is_of_a_run(run) { Stored::read(run)? } else { Stored::of_transcript(run)? };
            let page = html(&run.finished(), &run.printed);
            write(output, |out| out.write_all(page.as_bytes()))?;
        }
        ShowCommand::Har { run, output } => {
            let sessions = if is_of_a_run(run) {
                Stored::read(run)?.sessions
            } else {
                vec![stored::transcript(run)?]
            };
            write(output, |out| har(&sessions, out))?;
        }
        ShowCommand::Diff { before, after, format } => {
            let changes = diff(&Stored::results(before)?, &Stored::results(after)?);
            match format {
                Format::Human => diff_human(&changes, anstream::stdout())?,
                Format::Json => diff_json(&changes, io::stdout())?,
            }
            if changes.iter().any(|change| change.direction == Direction::Worse) {
                return Ok(Exit::Failed);
            }
        }
        ShowCommand::Matrix { runs, format, output } => {
            let columns = runs.iter().map(|path| column(path)).collect::<Result<Vec<_>>>()?;
            write(output, |out| match format {
                MatrixFormat::Markdown => clients_markdown(&columns, out),
                MatrixFormat::Html => out.write_all(clients_html(&columns).as_bytes()),
            })?;
        }
    }
    Ok(Exit::Passed)
}

/// `NAME=PATH`, or a path whose folder gives the name.
fn column(argument: &str) -> Result<Column> {
    let (name, path) = match argument.split_once('=') {
        Some((name, path)) if !name.is_empty() => (name.to_owned(), PathBuf::from(path)),
        _ => {
            let path = PathBuf::from(argument);
            let folder = if is_json(&path) { path.parent() } else { Some(path.as_path()) };
            let name = folder.and_then(Path::file_name).map(|name| name.to_string_lossy());
            (name.map_or_else(|| argument.to_owned(), String::from), path)
        }
    };
    Ok(Column { name, results: Stored::results(&path)? })
}

/// Whether this is a report folder or its results, and not a transcript.
fn is_of_a_run(path: &Path) -> bool {
    path.is_dir() || is_json(path)
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "json")
}

/// Writes to a file, or to standard output.
fn write(output: &Output, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let Some(path) = &output.output else {
        write(&mut io::stdout().lock())?;
        return Ok(());
    };
    let cannot = || format!("cannot write {}", path.display());
    let mut file = BufWriter::new(File::create(path).with_context(cannot)?);
    write(&mut file).and_then(|()| file.flush()).with_context(cannot)
}
