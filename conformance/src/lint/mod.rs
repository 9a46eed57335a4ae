//! Lint: frames in any form in which people have them, to diagnostics, by the same rules as the server and the checks.
//!
//! An [`Input`] is read and told apart, its events go through the core's diagnostics, the schemas and the sequence
//! rules, and a [`Report`] comes out that is written for people or machines.

pub mod args;

mod event;
mod finding;

mod input;

mod credential;
mod document;
mod escaped;
mod sequence;

pub mod catalogue;
pub mod lesson;

mod linter;

mod fix;
pub(crate) mod human;
mod machine;
mod place;
pub(crate) mod window;

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tempfile::NamedTempFile;

pub use event::Origin;
pub use finding::{Finding, Subject, SubjectKind};
pub use fix::{Fixed, fix};
pub use human::human;
pub use input::{Input, InputError, InputKind, MOST_BYTES};
pub use linter::{Counts, MOST_FAULTS, MOST_FINDINGS, Options, Report, lint};
pub use machine::{FORMAT, json, sarif};
pub use place::Places;

use args::{LintArgs, LintFormat};

use crate::exit::Exit;

/// The command `lint`.
///
/// # Errors
///
/// The input cannot be read, is not what it should be, or cannot be written anew.
pub fn run(args: &LintArgs) -> Result<Exit> {
    let file = args.file.as_deref().filter(|path| path.as_os_str() != "-");
    let mut input = match file {
        Some(path) => open(path, args)?,
        None if args.file.is_none() && io::stdin().is_terminal() => {
            bail!("no FILE, and nothing is piped in; see `glimesh-conformance lint --help`")
        }
        None => Input::read("<stdin>".to_owned(), io::stdin().lock(), args.input)?,
    };
    let options = args.options();
    if args.fix {
        let Some(Fixed { bytes, mended }) = fix(&input, &options) else {
            bail!("--fix writes frames and URLs anew, and this is a {}", input.kind.name());
        };
        match file {
            Some(path) if mended > 0 => {
                replace(path, &bytes)?;
                let places = if mended == 1 { "1 place" } else { &format!("{mended} places") };
                anstream::eprintln!("{places} mended in {}", path.display());
            }
            Some(path) => anstream::eprintln!("nothing to mend for certain in {}", path.display()),
            None => io::stdout().write_all(&bytes)?,
        }
        input.bytes = bytes;
    }
    let report = lint(&input, &options)?;
    let places = Places::new(&input);
    // Standard output is taken by the mended text.
    let aside = args.fix && file.is_none();
    match (args.format, aside) {
        (LintFormat::Human, false) => human(&report, &places, anstream::stdout().lock())?,
        (LintFormat::Human, true) => human(&report, &places, anstream::stderr().lock())?,
        (LintFormat::Json, false) => json(&report, &places, io::stdout().lock())?,
        (LintFormat::Json, true) => json(&report, &places, io::stderr().lock())?,
        (LintFormat::Sarif, false) => sarif(&report, &places, io::stdout().lock())?,
        (LintFormat::Sarif, true) => sarif(&report, &places, io::stderr().lock())?,
    }
    Ok(if report.is_clean() { Exit::Passed } else { Exit::Failed })
}

fn open(path: &Path, args: &LintArgs) -> Result<Input> {
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
    Ok(Input::read(name, file, args.input)?)
}

/// Writes beside the file and renames, so that a full disk leaves the old one.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let real: PathBuf = path.canonicalize().with_context(cannot)?;
    let folder = real.parent().unwrap_or_else(|| Path::new("."));
    let mut file = NamedTempFile::new_in(folder).with_context(cannot)?;
    file.write_all(bytes).with_context(cannot)?;
    let permissions = real.metadata().with_context(cannot)?.permissions();
    file.as_file().set_permissions(permissions).with_context(cannot)?;
    file.persist(&real).with_context(cannot)?;
    Ok(())
}
