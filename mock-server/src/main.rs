//! `glimesh-mock`: flags to values, bind, serve, exit code.

mod commands;
mod flags;

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use commands::{proxy, replay};
use flags::{LimitFlags, TlsFlags};
use glimesh_mock::profile::{ProfileName, Settings};
use glimesh_mock::scenario::Auth;
use glimesh_mock::world::World;
use glimesh_mock::{Chatter, Ending, MockServer, Profile, Scenario};

/// A mock Glimesh chat server.
#[derive(Debug, Parser)]
#[command(name = "glimesh-mock", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until Ctrl-C or SIGTERM.
    Serve(Box<Serve>),
    /// Stands between a client and a server: passes every byte on unchanged, writes a transcript, and comments on
    /// malformed frames.
    Proxy(proxy::Args),
    /// Serves a recorded session, or the frames that the protocol document prints.
    ///
    /// Without FILE, or with a list of frames in the form of fixtures/document.yaml: these are answered byte for byte
    /// as printed, and other frames as always. With a transcript: the server says what it said then, when the client
    /// has said what it said then; refs and subscription ids are those of now, and the log says where the client
    /// departs from the recording.
    Replay(replay::Args),
    /// Works on scenario files.
    #[command(subcommand)]
    Scenario(ScenarioCommand),
}

#[derive(Debug, Subcommand)]
enum ScenarioCommand {
    /// Says whether scenarios are valid, and what is wrong with them, with line and column; exit code 2 if one is not.
    Check {
        /// Files, or names of built-in scenarios.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<String>,
    },
    /// Lists the built-in scenarios, one a line: its name and what happens.
    List,
    /// Writes a scenario to standard output in which the server does what it did in a transcript.
    From {
        /// The transcript, as `serve --record` or `proxy --record` wrote it.
        transcript: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:4000")]
    listen: SocketAddr,
    /// glimesh, phoenix (as deployed) or literal (as printed).
    #[arg(long, default_value = "glimesh")]
    profile: ProfileName,
    /// A scenario file, or the name of a built-in scenario.
    #[arg(long)]
    scenario: Option<String>,
    /// A world of your own in place of fixtures/world.json, in the form of fixtures/world.schema.json.
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Lets the world's users talk, this many messages a second, such as 5 or 0.5; every other one in the first
    /// channel.
    #[arg(long, value_name = "RATE")]
    chatter: Option<Chatter>,
    /// Takes orders from programs on this machine: POST /__control__/ACTION with a JSON object.
    ///
    /// Actions: reset {}; disconnect {id}; kill_channels {id, reason}; kill_transport {id};
    /// publish_raw {topic, event, payload?}; say {channelId, username, message}. An id is
    /// graph_api_socket:TOKEN_OR_CLIENT_ID or, on the older API, api_socket:USER_ID.
    #[arg(long)]
    control: bool,
    /// How Ctrl-C and SIGTERM end connections: close (code 1000, at once), graceful (as the real server: phx_error,
    /// and 5 s later the end of TCP without a close frame) or kill (the end of TCP).
    #[arg(long, default_value = "close")]
    stop: Ending,
    /// Writes the transcript to this file.
    #[arg(long)]
    record: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsFlags,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    limits: LimitFlags,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(colour())
        .with_target(false)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .init();
    match run(Cli::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            if error.is::<Invalid>() { ExitCode::from(INVALID) } else { ExitCode::FAILURE }
        }
    }
}

/// Colour is for a person at a terminal who has not asked for none.
fn colour() -> bool {
    std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(serve) => {
            let mut builder = MockServer::builder()
                .listen(serve.listen)
                .profile(Profile::named(serve.profile))
                .settings(serve.settings)
                .control(serve.control)
                .limits(serve.limits.limits())
                .keep_transcript(false);
            builder = serve.tls.tell(builder);
            if let Some(name) = &serve.scenario {
                builder = builder.scenario(Scenario::find(name)?);
            }
            if let Some(path) = &serve.world {
                builder = builder.world(World::read(path)?);
            }
            if let Some(chatter) = serve.chatter {
                builder = builder.chatter(chatter);
            }
            if let Some(path) = serve.record {
                builder = builder.record_to(path);
            }
            wait(builder.start().await.context("cannot start")?, serve.stop).await
        }
        Command::Proxy(args) => proxy::run(args).await,
        Command::Replay(args) => wait(replay::start(args).await?, Ending::Close).await,
        Command::Scenario(ScenarioCommand::From { transcript }) => {
            let text = glimesh_mock::skeleton(&replay::transcript(&transcript)?);
            // What is written is held to what is read.
            Scenario::parse("the scenario", &text)?;
            std::io::stdout().write_all(text.as_bytes()).context("cannot write the scenario")
        }
        Command::Scenario(ScenarioCommand::Check { files }) => check(&files),
        Command::Scenario(ScenarioCommand::List) => {
            for name in Scenario::names() {
                let title = Scenario::named(name)?.title;
                // Nobody may be reading.
                let _ = writeln!(std::io::stdout(), "{name}\t{title}");
            }
            Ok(())
        }
    }
}

/// Some scenarios are not valid; why was said already.
#[derive(Debug, thiserror::Error)]
#[error("{invalid} of {all} scenarios are not valid")]
struct Invalid {
    invalid: usize,
    all: usize,
}

/// The exit code of [`Invalid`]; a wrong argument has the same.
const INVALID: u8 = 2;

fn check(files: &[String]) -> anyhow::Result<()> {
    let mut invalid = 0;
    for file in files {
        match Scenario::find(file) {
            Ok(scenario) => say(&format!(
                "{file}: {}: {} steps, {} rules",
                scenario.title,
                scenario.timeline.len(),
                scenario.rules.len() + scenario.upgrades.len() + scenario.sockets.len()
            )),
            Err(error) => {
                invalid += 1;
                say(&format!("{error:#}"));
            }
        }
    }
    if invalid == 0 { Ok(()) } else { Err(Invalid { invalid, all: files.len() }.into()) }
}

async fn wait(server: MockServer, ending: Ending) -> anyhow::Result<()> {
    // Before anybody is told that the server runs: who is told may end it at once.
    let stop = Stop::listen().context("cannot listen for signals")?;
    say(&format!("profile {}", server.profile()));
    for (name, value) in server.limits().settings().iter().chain(server.settings()) {
        say(&format!("  {name} = {value}"));
    }
    say(&format!("with a token      {}", server.url_with(Auth::Token)));
    say(&format!("with a client id  {}", server.url_with(Auth::ClientId)));
    say(&format!("GraphQL over HTTP {}", server.api_url()));
    say(&format!("access tokens     {}", server.oauth_url()));
    if let Some(url) = server.control_url() {
        say(&format!("orders            POST {url}ACTION"));
    }
    say(&format!("metrics           {}", server.metrics_url()));
    say_trust(server.ca_file());
    stop.asked().await;
    server.stop_as(ending).await;
    Ok(())
}

/// How clients are brought to trust the certificate, ready to paste.
fn say_trust(ca_file: Option<&Path>) {
    let Some(path) = ca_file.map(quoted) else { return };
    say("for clients to trust the certificate:");
    say(&format!(
        "  export SSL_CERT_FILE={path} NODE_EXTRA_CA_CERTS={path} REQUESTS_CA_BUNDLE={path}"
    ));
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(is_plain) {
        return path.into_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// Ctrl-C, and the signal by which supervisors and containers end a program.
#[cfg(unix)]
struct Stop {
    interrupted: tokio::signal::unix::Signal,
    terminated: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupted: signal(SignalKind::interrupt())?,
            terminated: signal(SignalKind::terminate())?,
        })
    }

    async fn asked(mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Stop;

#[cfg(not(unix))]
impl Stop {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn asked(self) {
        // An error means that there is no Ctrl-C here; then only the end of the process ends it.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Writes a line for people; nobody may be reading.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
