//! What the runner and a client's supervisor say to each other: one JSON value a line, over the control socket.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What the runner says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Request {
    /// Start this client; comes first, and once.
    Start {
        command: Vec<String>,
        /// Beyond what is inherited.
        env: Vec<(String, String)>,
        /// Deleted by the supervisor if the runner dies.
        home: PathBuf,
        /// A named pipe to read from, which somebody writes to; nothing if absent.
        stdin: Option<PathBuf>,
    },
    /// Ask the client to end, and kill it if it has not done so in time.
    Stop { grace_ms: u64 },
}

/// What the supervisor says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Report {
    /// The program runs.
    Started {
        /// Its process id, which is its process group's id, too.
        pid: i32,
    },
    /// The operating system refused to start it.
    NotStarted { error: String },
    /// The client has ended, and nothing of it is left.
    Ended(Ended),
}

/// How a client ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Whether it had to be killed.
    pub killed: bool,
    /// Its exit status, unless a signal ended it.
    pub status: Option<i32>,
    /// The signal that ended it, by name.
    pub signal: Option<String>,
    /// How many processes it left behind.
    pub leaked: u32,
}
