//! What is to be run: the command line, made sense of.

use std::path::{Path, PathBuf};
use std::time::Duration;

use glimesh_mock::profile::Profile;
use glimesh_mock::scenario::{Scenario, ScenarioError};

use crate::accel::Chosen;
use crate::args::{ClockArg, Deny, Duty, LevelArg, ProfileName, RunArgs, Shard};
use crate::check::{self, Capability, Check, Scope};
use crate::client::{self, ContractError};
use crate::clock::Clock;
use crate::left_out::LeftOut;
use crate::own;
use crate::results::Results;
use crate::selection::{Context, SelectError, Selection};
use crate::suite;

/// How long a client may take to ask for a connection unless said.
///
/// Ten seconds are enough for most, but a dozen virtual machines that start at once on two cores take longer.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take to end after SIGTERM unless said.
pub const GRACE: Duration = Duration::from_secs(3);

/// How long the bundled client waits for a reply: longer than the suite holds one back, and short enough for a quick
/// run.
const BUNDLED_REPLY_MS: &str = "7000";

/// Everything that a run needs to know.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The client's program and arguments, with placeholders.
    pub client: Vec<String>,
    /// How a client comes to connect.
    pub start: Start,
    /// What the client can be asked.
    pub level: LevelArg,
    /// More for the client's environment.
    pub env: Vec<(String, String)>,
    /// How the server behaves.
    pub profile: Profile,
    /// Whether the server speaks TLS.
    pub tls: bool,
    /// How time is told.
    pub clock: Clock,
    /// Why, in one line.
    pub clock_why: String,
    /// How often a failure is tried again.
    pub retries: u32,
    /// The libfaketime that an accelerated client is put under.
    pub faketime: Option<PathBuf>,
    /// Whether weak results count as failures, so that they are looked at again as these are.
    pub deny_weak: bool,
    /// A scenario of the user's own, which is the only session then.
    pub own: Option<Scenario>,
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

/// How a client comes to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The kit starts it, and watches its process.
    Spawn,
    /// Somebody else starts it, when the kit says so.
    Attach,
    /// It runs elsewhere; the kit runs a command that makes it connect.
    Trigger,
}

/// Why a command line cannot be turned into a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The selection is wrong, or names what does not exist.
    #[error(transparent)]
    Selection(#[from] SelectError),
    /// What is selected cannot be seen in the run that was asked for.
    #[error(transparent)]
    LeftOut(#[from] LeftOut),
    /// The scenario cannot be read, or is wrong.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The scenario has the name of one of the kit's.
    #[error(
        "the kit has a scenario {0:?} of its own, by whose checks yours would be judged: rename the file"
    )]
    NameTaken(String),
    /// A scenario says what the server does, and nobody says what an adapter is asked.
    #[error("--scenario is for clients of level L0: nothing says what an adapter would be asked")]
    NotDriven,
    /// There are more shards than sessions.
    #[error("shard {}/{} would be empty: the selection needs {sessions} sessions", shard.index, shard.of)]
    EmptyShard {
        /// The shard.
        shard: Shard,
        /// How many sessions there are.
        sessions: usize,
    },
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
        let start = match (args.attach, args.trigger) {
            (true, _) => Start::Attach,
            (_, true) => Start::Trigger,
            _ => Start::Spawn,
        };
        let bundles = args.client.is_empty() && start == Start::Spawn;
        let client = match (bundles, args.level) {
            (true, LevelArg::L0) => bundled(kit, &[]),
            (true, LevelArg::L1) => bundled_driven(kit, &[]),
            (false, _) => args.client.clone(),
        };
        if start != Start::Attach {
            client::check(&client, &args.env, args.tls)?;
        }
        let own =
            args.scenario.as_deref().map(|name| own_scenario(name, args.level)).transpose()?;
        let mut checks = checks(args, start)?;
        if let Some(own) = &own {
            checks.retain(|check| match check.scope {
                Scope::Every => true,
                Scope::Of(session) => session == own.name,
            });
            // What the suite's own sessions await is for their checks to judge.
            if !suite::is_of_it(&own.name) {
                checks.push(&own::AWAITED);
            }
        }
        let capabilities = capabilities(args, bundles);
        let can =
            |check: &&Check| check.needs != Some(Capability::Tls) || speaks_tls(&capabilities);
        let applicable: Vec<_> = checks.iter().copied().filter(can).collect();
        let sessions = match &own {
            // One name for as long as the program runs.
            Some(own) => vec![&*own.name.clone().leak()],
            None => suite::sessions_for(&applicable),
        };
        let (sessions, checks) = part(sessions, checks, args.shard)?;
        Ok(Self {
            clock: clock(args, &client, bundles)?,
            clock_why: String::new(),
            retries: args.retries,
            faketime: None,
            deny_weak: args.rigour.deny == Some(Deny::Weak),
            client,
            level: args.level,
            env: args.env.clone(),
            profile: profile(args.profile),
            tls: args.tls,
            start,
            own,
            sessions,
            checks,
            capabilities,
            // Whoever attaches a client by hand, or has only one to trigger, does so once at a time.
            jobs: if start == Start::Spawn { usize::from(args.jobs) } else { 1 },
            connect_timeout: args.connect_timeout,
            grace: args.grace,
            supervisor: kit.to_owned(),
            output_dir: args.report_dir.join("output"),
            patience: None,
        })
    }

    /// The scenario of a session.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`]: there is none of that name, which is a fault of the kit's.
    pub fn scenario(&self, session: &str) -> Result<Scenario, ScenarioError> {
        match &self.own {
            Some(own) if own.name == session => Ok(own.clone()),
            _ => Scenario::named(session),
        }
    }

    /// Whether the client is driven.
    pub fn is_driven(&self) -> bool {
        self.level == LevelArg::L1
    }

    /// Takes a clock that was chosen by a look at the client.
    pub fn take_clock(&mut self, chosen: Chosen) {
        self.clock = chosen.clock;
        self.clock_why = chosen.why;
        self.faketime = chosen.faketime;
    }

    /// The plan for a client of which nothing else is said: every session in real time, judged by every check.
    pub fn for_client(kit: &Path, client: Vec<String>) -> Self {
        Self {
            client,
            level: LevelArg::L0,
            env: Vec::new(),
            profile: Profile::glimesh(),
            tls: false,
            clock: Clock::Real,
            clock_why: String::new(),
            retries: 0,
            faketime: None,
            deny_weak: false,
            start: Start::Spawn,
            own: None,
            sessions: suite::SESSIONS.to_vec(),
            checks: suite::catalogue(LevelArg::L0)
                .into_iter()
                .filter(|it| suite::is_usual(it))
                .collect(),
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

fn own_scenario(name: &str, level: LevelArg) -> Result<Scenario, PlanError> {
    if level == LevelArg::L1 {
        return Err(PlanError::NotDriven);
    }
    let scenario = Scenario::find(name)?;
    match Scenario::named(&scenario.name) {
        Ok(ours) if ours != scenario => Err(PlanError::NameTaken(scenario.name)),
        _ => Ok(scenario),
    }
}

/// The command of the bundled reference client as an adapter, with further options.
pub fn bundled_driven(kit: &Path, options: &[&str]) -> Vec<String> {
    let program = kit.to_string_lossy().into_owned();
    let fixed = ["reference-client", "--driver", "--reply-ms", BUNDLED_REPLY_MS];
    let words = fixed.into_iter().chain(options.iter().copied());
    [program].into_iter().chain(words.map(str::to_owned)).collect()
}

/// The command of the bundled reference client, with further options.
pub fn bundled(kit: &Path, options: &[&str]) -> Vec<String> {
    let program = kit.to_string_lossy().into_owned();
    let fixed = ["reference-client", "--url", "{url}", "--heartbeat-ms", "{heartbeat_ms}"];
    let fixed = fixed.into_iter().chain(["--reply-ms", BUNDLED_REPLY_MS]);
    let words = fixed.chain(options.iter().copied()).map(str::to_owned);
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

/// What the client can do. The bundled one speaks TLS, and so does any for which TLS is asked.
fn capabilities(args: &RunArgs, bundled: bool) -> Vec<Capability> {
    let mut capabilities: Vec<_> =
        args.capabilities.iter().copied().map(Capability::from).collect();
    if args.duty == Duty::Listener {
        capabilities.retain(|capability| *capability != Capability::Reconnect);
    }
    if (args.tls || bundled) && !speaks_tls(&capabilities) {
        capabilities.push(Capability::Tls);
    }
    capabilities
}

fn speaks_tls(capabilities: &[Capability]) -> bool {
    capabilities.contains(&Capability::Tls)
}

fn clock(args: &RunArgs, command: &[String], bundles: bool) -> Result<Clock, PlanError> {
    let takes_interval = command.iter().any(|word| client::uses(word, "heartbeat_ms"));
    let contract = Clock::Contract { rate: args.rate };
    match args.clock {
        _ if args.attach => Ok(Clock::Real),
        // An adapter is told the interval when it is asked to connect. Whether it heeds it, only its author knows.
        ClockArg::Contract if args.level == LevelArg::L1 => Ok(contract),
        ClockArg::Auto if args.level == LevelArg::L1 && bundles => Ok(contract),
        _ if args.level == LevelArg::L1 => Ok(Clock::Real),
        ClockArg::Auto if takes_interval => Ok(contract),
        // Whether a client can be accelerated only shows when it runs: `accel::choose` sees to it.
        ClockArg::Auto | ClockArg::Accel | ClockArg::Real => Ok(Clock::Real),
        ClockArg::Contract if takes_interval || args.env.iter().any(says_contract) => Ok(contract),
        ClockArg::Contract => Err(PlanError::NoInterval),
    }
}

/// The checks that are selected and can be seen.
fn checks(args: &RunArgs, start: Start) -> Result<Vec<&'static Check>, PlanError> {
    let mut catalogue = check::catalogue();
    if args.scenario.is_some() {
        catalogue.push(&own::AWAITED);
    }
    let selection = args.select.as_deref().map(Selection::parse).transpose()?;
    let selected = match &selection {
        Some(selection) => {
            let last = last_results(&args.report_dir);
            selection.of(Context { catalogue: &catalogue, last: last.as_ref() })?
        }
        None => catalogue,
    };
    let mut checks = LeftOut::of(selected, selection.as_ref(), args, start)?;
    // Whoever plays a scenario is judged by it, whatever else is selected.
    checks.retain(|check| check.id != own::AWAITED.id);
    Ok(checks)
}

/// What the run before found, for selections that ask for it.
fn last_results(report_dir: &Path) -> Option<Results> {
    let text = std::fs::read_to_string(report_dir.join("results.json")).ok()?;
    serde_json::from_str(&text).ok()
}

/// The sessions of a shard, and the checks that read one of them.
fn part(
    mut sessions: Vec<&'static str>,
    mut checks: Vec<&'static Check>,
    shard: Option<Shard>,
) -> Result<(Vec<&'static str>, Vec<&'static Check>), PlanError> {
    let Some(shard) = shard else { return Ok((sessions, checks)) };
    if shard.of > sessions.len() {
        return Err(PlanError::EmptyShard { shard, sessions: sessions.len() });
    }
    let mut place = 0;
    sessions.retain(|_| {
        place += 1;
        (place - 1) % shard.of == shard.index - 1
    });
    checks.retain(|check| match check.scope {
        Scope::Every => true,
        Scope::Of(session) => sessions.contains(&session),
    });
    Ok((sessions, checks))
}

fn says_contract((key, value): &(String, String)) -> bool {
    key == "GCK_CONTRACT" && value == "1"
}
