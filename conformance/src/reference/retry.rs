//! How long to wait before the next try to connect.

use std::time::Duration;

use super::surroundings::Surroundings;
use super::{Manner, Mutant, Variant};

/// Counts failures and turns them into delays.
#[derive(Debug)]
pub(super) struct Retry {
    manner: Manner,
    around: Surroundings,
    failures: usize,
    /// Until when the heartbeat that was sent last has to be answered. Kept from one connection to the next only by
    /// a mutant.
    pub(super) beat_due: Option<tokio::time::Instant>,
}

/// A lost connection is tried again quickly, what keeps failing ever more slowly. The last one repeats.
const POLITE: [u64; 7] = [200, 1000, 2000, 4000, 8000, 16_000, 30_000];

/// Source: Phoenix, `assets/js/phoenix/socket.js`, `reconnectAfterMs`.
const QUICK: [u64; 10] = [10, 50, 100, 150, 200, 250, 500, 1000, 2000, 5000];

/// Source: Phoenix, `assets/js/phoenix/socket.js`, `rejoinAfterMs`: the first one.
const REFUSED: Duration = Duration::from_millis(1000);

/// More often than once a second, and never less so.
const STEADY: [u64; 1] = [600];

const SLOW: [u64; 2] = [2000, 5000];

impl Retry {
    pub(super) fn new(manner: Manner, around: &Surroundings) -> Self {
        Self { manner, around: around.clone(), failures: 0, beat_due: None }
    }

    /// The connection has proved itself: the next loss is the first one again.
    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }

    /// The delay before a refused join is tried again: what was refused does not mend itself at once.
    pub(super) fn next_delay_after_refusal(&mut self) -> Duration {
        self.next_delay().max(REFUSED)
    }

    /// The server refused the upgrade. That will not mend itself at once, so the quick try is left out.
    pub(super) fn refused(&mut self) {
        self.failures = self.failures.max(2);
    }

    /// The delay before the next try; up to a fifth longer than planned, so that clients do not come back in step.
    pub(super) fn next_delay(&mut self) -> Duration {
        let plan: &[u64] = match self.manner {
            // Leaks show only after many connections.
            Manner::Correct(Variant::QuickRetry)
            | Manner::Broken(Mutant::KeepsSockets | Mutant::KeepsBuffers) => &QUICK,
            Manner::Correct(Variant::SlowRetry) => &SLOW,
            Manner::Broken(Mutant::TriesSteadily) => &STEADY,
            _ => &POLITE,
        };
        let planned = plan[self.failures.min(plan.len() - 1)];
        self.failures += 1;
        Duration::from_millis(planned + self.around.luck(planned / 5 + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_their_cap_and_begin_anew_after_a_reset() {
        let mut retry = Retry::new(Manner::Polite, &Surroundings::world());
        for planned in [200, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] {
            let delay = retry.next_delay().as_millis() as u64;
            assert!((planned..=planned * 6 / 5).contains(&delay), "{delay} for {planned}");
        }
        retry.reset();
        assert!(retry.next_delay() < Duration::from_millis(300));
    }

    #[test]
    fn a_refusal_is_not_tried_again_quickly() {
        let mut retry = Retry::new(Manner::Polite, &Surroundings::world());
        retry.refused();
        assert!(retry.next_delay() >= Duration::from_secs(2));
    }
}
