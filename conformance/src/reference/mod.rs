//! The bundled reference client: a polite one, correct ones that differ from it, and broken ones.
//!
//! It is a program like any other. [`glimesh_proto::client::Client`] knows the protocol; `run` moves bytes between
//! it and the socket; `wire` stands in between and makes of a frame what a variant or a mutant would send.

mod driver;
mod driver_manner;
mod mutant;
mod variant;

mod document;
mod target;
mod wire;

mod careless;
mod dial;
mod kept;
mod retry;
mod run;
mod session;
mod surroundings;

use std::process::ExitCode;
use std::time::Duration;

pub use driver_manner::DriverManner;
use glimesh_mock::Trust;
pub use mutant::Mutant;
pub use surroundings::{Said, Surroundings};
pub use variant::Variant;

/// Options of the reference client.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The socket's URL, with `vsn` and the credential. The channel is taken from GLIMESH_CHANNEL_ID, and with wss
    /// the authority to trust from GLIMESH_CA_FILE.
    #[arg(long, required_unless_present = "driver")]
    pub url: Option<String>,
    /// Be an adapter: read requests of the driver protocol from standard input, and answer on standard output.
    #[arg(long, conflicts_with_all = ["url", "variant", "mutant"])]
    pub driver: bool,
    /// As an adapter, be correct but different, or have this defect.
    #[arg(long, value_enum, requires = "driver")]
    pub driver_manner: Option<DriverManner>,
    /// The time between two heartbeats.
    #[arg(long, value_name = "N", default_value_t = 25_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub heartbeat_ms: u64,
    /// How long a reply may take before the connection counts as dead.
    ///
    /// A heartbeat's reply may take seven tenths of the time between two heartbeats, if that is shorter.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub reply_ms: u64,
    /// Be correct, but different.
    #[arg(long, value_enum)]
    pub variant: Option<Variant>,
    /// Have this defect.
    #[arg(long, value_enum, conflicts_with = "variant")]
    pub mutant: Option<Mutant>,
}

/// The channel to subscribe to, where the environment names none. Source: the document's examples.
const CHANNEL_ID: &str = "6";

/// Runs the client until it is asked to stop by a signal; returns its exit status.
pub async fn run(args: Args) -> ExitCode {
    let around = Surroundings::world();
    let trust = match std::env::var_os("GLIMESH_CA_FILE").map(|path| Trust::file(path.as_ref())) {
        None => None,
        Some(Ok(trust)) => Some(trust),
        Some(Err(error)) => {
            around.tell_error(&error);
            return ExitCode::from(run::USAGE);
        }
    };
    if args.driver {
        return ExitCode::from(driver::run(args.driver_manner, trust, &args).await);
    }
    let mut settings = Settings::new(args, trust, around);
    if let Ok(channel_id) = std::env::var("GLIMESH_CHANNEL_ID") {
        settings.channel_id = channel_id;
    }
    let manner = settings.manner;
    let live = || run::until(run::asked_to_stop(manner), &settings);
    if manner.is(Mutant::ConnectsTwice) {
        tokio::join!(live(), live());
        return ExitCode::SUCCESS;
    }
    ExitCode::from(live().await)
}

/// Runs the client in these surroundings until `stop` is done; returns its exit status. The environment is not read: a
/// wss URL needs `trust`, and the channel is the one of the document's examples. A mutant that aborts ends this program.
pub async fn run_in(
    around: Surroundings,
    args: Args,
    trust: Option<Trust>,
    stop: impl Future<Output = ()>,
) -> u8 {
    run::until(stop, &Settings::new(args, trust, around)).await
}

/// What the client was told.
#[derive(Clone, Debug)]
struct Settings {
    url: String,
    trust: Option<Trust>,
    channel_id: String,
    heartbeat_every: Duration,
    reply_within: Duration,
    manner: Manner,
    around: Surroundings,
}

impl Settings {
    fn new(args: Args, trust: Option<Trust>, around: Surroundings) -> Self {
        let manner = match (args.variant, args.mutant) {
            (Some(variant), _) => Manner::Correct(variant),
            (None, Some(mutant)) => Manner::Broken(mutant),
            (None, None) => Manner::Polite,
        };
        Self {
            url: args.url.unwrap_or_default(),
            trust,
            channel_id: CHANNEL_ID.to_owned(),
            heartbeat_every: Duration::from_millis(args.heartbeat_ms),
            reply_within: Duration::from_millis(args.reply_ms),
            manner,
            around,
        }
    }
}

/// Which of the clients this one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// The reference.
    Polite,
    /// Correct, but different.
    Correct(Variant),
    /// With one defect.
    Broken(Mutant),
}

impl Manner {
    fn is(self, mutant: Mutant) -> bool {
        self == Self::Broken(mutant)
    }

    fn varies(self, variant: Variant) -> bool {
        self == Self::Correct(variant)
    }
}
