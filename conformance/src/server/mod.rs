//! `server`: the recordings of the real server, played against any server.

mod address;
mod report;
mod show;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use glimesh_mock::recording::{Differences, Outcome, Place, Played, Record, Stage, suite};
use glimesh_mock::{Trust, TrustError};

use crate::args::{Format, ServerArgs};
use crate::exit::Exit;
use crate::plan;

pub use address::{Address, AddressError};

/// How long the server may take to accept a connection.
const REACHED_WITHIN: Duration = Duration::from_secs(10);

/// Why nothing was played.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// There is no such record.
    #[error("there is no record {id:?}{}", near.as_ref().map(|id| format!("; did you mean {id}?")).unwrap_or_default())]
    NoRecord {
        /// What was asked for.
        id: String,
        /// What is called alike.
        near: Option<String>,
    },
    /// The server does not obey.
    #[error(
        "{host} takes no orders; start it as `glimesh-mock serve --control`, or leave --control out"
    )]
    NoControl {
        /// The server.
        host: String,
    },
    /// Nobody answers there.
    #[error("cannot reach {host}: {why}")]
    NotReached {
        /// The server.
        host: String,
        /// Why.
        why: String,
    },
    /// Nobody was named whom to trust.
    #[error("wss needs to know whom to trust: --ca FILE, or the file in SSL_CERT_FILE")]
    NoTrust,
    /// The file with whom to trust is of no use.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The report could not be written.
    #[error("cannot write the report")]
    Write(#[from] io::Error),
}

impl ServerError {
    /// What it means for the exit status.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::NoRecord { .. }
            | Self::NoControl { .. }
            | Self::NoTrust
            | Self::Trust(_)
            | Self::Write(_) => Exit::Usage,
            Self::NotReached { .. } => Exit::NoClient,
        }
    }
}

/// Plays what was asked for, and reports.
///
/// # Errors
///
/// Nothing was played, or the report could not be written.
pub async fn run(args: &ServerArgs) -> Result<Exit, ServerError> {
    let records = selected(args)?;
    let place = Place { host: args.url.host().to_owned(), tls: trust(args)? };
    let host = &place.host;
    reach(&place).await?;
    if args.control && !Stage::takes_orders(&place).await {
        return Err(ServerError::NoControl { host: host.clone() });
    }
    let stage = Stage::Running { place: place.clone(), control: args.control };
    let listed = Differences::of(plan::profile(args.profile).name);
    let (waiting, records): (Vec<_>, Vec<_>) =
        records.into_iter().partition(|record| record.slow && !args.slow && args.record.is_empty());
    let mut played = suite::play(records, &stage, &listed, usize::from(args.jobs)).await;
    played.extend(waiting.into_iter().map(|record| {
        let why = "it waits for timeouts; --slow plays it".to_owned();
        Played { record, outcome: Outcome::NotPlayed { why } }
    }));
    let exit = exit(&played);
    match args.format {
        Format::Human => report::human(host, &played, args.control, anstream::stderr())?,
        Format::Json => report::json(host, &played, exit, io::stdout())?,
    }
    Ok(exit)
}

fn selected(args: &ServerArgs) -> Result<Vec<Record>, ServerError> {
    let all = Record::all();
    for id in &args.record {
        if !all.iter().any(|record| record.id == *id) {
            let name = id.rsplit('/').next().unwrap_or_default();
            let near =
                all.iter().find(|record| record.id.ends_with(name) || record.id.contains(id));
            let near = near.map(|record| record.id.clone());
            return Err(ServerError::NoRecord { id: id.clone(), near });
        }
    }
    let is_selected = |record: &Record| {
        (args.record.is_empty() || args.record.contains(&record.id))
            && (args.category.is_empty() || args.category.contains(&record.category))
    };
    Ok(all.into_iter().filter(is_selected).collect())
}

/// Whom to trust, if TLS is to be spoken.
fn trust(args: &ServerArgs) -> Result<Option<Trust>, ServerError> {
    if !args.url.tls() {
        return Ok(None);
    }
    let of_environment = || std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let file = args.ca.clone().or_else(of_environment).ok_or(ServerError::NoTrust)?;
    Ok(Some(Trust::file(&file)?))
}

async fn reach(place: &Place) -> Result<(), ServerError> {
    let why = match tokio::time::timeout(REACHED_WITHIN, place.dial()).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no connection within {} s", REACHED_WITHIN.as_secs()),
    };
    Err(ServerError::NotReached { host: place.host.clone(), why })
}

fn exit(played: &[Played]) -> Exit {
    let any = |is: fn(&Outcome) -> bool| played.iter().any(|played| is(&played.outcome));
    if any(|outcome| matches!(outcome, Outcome::Different(_))) {
        Exit::Failed
    } else if any(|outcome| !matches!(outcome, Outcome::NotPlayed { .. })) {
        Exit::Passed
    } else {
        Exit::TooFew
    }
}
