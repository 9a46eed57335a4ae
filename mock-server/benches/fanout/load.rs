//! A crowd on one channel, without and with a client among them that subscribes often and never reads.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{Instant, sleep_until};

use crate::child::Child;
use crate::client::Client;
use crate::crowd::Crowd;
use crate::say;
use crate::servers::Kind;

/// How many messages are published, and how often.
const MESSAGES: u64 = 60;
const EVERY: Duration = Duration::from_millis(250);

/// How many subscriptions the client that never reads has: enough for more than the server lets wait.
const OF_THE_SLOW_READER: usize = 1_000;

pub(crate) async fn run(subscribers: usize) -> anyhow::Result<()> {
    let mut child = Child::start(Kind::Ours)?.context("our own server is there")?;
    let mut crowd = Crowd::default();
    crowd.join(&child, subscribers).await?;
    say(&format!("{subscribers} subscribers, {MESSAGES} messages, one every {EVERY:?}"));
    listen("nobody is slow", &mut child, &mut crowd).await?;
    let (addr, target) = (child.addr.clone(), child.target.clone());
    let slow = Client::join(child.kind, addr, target, OF_THE_SLOW_READER).await?;
    listen("a client does not read", &mut child, &mut crowd).await?;
    let end = if slow.sees_the_end().await { "was cut" } else { "was not cut" };
    say(&format!("  the client that does not read {end}"));
    listen("after it", &mut child, &mut crowd).await
}

async fn listen(title: &str, child: &mut Child, crowd: &mut Crowd) -> anyhow::Result<()> {
    let before = child.usage()?;
    let mut most = before.memory;
    crowd.take_delays();
    let start = Instant::now();
    for turn in 0..MESSAGES {
        sleep_until(start + EVERY * u32::try_from(turn)?).await;
        crowd.publish(child, 1)?;
        most = most.max(child.usage()?.memory);
    }
    crowd.settled().await?;
    let after = child.usage()?;
    let delays = crowd.take_delays();
    let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize];
    let cpu = (after.cpu_us - before.cpu_us) as f64 / delays.len() as f64;
    let mega = |bytes: i64| bytes as f64 / 1e6;
    say(&format!(
        "  {title:<24} {} frames, {} out of order; half within {:.0?}, 99 % within {:.0?}, the last within {:.0?}; \
         {cpu:.2} µs CPU a frame; memory {:.1} MB, at most {:.1} MB, then {:.1} MB",
        delays.len(),
        crowd.out_of_order(),
        at(0.5),
        at(0.99),
        at(1.0),
        mega(before.memory),
        mega(most),
        mega(after.memory),
    ));
    Ok(())
}
