//! The noise probe: how badly the machine stalls while sessions run.
//!
//! A verdict about time is only as good as the clock that it was read from. A thread that wants to wake up every
//! few milliseconds and notes how late it was shows what a client under test, and the mock beside it, had to bear.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the probe wakes up.
const TICK: Duration = Duration::from_millis(5);

/// Stalls shorter than this are the scheduler's daily business.
const WORTH_KEEPING: Duration = Duration::from_millis(2);

/// How many stalls are kept; the oldest go first.
const MAX_STALLS: usize = 100_000;

/// A running probe; it ends when dropped.
#[derive(Debug)]
pub struct Probe {
    stalls: Arc<Mutex<VecDeque<Stall>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, Debug)]
struct Stall {
    until: Instant,
    late_by: Duration,
}

impl Probe {
    /// Starts the probe.
    pub fn start() -> Self {
        let stalls = Arc::new(Mutex::new(VecDeque::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let (sink, stop) = (Arc::clone(&stalls), Arc::clone(&ended));
        let thread = std::thread::spawn(move || measure(&sink, &stop));
        Self { stalls, ended, thread: Some(thread) }
    }

    /// The longest stall since an instant.
    pub fn worst_since(&self, since: Instant) -> Duration {
        let stalls = self.stalls.lock().expect("the probe's thread does not panic");
        let in_window = stalls.iter().filter(|stall| stall.until >= since);
        in_window.map(|stall| stall.late_by).max().unwrap_or_default()
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the probe's thread does not panic");
        }
    }
}

fn measure(stalls: &Mutex<VecDeque<Stall>>, ended: &AtomicBool) {
    let mut before = Instant::now();
    while !ended.load(Ordering::Relaxed) {
        std::thread::sleep(TICK);
        let now = Instant::now();
        let late_by = (now - before).saturating_sub(TICK);
        before = now;
        if late_by >= WORTH_KEEPING {
            let mut stalls = stalls.lock().expect("readers of the stalls do not panic");
            stalls.push_back(Stall { until: now, late_by });
            if stalls.len() > MAX_STALLS {
                stalls.pop_front();
            }
        }
    }
}
