//! The command: an adapter as a process, supervised as any client.

use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use glimesh_mock::MockServer;

use super::{Examined, Severity, examine, human, json};
use crate::args::{DriverCheckArgs, Format, LevelArg};
use crate::client::{self, Ended, NotStarted, Running, Values};
use crate::exit::Exit;
use crate::plan::Plan;

/// How many lines of the adapter's standard error are shown.
const MOST_LINES: usize = 6;

/// The command `driver check`; `kit` is the kit's own program.
///
/// # Errors
///
/// The command line is wrong, or nothing can be written.
pub async fn run(args: &DriverCheckArgs, kit: &Path) -> Result<Exit> {
    let mut plan = Plan::for_client(kit, args.client.clone());
    plan.level = LevelArg::L1;
    plan.env = args.env.clone();
    plan.tls = args.tls;
    client::check(&plan.client, &plan.env, plan.tls)?;
    let server = MockServer::builder().tls(args.tls).start().await;
    let server = server.context("cannot start the server")?;
    let home = tempfile::tempdir().context("cannot make a folder for the adapter")?;
    let launch = client::launch(&plan, &Values::new(&server, &plan, home.path()))?;
    let running = match client::start(launch).await {
        Ok(running) => running,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            return Ok(match error {
                NotStarted::Refused(_) => Exit::NoClient,
                NotStarted::Kit(_) => Exit::Kit,
            });
        }
    };
    let Some(examined) = attend(running, &server, args).await else { return Ok(Exit::Interrupted) };
    server.stop().await;
    match args.format {
        Format::Human => human(&examined, anstream::stderr())?,
        Format::Json => json(&examined, io::stdout())?,
    }
    Ok(if examined.count(Severity::Error) == 0 { Exit::Passed } else { Exit::Failed })
}

/// Speaks with an adapter that runs, and sees it off; `None` if the user does not want to wait.
async fn attend(
    mut running: Running,
    server: &MockServer,
    args: &DriverCheckArgs,
) -> Option<Examined> {
    let adapter = running.take_adapter()?;
    let mut stderr = running.stderr_tail();
    let tail = stderr.clone();
    let also = move || tail.lines(MOST_LINES);
    let examining = examine(adapter.stdout, adapter.stdin, server, args.deadline, Box::new(also));
    let mut examined = tokio::select! {
        examined = examining => examined,
        Ok(()) = client::asked_to_stop() => {
            running.stop(Duration::ZERO).await;
            return None;
        }
    };
    let ended = match tokio::time::timeout(args.grace, running.wait()).await {
        Ok(ended) => how_it_ended(&ended),
        Err(_) => {
            running.stop(Duration::ZERO).await;
            Some(format!("the adapter has not ended {} s after bye", args.grace.as_secs_f64()))
        }
    };
    stderr.ended().await;
    examined.ended(ended, &stderr.lines(MOST_LINES));
    Some(examined)
}

/// What is wrong with an end.
fn how_it_ended(ended: &Ended) -> Option<String> {
    match (&ended.signal, ended.status) {
        (Some(signal), _) => Some(format!("the adapter was ended by {signal}")),
        (None, Some(status)) if status != 0 => {
            Some(format!("the adapter ended with status {status}"))
        }
        _ if ended.leaked > 0 => {
            Some(format!("the adapter has ended, and {} of its processes have not", ended.leaked))
        }
        _ => None,
    }
}
