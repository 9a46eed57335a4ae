//! For machines, on standard output.

use std::io::{self, Write};

use crate::results::{Finding, Results};

/// Writes the content of `results.json` as one line.
///
/// # Errors
///
/// Those of the writer.
pub fn json(results: &Results, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut out, results)?;
    writeln!(out)
}

/// Writes the findings of `judge`, in the shape that they have in `results.json`.
///
/// # Errors
///
/// Those of the writer.
pub fn findings_json(findings: &[Finding], mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut out, findings)?;
    writeln!(out)
}
