//! The command line of `driver`.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Format, parse_duration, parse_pair};

/// What to do with an adapter.
#[derive(Debug, Subcommand)]
pub enum DriverCommand {
    /// Speak every op with an adapter, and explain what it does wrong.
    Check(DriverCheckArgs),
}

/// Options of `driver check`.
#[derive(Debug, Args)]
pub struct DriverCheckArgs {
    /// The adapter's program and its arguments, after `--`. Placeholders are filled in as for `run`; no URL is added.
    #[arg(last = true, required = true, value_name = "CMD")]
    pub client: Vec<String>,
    /// Speak TLS: the adapter is told wss URLs, and the authority to trust in `ca_file`.
    #[arg(long)]
    pub tls: bool,
    /// How long a reply or an event may take.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    pub deadline: Duration,
    /// How long the adapter may take to end after `bye`; then it is killed, with all that it has started.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = parse_duration)]
    pub grace: Duration,
    /// Also set this in the adapter's environment; placeholders are filled in.
    #[arg(long = "env", value_name = "K=V", value_parser = parse_pair)]
    pub env: Vec<(String, String)>,
    /// What to write: for people on standard error, or JSON on standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}
