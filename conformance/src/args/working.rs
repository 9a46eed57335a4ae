//! The command line of what works with results: baselines and merging.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Allow, Deny, OnFlaky, RunFormat};

/// What counts against a run.
#[derive(Clone, Debug, Args)]
pub struct RigourArgs {
    /// What is known to be wrong: failures that it expects pass, and what it expects in vain makes it stale, exit
    /// code 3.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Fail, with exit code 4, if fewer checks than this come to a verdict.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub min_executed: usize,
    /// Count weak results as failures.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub deny: Option<Deny>,
    /// Let inconclusive results pass.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub allow: Option<Allow>,
    /// End with exit code 6 if a result is flaky and nothing worse is wrong.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub flaky: Option<OnFlaky>,
}

/// What `baseline` can do.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Write a baseline that expects what a run found failing.
    Write {
        /// The file; one that exists is kept unless --force is given.
        file: PathBuf,
        /// The run's report folder.
        #[arg(long, value_name = "DIR", default_value = "conformance-report")]
        report_dir: PathBuf,
        /// Expect weak results, too.
        #[arg(long)]
        weak: bool,
        /// Replace a file that exists.
        #[arg(long)]
        force: bool,
    },
    /// Go through what is stale in a baseline and what it does not expect, one by one; comments do not survive.
    Review {
        /// The file.
        file: PathBuf,
        /// The run's report folder.
        #[arg(long, value_name = "DIR", default_value = "conformance-report")]
        report_dir: PathBuf,
    },
    /// Tell what is stale in a baseline and what it does not expect; exit code 3 or 1.
    Check {
        /// The file.
        file: PathBuf,
        /// The run's report folder.
        #[arg(long, value_name = "DIR", default_value = "conformance-report")]
        report_dir: PathBuf,
    },
}

/// Options of `report merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The report folders of all shards.
    #[arg(required = true, value_name = "DIR")]
    pub shards: Vec<PathBuf>,
    /// Where the report goes.
    #[arg(long, value_name = "DIR", default_value = "conformance-report")]
    pub report_dir: PathBuf,
    /// What to write: for people on standard error, for machines on standard output.
    #[arg(long, value_enum, default_value_t = RunFormat::Human)]
    pub format: RunFormat,
    /// What counts against the run.
    #[command(flatten)]
    pub rigour: RigourArgs,
}
