//! The program's life: connect, hold a session, and come back until it is asked to stop.

use std::future::Future;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::pin::{Pin, pin};
use std::process::Stdio;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::dial::{DialError, open};
use super::kept::Kept;
use super::retry::Retry;
use super::session::{self, End};
use super::{Manner, Mutant, Settings, Variant};

/// The exit status of a program that panicked. Source: the Rust runtime.
const PANICKED: u8 = 101;

/// The exit status for a URL or a file that cannot be used.
pub(super) const USAGE: u8 = 2;

/// How many connections are enough for a mutant that gives up.
const THREE: u32 = 3;

/// How long a slow starter takes before it connects.
const SLOW_START: Duration = Duration::from_secs(2);

/// Runs the client until `stop` is done, or something else ends it; returns its exit status.
pub(super) async fn until(stop: impl Future<Output = ()>, settings: &Settings) -> u8 {
    let manner = settings.manner;
    let mut stop = pin!(stop);
    let before = match manner {
        Manner::Correct(Variant::SlowStart) => SLOW_START,
        Manner::Broken(Mutant::NeverConnects) => Duration::MAX,
        Manner::Broken(Mutant::ExitsAtOnce) => return 1,
        _ => Duration::ZERO,
    };
    if waited(before, stop.as_mut()).await.is_err() {
        return 0;
    }
    if manner.is(Mutant::LeavesAChild)
        && let Err(error) = leave_a_child(settings)
    {
        settings.around.tell_error(&error);
    }
    let mut retry = Retry::new(manner, &settings.around);
    let mut kept = Kept::default();
    let mut opened = 0;
    loop {
        let dialled = tokio::select! {
            biased;
            () = stop.as_mut() => return status(manner),
            dialled = open(settings) => dialled,
        };
        let end = match dialled {
            Ok(connection) => {
                opened += 1;
                let (end, socket) =
                    session::hold(settings, connection, opened, &mut retry, stop.as_mut()).await;
                kept.keep(manner, socket).await;
                end
            }
            Err(error) => {
                settings.around.tell_error(&error);
                match error {
                    DialError::Url { .. } => return USAGE,
                    DialError::Tcp(_) if manner.is(Mutant::AbortsWhenRefused) => {
                        std::process::abort()
                    }
                    DialError::NoAnswer if manner.is(Mutant::FailsAtSlowUpgrade) => return 1,
                    DialError::Refused(_)
                        if matches!(
                            manner,
                            Manner::Broken(Mutant::HammersAt403 | Mutant::NeverSlowsDown)
                        ) =>
                    {
                        retry.reset();
                    }
                    DialError::Refused(_) => retry.refused(),
                    DialError::Tcp(_)
                    | DialError::Tls(_)
                    | DialError::Handshake(_)
                    | DialError::NoAnswer
                    | DialError::Declined => {}
                }
                End::Lost { cut: false }
            }
        };
        match (end, manner) {
            (End::Stopped, _) => return status(manner),
            (End::Crashed, _) => return PANICKED,
            (End::Failed, _) => return 1,
            (End::Aborted, _) => std::process::abort(),
            (End::Lost { cut: true }, Manner::Broken(Mutant::AbortsWhenCut)) => {
                std::process::abort()
            }
            (End::Lost { cut: true }, Manner::Broken(Mutant::FailsWhenCut)) => return 1,
            (End::Lost { .. }, Manner::Broken(Mutant::ExitsWhenCut)) => return 0,
            (End::Lost { .. }, Manner::Broken(Mutant::NeverReconnects)) => {
                stop.await;
                return 0;
            }
            (End::Lost { .. }, Manner::Broken(Mutant::GivesUpAfterThree)) if opened == THREE => {
                stop.await;
                return 0;
            }
            (End::Lost { .. }, _) => {}
        }
        if waited(retry.next_delay(), stop.as_mut()).await.is_err() {
            return status(manner);
        }
    }
}

/// Starts this program once more, as one that never connects, and forgets it.
fn leave_a_child(settings: &Settings) -> io::Result<()> {
    let mut child = std::process::Command::new(std::env::current_exe()?);
    child.args(["reference-client", "--url", &settings.url, "--mutant"]);
    child.arg(Mutant::NeverConnects.name());
    child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // In a group of its own, so that it is not asked to stop together with its parent.
    child.process_group(0);
    child.spawn().map(drop)
}

/// The client was asked to stop while it waited.
struct Stopped;

async fn waited(delay: Duration, stop: Pin<&mut impl Future<Output = ()>>) -> Result<(), Stopped> {
    tokio::select! {
        biased;
        () = stop => Err(Stopped),
        () = sleep(delay) => Ok(()),
    }
}

/// The exit status after a stop.
fn status(manner: Manner) -> u8 {
    if manner.is(Mutant::ExitsBadly) { 3 } else { 0 }
}

/// Returns at SIGTERM or Ctrl-C.
pub(super) async fn asked_to_stop(manner: Manner) {
    let listen = |kind| signal(kind).expect("the runtime listens to signals");
    let mut terminate = listen(SignalKind::terminate());
    let mut interrupt = listen(SignalKind::interrupt());
    if manner.is(Mutant::IgnoresStop) {
        std::future::pending::<()>().await;
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
