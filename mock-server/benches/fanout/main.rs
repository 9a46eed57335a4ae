//! What a delivered frame and an idle connection cost, beside others, all in one run:
//!
//! ```text
//! cargo bench -p glimesh-mock --bench fanout             the fan-out and the memory
//! cargo bench -p glimesh-mock --bench fanout -- load     10,000 subscribers, and a reader that does not read
//! ```
//!
//! It fails if the memory of an idle connection or the ratio to a flush per frame is not within the budget.
//!
//! Every server runs in a process of its own, which is all that is measured; the clients are in this one.

mod child;
mod client;
mod crowd;
mod load;
mod servers;

use std::io::Write as _;

use anyhow::Context as _;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::child::{Child, Usage};
use crate::crowd::Crowd;
use crate::servers::Kind;

/// How many listen in the fan-out.
const SUBSCRIBERS: usize = 1_000;

/// How many messages wait for each of them at once.
const QUEUED: u64 = 8;

/// How often; the best of the repeats counts, for this machine may be busy with other things.
const ROUNDS: u64 = 40;
const REPEATS: usize = 3;

/// How many connections are idle.
const IDLE: usize = 10_000;

/// Of CPU for a delivered frame, in microseconds. It is shown and not insisted on: other machines are other.
const FRAME_BUDGET: f64 = 1.3;

/// How many times as much a flush per frame must cost in the same run.
const FLUSH_BUDGET: f64 = 5.0;

/// Of memory for an idle connection, in thousands of bytes.
const IDLE_BUDGET: f64 = 8.0;

fn main() -> anyhow::Result<()> {
    let (_, most_files) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most_files, most_files)?;
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", kind] => return servers::serve(Kind::named(kind).context("no such server")?),
        [] | ["load"] => {}
        _ => anyhow::bail!("the only argument is load"),
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        if words == ["load"] {
            return load::run(IDLE).await;
        }
        // All is shown before anything fails.
        let (fan_out, memory) = (fan_out().await, memory().await);
        fan_out.and(memory)
    })
}

async fn fan_out() -> anyhow::Result<()> {
    say(&format!("CPU per delivered frame, {SUBSCRIBERS} subscribers, {QUEUED} messages queued"));
    let (mut ours, mut flush_ratio) = (f64::INFINITY, 0.0);
    for kind in Kind::ALL {
        let Some(child) = Child::start(kind)? else {
            say(&left_out(kind));
            continue;
        };
        let (cost, bytes) = cost_of_a_frame(child).await?;
        if kind == Kind::Ours {
            ours = cost;
        }
        let ratio = cost / ours;
        say(&format!("  {:<40} {cost:>6.2} µs  {ratio:>5.1} ×  {bytes:>4} bytes", kind.title()));
        if kind == Kind::Tungstenite {
            flush_ratio = ratio;
        }
    }
    let of_budget = ours / FRAME_BUDGET;
    say(&format!("  {of_budget:.2} of the budget, {FRAME_BUDGET} µs"));
    anyhow::ensure!(
        flush_ratio >= FLUSH_BUDGET,
        "a flush per frame costs {flush_ratio:.1} × as much, and should cost {FLUSH_BUDGET} ×"
    );
    Ok(())
}

fn left_out(kind: Kind) -> String {
    let why = "left out: no Node, or no ws (npm ci in examples/clients/document-js)";
    format!("  {:<40} {why}", kind.title())
}

/// In microseconds, and how long a frame is.
async fn cost_of_a_frame(mut child: Child) -> anyhow::Result<(f64, u64)> {
    let mut crowd = Crowd::default();
    crowd.join(&child, SUBSCRIBERS).await?;
    // The first round warms everything up.
    crowd.publish(&mut child, QUEUED)?;
    crowd.settled().await?;
    let mut best = f64::INFINITY;
    for _ in 0..REPEATS {
        let before = child.usage()?;
        for _ in 0..ROUNDS {
            crowd.publish(&mut child, QUEUED)?;
            crowd.settled().await?;
        }
        let cpu = child.usage()?.cpu_us - before.cpu_us;
        best = best.min(cpu as f64 / (ROUNDS * QUEUED * SUBSCRIBERS as u64) as f64);
    }
    Ok((best, crowd.frame_length()))
}

async fn memory() -> anyhow::Result<()> {
    say(&format!("memory per connection, {IDLE} connections"));
    let mut ours = f64::INFINITY;
    for kind in Kind::ALL {
        let Some(mut child) = Child::start(kind)? else {
            say(&left_out(kind));
            continue;
        };
        let mut crowd = Crowd::default();
        // The first ones load what all share.
        crowd.join(&child, 100).await?;
        crowd.publish(&mut child, 1)?;
        crowd.settled().await?;
        let before = child.usage()?;
        let each = |usage: Usage| (usage.memory - before.memory) as f64 / IDLE as f64 / 1000.0;
        crowd.join(&child, IDLE).await?;
        let idle = each(child.usage()?);
        crowd.publish(&mut child, QUEUED)?;
        crowd.settled().await?;
        let after = each(child.usage()?);
        let title = kind.title();
        say(&format!("  {title:<40} {idle:>6.1} kB   after {QUEUED} messages {after:>6.1} kB"));
        if kind == Kind::Ours {
            ours = idle;
        }
    }
    let of_budget = ours / IDLE_BUDGET;
    say(&format!("  {of_budget:.2} of the budget, {IDLE_BUDGET} kB for an idle one"));
    anyhow::ensure!(of_budget <= 1.0, "an idle connection holds more than {IDLE_BUDGET} kB");
    Ok(())
}

/// Writes a line for people; nobody may be reading.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
