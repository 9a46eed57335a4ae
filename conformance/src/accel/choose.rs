//! Which clock a run has, and why.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;

use super::calibrate::{Calibration, calibrate};
use super::library::find;
use crate::args::{ClockArg, RunArgs};
use crate::clock::Clock;
use crate::plan::{Plan, Start};
use crate::play::{self, KitFault};

/// Sessions that are over so soon need no acceleration: the calibration alone takes several seconds.
const SHORT: Duration = Duration::from_secs(15);

/// A clock, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The clock.
    pub clock: Clock,
    /// The library for an accelerated one.
    pub faketime: Option<PathBuf>,
    /// One line: which clock, and why.
    pub why: String,
}

/// Why no clock can be chosen.
#[derive(Debug, thiserror::Error)]
pub enum ChooseError {
    /// A library was named and is not there.
    #[error("there is no libfaketime at {}", .0.display())]
    NoLibrary(PathBuf),
    /// The kit could not do its part.
    #[error(transparent)]
    Kit(#[from] KitFault),
}

/// The clock for a plan that has the clock `contract` if its client can take that.
///
/// # Errors
///
/// [`ChooseError`]
pub async fn choose(
    plan: &Plan,
    args: &RunArgs,
    interrupt: watch::Receiver<bool>,
) -> Result<Chosen, ChooseError> {
    let real = |why: String| Chosen { clock: Clock::Real, faketime: None, why };
    if plan.start != Start::Spawn {
        return Ok(real("Clock real: the client is not the kit's to start.".to_owned()));
    }
    match (plan.clock, args.clock) {
        (Clock::Contract { .. }, ClockArg::Auto) => {
            let why = format!("Clock {}: the client takes its heartbeat interval.", plan.clock);
            return Ok(Chosen { clock: plan.clock, faketime: None, why });
        }
        (Clock::Contract { .. }, _) => {
            let why = format!("Clock {}, as asked for.", plan.clock);
            return Ok(Chosen { clock: plan.clock, faketime: None, why });
        }
        (_, ClockArg::Auto | ClockArg::Accel) if plan.is_driven() => {
            return Ok(real("Clock real: what a client is asked comes in real time.".to_owned()));
        }
        (_, ClockArg::Auto | ClockArg::Accel) => {}
        _ => return Ok(real("Clock real, as asked for.".to_owned())),
    }
    let longest = plan.sessions.iter().map(|session| play::expected_length(plan, session)).max();
    if args.clock == ClockArg::Auto && longest.unwrap_or_default() <= SHORT {
        return Ok(real("Clock real: the sessions are short.".to_owned()));
    }
    let Some(library) = find(args.faketime.as_deref()).map_err(ChooseError::NoLibrary)? else {
        return Ok(real(no_library()));
    };
    let seen = calibrate(plan, &library, args.rate, interrupt).await?;
    if !matches!(seen, Calibration::Accelerated { .. }) {
        return Ok(real(format!("Clock real: {seen}.")));
    }
    let clock = Clock::Accel { rate: args.rate };
    Ok(Chosen { clock, faketime: Some(library), why: format!("Clock {clock}: {seen}.") })
}

fn no_library() -> String {
    let how = if cfg!(target_os = "linux") {
        "Debian's and Ubuntu's package `faketime` has it, and --faketime says where it is elsewhere"
    } else {
        "on this system clients cannot be put under it"
    };
    format!("Clock real: there is no libfaketime, which would shorten the waits; {how}.")
}
