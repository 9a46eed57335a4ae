//! Many records, side by side where they do not disturb each other.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::compare::{Difference, compare};
use super::differences::Differences;
use super::player::play as play_one;
use super::record::Record;
use super::stage::Stage;

/// A record and what became of it.
#[derive(Clone, Debug)]
pub struct Played {
    /// What was played.
    pub record: Record,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The server answered as recorded.
    Same,
    /// It did not, and nobody has said why.
    Different(Vec<Difference>),
    /// It did not, as is known of the mock.
    Listed {
        /// Why.
        reason: String,
        /// How.
        differences: Vec<Difference>,
    },
    /// It was not played.
    NotPlayed {
        /// Why.
        why: String,
    },
}

/// Plays all records, up to `jobs` side by side; they come back in their order.
pub async fn play(
    records: Vec<Record>,
    stage: &Stage,
    listed: &Differences,
    jobs: usize,
) -> Vec<Played> {
    let shared = Arc::new((stage.clone(), listed.clone()));
    let (alone, mut together): (Vec<_>, Vec<_>) =
        records.into_iter().enumerate().partition(|(_, record)| stage.isolates(record));
    together.sort_by_key(|(_, record)| !record.slow);
    let mut played = Vec::new();
    // What changes the world comes last, so that the others find it unchanged.
    for (records, jobs) in [(together, jobs.max(1)), (alone, 1)] {
        let mut records = records.into_iter();
        let mut running = JoinSet::new();
        loop {
            for (index, record) in records.by_ref().take(jobs - running.len()) {
                let shared = Arc::clone(&shared);
                running.spawn(async move { (index, outcome(record, &shared.0, &shared.1).await) });
            }
            match running.join_next().await {
                Some(one) => played.push(one.expect("a player does not panic")),
                None => break,
            }
        }
    }
    played.sort_by_key(|(index, _)| *index);
    played.into_iter().map(|(_, played)| played).collect()
}

async fn outcome(record: Record, stage: &Stage, listed: &Differences) -> Played {
    let outcome = match stage.hinders(&record) {
        Some(why) => Outcome::NotPlayed { why: why.to_owned() },
        None => match play_one(&record, stage).await {
            Ok(found) => judge(&record, compare(&record, &found), listed),
            Err(error) => Outcome::NotPlayed { why: error.to_string() },
        },
    };
    Played { record, outcome }
}

fn judge(record: &Record, differences: Vec<Difference>, listed: &Differences) -> Outcome {
    match listed.reason(&record.id) {
        _ if differences.is_empty() => Outcome::Same,
        Some(reason) => Outcome::Listed { reason: reason.to_owned(), differences },
        None => Outcome::Different(differences),
    }
}
