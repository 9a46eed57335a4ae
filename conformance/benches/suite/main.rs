//! What a whole run costs: sessions, checks, seconds, CPU and memory, for each client and clock that this machine has.
//!
//! ```text
//! cargo bench -p glimesh-conformance --bench suite               the fast clocks
//! cargo bench -p glimesh-conformance --bench suite -- real       and real time, two minutes more
//! ```
//!
//! The kit runs as its users run it: a process with its clients, all of which is measured. It fails if a run takes longer
//! than its budget; the budgets are for two cores with nothing beside it.

mod family;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::Context as _;
use glimesh_conformance::results::Results;

use crate::family::Family;

/// The kit as this bench was built with it.
const KIT: &str = env!("CARGO_BIN_EXE_glimesh-conformance");

/// A run of the whole suite.
struct Run {
    name: &'static str,
    clock: &'static str,
    /// What stands after `--`, in `examples/clients`; nothing for the bundled client.
    client: &'static [&'static str],
    /// The file without which the client is not installed, there.
    needs: Option<&'static str>,
    budget: Budget,
}

/// How long a run may take.
enum Budget {
    /// That many seconds.
    Seconds(f64),
    /// As long as the longest session, and that many seconds more.
    OverLongest(f64),
}

const PHOENIX: &str = "phoenix-js/node_modules/ws";

const FAST: [Run; 2] = [
    Run {
        name: "bundled",
        clock: "contract",
        client: &[],
        needs: None,
        budget: Budget::Seconds(10.0),
    },
    Run {
        name: "phoenix-js",
        clock: "accel",
        client: &["node", "phoenix-js/client.js"],
        needs: Some(PHOENIX),
        budget: Budget::Seconds(15.0),
    },
];

const REAL: Run = Run {
    name: "phoenix-js",
    clock: "real",
    client: &["node", "phoenix-js/client.js"],
    needs: Some(PHOENIX),
    budget: Budget::OverLongest(5.0),
};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let real = match words[..] {
        [] => false,
        ["real"] => true,
        _ => anyhow::bail!("the only argument is real"),
    };
    say("client      clock     sessions  checks  seconds  longest  budget   CPU s   peak MB");
    let mut over = Vec::new();
    for run in FAST.iter().chain(real.then_some(&REAL)) {
        if run.needs.is_some_and(|file| !clients().join(file).exists()) {
            say(&format!("{:<11} {:<9} not measured: npm ci was not run", run.name, run.clock));
            continue;
        }
        if !measured(run)? {
            over.push(format!("{} under the clock {}", run.name, run.clock));
        }
    }
    anyhow::ensure!(over.is_empty(), "over the budget: {}", over.join(", "));
    Ok(())
}

/// Runs and prints one; false if it took longer than its budget.
fn measured(run: &Run) -> anyhow::Result<bool> {
    let report = tempfile::tempdir()?;
    let mut command = Command::new(KIT);
    command.args(["run", "--quiet", "--clock", run.clock, "--report-dir"]).arg(report.path());
    if !run.client.is_empty() {
        command.arg("--").args(run.client);
    }
    command
        .current_dir(clients())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let begun = Instant::now();
    let child = command.spawn().context("the kit starts")?;
    let family = Family::of(child.id());
    let output = child.wait_with_output()?;
    let seconds = begun.elapsed().as_secs_f64();
    let used = family.used();
    let results = std::fs::read_to_string(report.path().join("results.json"))
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let results: Results = serde_json::from_str(&results)?;
    let lengths = results.sessions.iter().map(|session| session.ended_ms - session.started_ms);
    let longest = lengths.max().unwrap_or(0) as f64 / 1000.0;
    let budget = match run.budget {
        Budget::Seconds(seconds) => seconds,
        Budget::OverLongest(seconds) => longest + seconds,
    };
    say(&format!(
        "{:<11} {:<9} {:>8}  {:>6}  {seconds:>7.1}  {longest:>7.1}  {budget:>6.1}  {:>6.1}  {:>8.0}",
        run.name,
        results.clock.mode,
        results.sessions.len(),
        results.checks.len(),
        used.cpu,
        used.peak,
    ));
    Ok(seconds <= budget)
}

fn say(line: &str) {
    // A reader who has seen enough may be gone.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/clients")
}
