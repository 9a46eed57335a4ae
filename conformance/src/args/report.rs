//! The command line of `report`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Format, MergeArgs};

/// What `report` can do.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Make one report of the shards of a run: the same as if it had been one run.
    Merge(MergeArgs),
    /// Shows what there is.
    #[command(flatten)]
    Show(ShowCommand),
}

/// What `report` can show of runs.
#[derive(Debug, Subcommand)]
pub enum ShowCommand {
    /// Draw the HTML report of a run anew, or that of a single transcript, for instance of the proxy.
    Html {
        /// The run's report folder, its results.json, or a transcript.
        run: PathBuf,
        /// Where it goes.
        #[command(flatten)]
        output: Output,
    },
    /// Write transcripts as a HAR file, which the DevTools of a browser open: Network, Import HAR file.
    Har {
        /// A run's report folder, or a single transcript.
        run: PathBuf,
        /// Where it goes.
        #[command(flatten)]
        output: Output,
    },
    /// Tell which verdicts are not the same in two runs; the exit code is 1 if one is worse in the second.
    Diff {
        /// The first run's report folder, or its results.json.
        before: PathBuf,
        /// The second one's.
        after: PathBuf,
        /// What to write.
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
    },
    /// Show many clients side by side: a row for each check, a column for each run.
    Matrix {
        /// Report folders or results.json files; NAME=PATH gives the column another name than the folder's.
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<String>,
        /// What to write.
        #[arg(long, value_enum, default_value_t = MatrixFormat::Markdown)]
        format: MatrixFormat,
        /// Where it goes.
        #[command(flatten)]
        output: Output,
    },
}

/// Where a report goes.
#[derive(Clone, Debug, Args)]
pub struct Output {
    /// The file to write; standard output if absent.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The forms of `report matrix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MatrixFormat {
    /// A table in Markdown.
    Markdown,
    /// An HTML file.
    Html,
}
