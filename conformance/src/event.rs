//! What the runner reports while it runs. The runner itself prints nothing.

use std::time::Duration;

use crate::results::Results;

/// Receives the events of a run.
pub type Emit<'a> = &'a (dyn Fn(RunEvent) + Sync);

/// One thing that happened in a run.
#[derive(Clone, Debug)]
pub enum RunEvent {
    /// The run's clock is chosen.
    ClockChosen {
        /// Which, and why, in one line.
        why: String,
    },
    /// The run begins.
    RunStarted {
        /// The names of the sessions to come.
        sessions: Vec<String>,
        /// How many checks they feed.
        checks: usize,
        /// The longest time that a session is expected to take, in real time.
        expected: Duration,
        /// How many of the client's seconds fit into a real one.
        rate: u32,
    },
    /// A session waits for a client that somebody else has to start.
    ClientWanted {
        /// The session's name.
        session: String,
        /// What the client has to know: variable and value, `GLIMESH_WS_URL` first.
        told: Vec<(String, String)>,
    },
    /// A session's client was started.
    SessionStarted {
        /// The session's name.
        session: String,
        /// How long it is expected to take, in real time.
        expected: Duration,
    },
    /// A session has ended and was judged on its own.
    SessionEnded {
        /// The session's name.
        session: String,
        /// The ids of the checks that it breaks or barely keeps, as far as this session alone can tell.
        troubled: Vec<&'static str>,
    },
    /// A timing failure is being looked at again, with nothing else running.
    Confirming {
        /// The session's name.
        session: String,
        /// The ids of the checks that failed in it.
        checks: Vec<&'static str>,
    },
    /// The run has ended.
    RunEnded {
        /// What it found.
        results: Box<Results>,
    },
}
