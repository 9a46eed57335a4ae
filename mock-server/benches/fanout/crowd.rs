//! Many clients in one process: they count what they get, and see that it comes in order and how late.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::child::Child;
use crate::client::Client;

/// Clients that have subscribed.
#[derive(Default)]
pub(crate) struct Crowd {
    readers: JoinSet<anyhow::Result<()>>,
    seen: Arc<Seen>,
    members: u64,
    /// How many frames all of them should have got.
    expected: u64,
}

/// What all of them got.
#[derive(Default)]
struct Seen {
    frames: AtomicU64,
    bytes: AtomicU64,
    out_of_order: AtomicU64,
    /// When each message was published.
    published: Mutex<Vec<Instant>>,
    /// Of every frame, in microseconds.
    delays: Mutex<Vec<u32>>,
}

/// How many connect at the same time.
const AT_ONCE: usize = 50;

/// How long everybody may take to get what was published.
const PATIENCE: Duration = Duration::from_secs(60);

impl Crowd {
    /// More clients come; returns when all of them listen.
    pub(crate) async fn join(&mut self, child: &Child, count: usize) -> anyhow::Result<()> {
        let mut left = count;
        while left > 0 {
            let now = left.min(AT_ONCE);
            let mut comers = JoinSet::new();
            for _ in 0..now {
                comers.spawn(Client::join(child.kind, child.addr.clone(), child.target.clone(), 1));
            }
            while let Some(client) = comers.join_next().await {
                self.readers.spawn(read(client??, Arc::clone(&self.seen)));
            }
            left -= now;
        }
        self.members += count as u64;
        Ok(())
    }

    /// Publishes messages, all at once.
    pub(crate) fn publish(&mut self, child: &mut Child, count: u64) -> anyhow::Result<()> {
        let now = Instant::now();
        let mut published = self.seen.published.lock().unwrap_or_else(PoisonError::into_inner);
        published.extend((0..count).map(|_| now));
        drop(published);
        self.expected += count * self.members;
        child.publish(count)
    }

    /// Returns when everybody has got everything.
    pub(crate) async fn settled(&self) -> anyhow::Result<()> {
        let all = async {
            while self.seen.frames.load(Relaxed) < self.expected {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let settled = timeout(PATIENCE, all).await;
        anyhow::ensure!(settled.is_ok(), "{} frames of {}", self.frames(), self.expected);
        Ok(())
    }

    pub(crate) fn frames(&self) -> u64 {
        self.seen.frames.load(Relaxed)
    }

    /// The mean, in bytes.
    pub(crate) fn frame_length(&self) -> u64 {
        self.seen.bytes.load(Relaxed) / self.frames().max(1)
    }

    pub(crate) fn out_of_order(&self) -> u64 {
        self.seen.out_of_order.load(Relaxed)
    }

    /// How late the frames came since this was asked last, sorted.
    pub(crate) fn take_delays(&self) -> Vec<Duration> {
        let mut delays = self.seen.delays.lock().unwrap_or_else(PoisonError::into_inner);
        let mut delays = std::mem::take(&mut *delays);
        delays.sort_unstable();
        delays.into_iter().map(|us| Duration::from_micros(us.into())).collect()
    }
}

async fn read(mut client: Client, seen: Arc<Seen>) -> anyhow::Result<()> {
    let mut before = None;
    loop {
        let payload = client.next().await?;
        let number = number(payload);
        seen.bytes.fetch_add(payload.len() as u64, Relaxed);
        if before.is_some_and(|before| number != before + 1) {
            seen.out_of_order.fetch_add(1, Relaxed);
        }
        before = Some(number);
        let published = seen.published.lock().unwrap_or_else(PoisonError::into_inner);
        let delay = published.get(number).map(Instant::elapsed).unwrap_or_default();
        drop(published);
        let delay = u32::try_from(delay.as_micros()).unwrap_or(u32::MAX);
        seen.delays.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
        seen.frames.fetch_add(1, Relaxed);
    }
}

/// The message's text is a number.
fn number(payload: &[u8]) -> usize {
    const BEFORE: &[u8] = br#""message":""#;
    let at = payload.windows(BEFORE.len()).position(|window| window == BEFORE);
    let digits = at.map_or(&[][..], |at| &payload[at + BEFORE.len()..]);
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}
