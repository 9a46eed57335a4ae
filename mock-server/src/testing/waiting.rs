//! Waiting for what a client does.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::timeout;

use super::frames::Frames;
use super::seen::{SeenFrame, Wire};
use crate::mock::MockServer;
use crate::scenario::{Awaited, Span};
use crate::transcript::From;

/// What was waited for did not come, with what crossed the wire instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Missed(String);

/// Waiting. Times are tokio's: on paused time, they pass at once.
impl MockServer {
    /// Waits until the client has done something, once more than earlier calls have waited for: the first call with
    /// [`Awaited::Join`] is met by the first join since the server's start, the second by the second.
    ///
    /// # Errors
    ///
    /// [`Missed`] if it was not done within the time.
    pub async fn wait_for(&self, what: Awaited, within: Duration) -> Result<(), Missed> {
        let mut counts = self.shared().recorder.counts();
        let goal = {
            let waited = &self.door().waited;
            let mut waited = waited.lock().unwrap_or_else(PoisonError::into_inner);
            waited.add(what, 1);
            waited.of(what)
        };
        let reached = counts.wait_for(|counts| counts.of(what) >= goal);
        let reached = matches!(timeout(within, reached).await, Ok(Ok(_)));
        if reached {
            return Ok(());
        }
        let came = counts.borrow().of(what);
        let words = format!("{:?} number {goal} did not come; there were {came}", what.as_str());
        Err(self.missed(&words, within))
    }

    /// Waits for the first frame of this kind since the server's start.
    ///
    /// # Errors
    ///
    /// [`Missed`] if none came within the time.
    pub async fn wait_for_frame(
        &self,
        frames: &Frames,
        within: Duration,
    ) -> Result<SeenFrame, Missed> {
        let mut length = self.watch();
        let mut looked_at = 0;
        let found = async {
            loop {
                let entries = self.entries_from(looked_at);
                looked_at += entries.len();
                let found = entries.iter().filter_map(SeenFrame::of).find(|seen| {
                    seen.from == From::Client
                        && seen.frame.as_ref().is_some_and(|frame| frames.accepts(frame))
                });
                if let Some(found) = found {
                    return found;
                }
                if length.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let found = timeout(within, found).await;
        found.map_err(|_| self.missed(&format!("{frames} did not come"), within))
    }

    fn missed(&self, words: &str, within: Duration) -> Missed {
        Missed(format!("{words} within {}\n{}", Span(within), Wire(self.entries_from(0))))
    }
}
