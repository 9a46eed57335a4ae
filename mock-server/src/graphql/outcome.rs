//! What comes of a document.

use serde_json::{Value, json};

use super::problem::{Lines, Problem};
use super::subscription::Subscription;
use crate::world::Published;

/// What came of a document.
#[derive(Debug)]
pub struct Outcome {
    /// The answer.
    pub answer: Answer,
    /// What subscribers may want to hear of.
    pub published: Vec<Published>,
    /// The channel forgets who its client is, until the next join. Source: recordings, rule 29.
    pub context_lost: bool,
    /// The document is valid only on the older API, which answered it.
    pub by_older_api: bool,
}

/// The answer to a document.
#[derive(Debug)]
pub enum Answer {
    /// A result with data.
    Ok(Value),
    /// Errors without data.
    Error(Value),
    /// A subscription, which still needs an id.
    Subscribed(Subscription),
    /// None: the channel crashes.
    Crash {
        /// Why, for the log.
        reason: String,
    },
}

impl Outcome {
    pub(super) const fn of(answer: Answer) -> Self {
        Self { answer, published: Vec::new(), context_lost: false, by_older_api: false }
    }

    pub(super) fn refused(query: &str, problems: &[Problem], context_lost: bool) -> Self {
        let lines = Lines::new(query);
        let errors: Value = problems.iter().map(|problem| problem.to_value(&lines, None)).collect();
        Self { context_lost, ..Self::of(Answer::Error(json!({"errors": errors}))) }
    }

    /// Refused by one of our limits.
    pub(super) fn limited(query: &str, text: String) -> Self {
        Self::refused(query, &[Problem::nowhere(text)], false)
    }
}
