//! What is to be run: the command line, made sense of.

use std::path::{Path, PathBuf};
use std::time::Duration;

use glimesh_mock::profile::Profile;

use crate::args::{ClockArg, ProfileName, RunArgs};
use crate::check::{self, Capability, Check};
use crate::client::{self, ContractError};
use crate::clock::Clock;
use crate::select::{NoMatch, Selection};
use crate::suite;

/// How long a client may take to ask for a connection unless said.
///
/// Ten seconds are enough for most, but a dozen virtual machines that start at once on two cores take longer.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take to end after SIGTERM unless said.
pub const GRACE: Duration = Duration::from_secs(3);

/// Everything that a run needs to know.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The client's program and arguments, with placeholders.
    pub client: Vec<String>,
    /// More for the client's environment.
    pub env: Vec<(String, String)>,
    /// How the server behaves.
    pub profile: Profile,
    /// Whether the server speaks TLS.
    pub tls: bool,
    /// How time is told.
    pub clock: Clock,
    /// The sessions to run, the longest first.
    pub sessions: Vec<&'static str>,
    /// The checks to judge by.
    pub checks: Vec<&'static Check>,
    /// What the client can do.
    pub capabilities: Vec<Capability>,
    /// How many sessions run side by side.
    pub jobs: usize,
    /// How long the client may take, from its start, to ask for a connection, unless the scenario is stricter.
    pub connect_timeout: Duration,
    /// How long the client may take to end after SIGTERM.
    pub grace: Duration,
    /// The kit's own program, which serves as the client's supervisor.
    pub supervisor: PathBuf,
    /// Where the client's standard output and error go.
    pub output_dir: PathBuf,
    /// The longest that a timeline waits for one thing, where that is shorter than the scenario says.
    ///
    /// The suite's own windows are generous towards slow clients; the self-check knows its clients to be quick.
    pub patience: Option<Duration>,
}

/// Why a command line cannot be turned into a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The selection names what does not exist.
    #[error(transparent)]
    Selection(#[from] NoMatch),
    /// The client's command cannot be filled in.
    #[error("cannot fill in the client's command")]
    Contract(#[from] ContractError),
    /// The contract clock needs a client that can be told its interval.
    #[error(
        "the clock `contract` needs a client that takes its heartbeat interval: put {{heartbeat_ms}} into one of \
         its arguments, or read GCK_HEARTBEAT_MS in it and say --env GCK_CONTRACT=1"
    )]
    NoInterval,
}

impl Plan {
    /// The plan for a command line. `kit` is the kit's own program.
    ///
    /// # Errors
    ///
    /// [`PlanError`] says what to change.
    pub fn new(args: &RunArgs, kit: &Path) -> Result<Self, PlanError> {
        let client = if args.client.is_empty() { bundled(kit, &[]) } else { args.client.clone() };
        client::check(&client, &args.env, args.tls)?;
        let all = check::catalogue();
        let checks = match &args.select {
            Some(text) => Selection::parse(text).of(&all)?,
            None => all,
        };
        Ok(Self {
            clock: clock(args, &client)?,
            client,
            env: args.env.clone(),
            profile: profile(args.profile),
            tls: args.tls,
            sessions: suite::sessions_for(&checks),
            checks,
            capabilities: args.capabilities.iter().copied().map(Capability::from).collect(),
            jobs: usize::from(args.jobs),
            connect_timeout: args.connect_timeout,
            grace: args.grace,
            supervisor: kit.to_owned(),
            output_dir: args.report_dir.join("output"),
            patience: None,
        })
    }

    /// The plan for a client of which nothing else is said: every session in real time, judged by every check.
    pub fn for_client(kit: &Path, client: Vec<String>) -> Self {
        Self {
            client,
            env: Vec::new(),
            profile: Profile::glimesh(),
            tls: false,
            clock: Clock::Real,
            sessions: suite::SESSIONS.to_vec(),
            checks: check::catalogue(),
            capabilities: Capability::ALL.to_vec(),
            jobs: suite::SESSIONS.len(),
            connect_timeout: CONNECT_TIMEOUT,
            grace: GRACE,
            supervisor: kit.to_owned(),
            output_dir: PathBuf::from("conformance-report/output"),
            patience: None,
        }
    }
}

/// The command of the bundled reference client, with further options.
pub fn bundled(kit: &Path, options: &[&str]) -> Vec<String> {
    let program = kit.to_string_lossy().into_owned();
    let fixed = ["reference-client", "--url", "{url}", "--heartbeat-ms", "{heartbeat_ms}"];
    let words = fixed.iter().chain(options).map(|&word| word.to_owned());
    [program].into_iter().chain(words).collect()
}

/// The profile of that name.
pub fn profile(name: ProfileName) -> Profile {
    match name {
        ProfileName::Glimesh => Profile::glimesh(),
        ProfileName::Phoenix => Profile::phoenix(),
        ProfileName::Literal => Profile::literal(),
    }
}

fn clock(args: &RunArgs, command: &[String]) -> Result<Clock, PlanError> {
    let takes_interval = command.iter().any(|word| client::uses(word, "heartbeat_ms"));
    let contract = Clock::Contract { rate: args.rate };
    match args.clock {
        ClockArg::Auto if takes_interval => Ok(contract),
        ClockArg::Auto | ClockArg::Real => Ok(Clock::Real),
        ClockArg::Contract if takes_interval || args.env.iter().any(says_contract) => Ok(contract),
        ClockArg::Contract => Err(PlanError::NoInterval),
    }
}

fn says_contract((key, value): &(String, String)) -> bool {
    key == "GCK_CONTRACT" && value == "1"
}
