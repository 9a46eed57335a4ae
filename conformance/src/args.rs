//! The command line, as values.

mod driver;
mod report;
mod working;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use glimesh_mock::recording::Category;
use serde::Deserialize;

use crate::check::Capability;
use crate::clock::CONTRACT_RATE;
use crate::server::Address;
use crate::suite::Suite;

pub use driver::{DriverCheckArgs, DriverCommand};
pub use report::{MatrixFormat, Output, ReportCommand, ShowCommand};
pub use working::{BaselineCommand, MergeArgs, RigourArgs};

/// Tells whether a Glimesh chat client is right, and exactly what is wrong.
#[derive(Debug, Parser)]
#[command(name = "glimesh-conformance", version, about, max_term_width = 80)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a client against the mock server and judge what crosses the wire.
    Run(RunArgs),
    /// List the checks.
    List(ListArgs),
    /// Explain a check or a diagnostic: what it is, why it matters, how to mend a client.
    Explain {
        /// A check's id, such as HB001, or a diagnostic's, such as J020 or single-quotes.
        id: String,
    },
    /// Say what is wrong with frames: in a file, a transcript, a HAR, a capture, a log, or a URL.
    Lint(crate::lint::args::LintArgs),
    /// Judge a transcript that was written before; gives the findings of the run that wrote it.
    Judge(JudgeArgs),
    /// Show what a run has left behind in other forms, or several runs side by side.
    #[command(subcommand)]
    Report(ReportCommand),
    /// Run correct clients, which must pass, and broken ones, which must be caught.
    SelfCheck(SelfCheckArgs),
    /// Work with a baseline: what is known to be wrong with a client.
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Work with adapters, which drive clients as the kit asks them to.
    #[command(subcommand)]
    Driver(DriverCommand),
    /// Play the recordings of the real server against any server and tell how its answers differ.
    Server(ServerArgs),
    /// The bundled client, a program like any other.
    #[command(hide = true)]
    ReferenceClient(crate::reference::Args),
}

/// Options of `run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// The client's program and its arguments, after `--`; the bundled reference client if absent.
    ///
    /// Placeholders are filled in: {url}, {ws_base}, {token}, {channel_id}, {heartbeat_ms} and the rest of the
    /// client's contract in the README; {{url}} is the text {url}. Without any placeholder, here or in --env, the
    /// URL is added as the last argument. The same values stand in the environment as GLIMESH_WS_URL and so on. No
    /// shell is involved.
    #[arg(last = true, value_name = "CMD")]
    pub client: Vec<String>,
    /// Where the report goes.
    #[arg(long, value_name = "DIR", default_value = "conformance-report")]
    pub report_dir: PathBuf,
    /// What to write: for people on standard error, or for machines on standard output.
    ///
    /// `github` writes annotations, and a summary of the job into the file that GITHUB_STEP_SUMMARY names.
    #[arg(long, value_enum, default_value_t = RunFormat::Human)]
    pub format: RunFormat,
    /// How to tell what is going on, on standard error. `auto` is `live` on a terminal, else `plain`.
    ///
    /// `plain` writes a line for each thing that happens and never redraws one: for logs and screen readers.
    #[arg(long, value_enum, value_name = "HOW", default_value_t = ProgressArg::Auto)]
    pub progress: ProgressArg,
    /// Tell nothing while it runs, and afterwards only the verdict in one line.
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Also tell when sessions begin, and afterwards what every check has seen.
    #[arg(short, long)]
    pub verbose: bool,
    /// L0: the client is a program that connects, judged by the wire. L1: it is an adapter that is driven by JSON lines,
    /// and judged by the checks that need it, and only by those.
    ///
    /// Under L1 GCK_LEVEL is L1, GCK_DRIVER stdio, and time is real, unless --clock contract says that the adapter heeds
    /// the option `heartbeat_ms` of `connect`. The protocol is in the README.
    #[arg(long, value_enum, default_value_t = LevelArg::L0, conflicts_with_all = ["attach", "trigger"])]
    pub level: LevelArg,
    /// How the server behaves.
    #[arg(long, value_enum, default_value_t = ProfileName::Glimesh)]
    pub profile: ProfileName,
    /// Speak TLS: {url} is a wss URL, and {ca_file} the authority that the client is to trust.
    ///
    /// The file also stands in GLIMESH_CA_FILE, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS and REQUESTS_CA_BUNDLE.
    #[arg(long)]
    pub tls: bool,
    /// How time is told. `auto` takes `contract` if an argument of the client has {heartbeat_ms}, else `accel` if
    /// that would save time, libfaketime is there and reaches the client's waits, else `real`.
    ///
    /// Under `real` and `accel`, {heartbeat_ms} is 25000.
    #[arg(long, value_enum, default_value_t = ClockArg::Auto)]
    pub clock: ClockArg,
    /// How many of the client's seconds fit into a real one, for the clocks `contract` and `accel`.
    #[arg(long, value_name = "N", default_value_t = CONTRACT_RATE, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rate: u32,
    /// Where libfaketime is, for the clock `accel`; by default where Debian's package `faketime` puts it, or as
    /// GLIMESH_FAKETIME says.
    #[arg(long, value_name = "PATH")]
    pub faketime: Option<PathBuf>,
    /// How many sessions run side by side; they mostly sleep.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// Only these checks: ids separated by commas, `*` for any characters, such as HB*,CN001; or predicates.
    ///
    /// id:HB* clause:GCW-HB-* level:must tag:timing cap:reconnect bug:firezone#4348 time:<5s result:last-failed,
    /// joined by `and`, `or`, `not`, a comma for `or`, and parentheses. Tags are a check's area, the session that it
    /// reads, and `timing`.
    #[arg(short = 'E', long, value_name = "EXPR")]
    pub select: Option<String>,
    /// Play this alone, in place of the suite: a scenario file, or the name of one of `glimesh-mock scenario list`.
    ///
    /// The client is judged by what holds in every session, and by whether it does what the timeline awaits.
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "shard")]
    pub scenario: Option<String>,
    /// Also play what shows only after a while: ten minutes of the client's time, and forty connections that end.
    #[arg(long)]
    pub soak: bool,
    /// The suite of checks, or the suite and the document that it has to be drawn from: NAME or NAME@HASH.
    ///
    /// A kit without it runs nothing. The results name both.
    #[arg(long, value_name = "NAME[@HASH]", default_value = crate::suite::NAME)]
    pub suite: Suite,
    /// What the client is there for: a listener need not come back when its connection is lost; a resident bot must.
    #[arg(long, value_enum, default_value_t = Duty::Resident)]
    pub duty: Duty,
    /// What the client can do, separated by commas; checks that need more do not apply.
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', default_values_t = [CapabilityArg::Subscribe, CapabilityArg::Reconnect])]
    pub capabilities: Vec<CapabilityArg>,
    /// How long the client may take to ask for a connection, from its start; 30s at most.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    pub connect_timeout: Duration,
    /// How long the client may take to end after SIGTERM; then it is killed, with all that it has started.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = parse_duration)]
    pub grace: Duration,
    /// Also set this in the client's environment; placeholders are filled in.
    ///
    /// Of the kit's own environment the client inherits only what programs need: PATH, the language, where tools
    /// and libraries are. HOME and TMPDIR are folders of its own.
    #[arg(long = "env", value_name = "K=V", value_parser = parse_pair)]
    pub env: Vec<(String, String)>,
    /// Try a session whose checks fail again, alone, so many times; a check that passes then is flaky.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10))]
    pub retries: u32,
    /// What counts against the run.
    #[command(flatten)]
    pub rigour: RigourArgs,
    /// Run only the Ith of N parts of the sessions; `report merge` makes one report of all.
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    pub shard: Option<Shard>,
    /// Start nothing: print where the server is, and wait for a client in each session, one after the other.
    #[arg(long, conflicts_with_all = ["client", "trigger"])]
    pub attach: bool,
    /// The command only makes a client connect that runs elsewhere, such as `curl http://localhost:8000/connect?to={url}`:
    /// it is run at the beginning of each session, one after the other, and how it ends says nothing.
    #[arg(long, requires = "client")]
    pub trigger: bool,
    /// A file in TOML with the client's command and options; what is given here has precedence.
    ///
    /// The table `client` has command, env, level, capabilities, grace and connect_timeout, `clock` has mode and rate.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// What to write.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// Options of `judge`.
#[derive(Debug, Args)]
pub struct JudgeArgs {
    /// Transcripts as `run` or `glimesh-mock` wrote them.
    ///
    /// All of a run's give the run's findings; what the client was said to be able to do stands in them.
    #[arg(required = true, value_name = "TRANSCRIPT")]
    pub transcripts: Vec<PathBuf>,
    /// What to write.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// Options of `self-check`.
#[derive(Debug, Args)]
pub struct SelfCheckArgs {
    /// How many clients run side by side.
    #[arg(long, value_name = "N", default_value_t = 36, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
}

/// Options of `server`.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// The server, as ws://HOST:PORT or wss://HOST:PORT; a path is ignored.
    pub url: Address,
    /// The authority to trust with wss, as PEM; else the file in SSL_CERT_FILE.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Only these categories, separated by commas.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub category: Vec<Category>,
    /// Only this record, such as join/normal; may be given several times.
    #[arg(long, value_name = "ID")]
    pub record: Vec<String>,
    /// Also play what changes the server's world, or needs something done inside it.
    ///
    /// The server has to take the orders of the mock's control API, as `glimesh-mock serve --control` does. Its world
    /// is put back before each such record.
    #[arg(long)]
    pub control: bool,
    /// Also play the records that wait for timeouts, in real time: two minutes.
    #[arg(long)]
    pub slow: bool,
    /// In which profile the mock's known differences from the real server are counted apart.
    #[arg(long, value_enum, default_value_t = ProfileName::Glimesh)]
    pub profile: ProfileName,
    /// How many records are played side by side; they mostly wait.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// What to write: for people on standard error, or JSON on standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// For whom a command writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// For machines.
    Json,
}

/// For whom `run` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RunFormat {
    /// For people.
    Human,
    /// The content of results.json.
    Json,
    /// JUnit XML.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
    /// The Test Anything Protocol, version 14.
    Tap,
    /// Annotations of GitHub Actions.
    Github,
}

/// How `run` tells what is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgressArg {
    /// As standard error can take it.
    Auto,
    /// An area that is drawn anew.
    Live,
    /// Lines only.
    Plain,
    /// Nothing.
    None,
}

/// The profiles by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProfileName {
    /// The document's rule of 30 seconds, enforced with a grace of 2 s.
    Glimesh,
    /// As it was deployed: 60 seconds without any byte.
    Phoenix,
    /// The document's frames byte for byte.
    Literal,
}

/// What a client can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
pub enum LevelArg {
    /// Nothing: it is started, and connects.
    #[value(name = "L0", alias = "l0")]
    L0,
    /// What the driver protocol has.
    #[value(name = "L1", alias = "l1")]
    L1,
}

/// The clocks by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockArg {
    /// The fastest one that the client can take.
    Auto,
    /// Every second is a real one.
    Real,
    /// The client runs under libfaketime, if that reaches its waits; failures count only if they are seen again in
    /// real time.
    Accel,
    /// The client takes a short heartbeat interval by {heartbeat_ms}.
    Contract,
}

/// The capabilities by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapabilityArg {
    /// Subscribes to a channel's messages.
    Subscribe,
    /// Connects again when the connection was lost.
    Reconnect,
    /// Speaks TLS, and trusts the authority that it is told; goes without saying with --tls.
    Tls,
}

impl From<CapabilityArg> for Capability {
    fn from(arg: CapabilityArg) -> Self {
        match arg {
            CapabilityArg::Subscribe => Self::Subscribe,
            CapabilityArg::Reconnect => Self::Reconnect,
            CapabilityArg::Tls => Self::Tls,
        }
    }
}

/// What a client is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Duty {
    /// Connects, joins, subscribes, beats and survives.
    Listener,
    /// Also comes back by itself.
    Resident,
}

/// A part of a run's sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, counted from 1.
    pub index: usize,
    /// Of how many.
    pub of: usize,
}

/// What `--deny` can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// SHOULDs that are not kept, and MUSTs that are barely kept.
    Weak,
}

/// What `--flaky` can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnFlaky {
    /// Flaky results are not let pass.
    Fail,
}

/// What `--allow` can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Allow {
    /// Checks that nobody could observe.
    Inconclusive,
}

fn parse_shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((index, of)) if (1..=of).contains(&index) => Ok(Shard { index, of }),
        _ => Err("expected a part such as 1/2".to_owned()),
    }
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// The longest time that an option takes.
const LONGEST: Duration = Duration::from_secs(3_600);

pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let expected = || "expected a time such as 3s or 500ms".to_owned();
    let (number, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).ok_or_else(expected)?);
    let number: u64 = number.parse().map_err(|_| expected())?;
    let time = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        _ => return Err(expected()),
    };
    if time > LONGEST { Err("expected at most 3600s".to_owned()) } else { Ok(time) }
}
