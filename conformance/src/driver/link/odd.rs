//! Requests that no version of the protocol has, to see what an adapter makes of them.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::{Answer, Link, NoAnswer, Waiting};
use crate::driver::PREFIX;

impl Link {
    /// Asks with any fields, under an id that no other request has; what was asked is not told.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`], in time at the latest.
    pub async fn ask_odd(
        &self,
        id: u64,
        mut fields: Map<String, Value>,
        within: Duration,
    ) -> Result<Answer, NoAnswer> {
        let deadline = Instant::now() + within;
        fields.insert("id".to_owned(), id.into());
        let line = format!("{PREFIX}{}\n", Value::Object(fields));
        let mut waiting = Waiting { shared: &self.shared, id };
        let answered = timeout_at(deadline, async {
            let mut slot = self.to.lock().await;
            let mut to = slot.take().ok_or(NoAnswer::Gone)?;
            let (sender, answer) = oneshot::channel();
            {
                let mut inside = self.shared.lock();
                if inside.gone {
                    return Err(NoAnswer::Gone);
                }
                inside.asked.insert(id, Some(sender));
            }
            to.write_all(line.as_bytes()).await.map_err(|_| NoAnswer::Gone)?;
            to.flush().await.map_err(|_| NoAnswer::Gone)?;
            *slot = Some(to);
            drop(slot);
            answer.await.map_err(|_| NoAnswer::Gone)
        });
        let answer = answered.await.unwrap_or(Err(NoAnswer::Late));
        waiting.give_up();
        answer
    }
}
