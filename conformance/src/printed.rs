//! What a client printed, line by line with the time of each: shown beside what crossed the wire, and never believed.
//!
//! `output/SESSION.jsonl` of a report folder has one line for each, in the order of time:
//!
//! ```text
//! {"at_ms":812,"stream":"stdout","text":"joined"}
//! ```

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the clients of a run printed, by the session's name.
pub type Printed = BTreeMap<String, Vec<PrintedLine>>;

/// One line that a client printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintedLine {
    /// When it began to come, in real milliseconds on the time axis of the session's transcript.
    pub at_ms: u64,
    /// Where to.
    pub stream: Stream,
    /// The line without its end, with secrets replaced.
    pub text: String,
}

/// Where a client prints to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// The word in the file, and the ending of the file with the whole text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

impl PrintedLine {
    /// A line that came so long after the session began.
    pub fn new(stream: Stream, after: Duration, text: impl Into<String>) -> Self {
        let at_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        Self { at_ms, stream, text: text.into() }
    }
}

/// Reads the JSON lines.
///
/// # Errors
///
/// Those of the reader; a line that is none of these is [`io::ErrorKind::InvalidData`].
pub fn read(from: impl BufRead) -> io::Result<Vec<PrintedLine>> {
    from.lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}

/// Writes the JSON lines.
///
/// # Errors
///
/// Those of the writer.
pub fn write(lines: &[PrintedLine], mut to: impl Write) -> io::Result<()> {
    for line in lines {
        serde_json::to_writer(&mut to, line)?;
        to.write_all(b"\n")?;
    }
    Ok(())
}
