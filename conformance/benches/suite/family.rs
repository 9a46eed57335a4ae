//! What a process and all that descends from it use, looked at while they run.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

/// How often the family's memory is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// What a family has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    /// Of CPU, in seconds, user and system, of all its members that were waited for.
    pub(crate) cpu: f64,
    /// The most memory that all members held at one look, in millions of bytes; what they share counts for each.
    pub(crate) peak: f64,
}

/// A family under observation.
#[derive(Debug)]
pub(crate) struct Family {
    over: Arc<AtomicBool>,
    looking: JoinHandle<f64>,
    cpu_before: f64,
}

impl Family {
    /// Begins to look at the process with this id, a child of this one, and at its descendants.
    pub(crate) fn of(id: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let looking = thread::spawn(move || {
            let mut peak = 0.0_f64;
            while !until.load(Ordering::Relaxed) {
                peak = peak.max(resident(id));
                thread::sleep(LOOK);
            }
            peak
        });
        Self { over, looking, cpu_before: cpu() }
    }

    /// What it has used; to be asked when the process was waited for.
    pub(crate) fn used(self) -> Used {
        self.over.store(true, Ordering::Relaxed);
        let peak = self.looking.join().unwrap_or(f64::NAN);
        Used { cpu: cpu() - self.cpu_before, peak }
    }
}

/// The CPU time of all children that have ended, in seconds.
fn cpu() -> f64 {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else { return f64::NAN };
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// The memory of the process and its descendants now, in millions of bytes: `VmRSS` of `/proc/PID/status`.
fn resident(first: u32) -> f64 {
    let mut parents = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name in parentheses may hold anything; the parent is the second word after it.
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        parents.insert(id, parent.unwrap_or(0));
    }
    let belongs = |id: &&u32| {
        let line = std::iter::successors(Some(**id), |id| parents.get(id).copied());
        line.take(64).any(|id| id == first)
    };
    let kilobytes = parents.keys().filter(belongs).filter_map(|id| {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.parse::<f64>().ok()
    });
    kilobytes.sum::<f64>() * 1024.0 / 1e6
}
