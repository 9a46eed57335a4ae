//! One recording: what a client of the real server did, and what it saw.

use serde::Deserialize;

use super::category::Category;
use super::event::Event;
use super::step::Step;

/// What a client did, and what it saw.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// `CATEGORY/NAME`.
    pub id: String,
    /// What it is about.
    pub category: Category,
    /// What it shows, in words.
    pub title: String,
    /// Whether it waits for timeouts, and is about time.
    #[serde(default)]
    pub slow: bool,
    /// Whether something has to be done inside the server.
    #[serde(default)]
    pub needs_control: bool,
    /// Whether the order of frames varied; `variants` then holds the others that were seen.
    #[serde(default)]
    pub race: bool,
    /// What the client did.
    pub steps: Vec<Step>,
    /// What the client saw.
    pub events: Vec<Event>,
    /// What it saw at other times.
    #[serde(default)]
    pub variants: Vec<Vec<Event>>,
}

/// There is no recording with this id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no recording {id:?}; did you mean {similar}? fixtures/recordings has all")]
pub struct NoRecord {
    /// As given.
    pub id: String,
    /// The one that exists and is most like it.
    pub similar: String,
}

impl Record {
    /// All recordings of the real server.
    pub fn all() -> Vec<Self> {
        Category::ALL.into_iter().flat_map(Category::records).collect()
    }

    /// The recording with this id.
    ///
    /// # Errors
    ///
    /// [`NoRecord`] names the one that may have been meant.
    pub fn named(id: &str) -> Result<Self, NoRecord> {
        let mut records = Self::all();
        if let Some(index) = records.iter().position(|record| record.id == id) {
            return Ok(records.swap_remove(index));
        }
        let distance = |record: &Self| strsim::damerau_levenshtein(id, &record.id);
        let similar = records.into_iter().min_by_key(distance).map(|record| record.id);
        Err(NoRecord { id: id.to_owned(), similar: similar.unwrap_or_default() })
    }

    /// Whether it changes what other clients of the server see, or depends on nobody having done so.
    pub fn changes_world(&self) -> bool {
        let sends_mutation = |step: &Step| match step {
            Step::Text { data, .. } => data.to_string().contains("mutation"),
            Step::Connect(connect) => [&connect.raw_http, &connect.body]
                .into_iter()
                .flatten()
                .any(|text| text.contains("mutation")),
            _ => false,
        };
        self.needs_control || self.steps.iter().any(sends_mutation)
    }

    /// Whether the server's program is stopped in it.
    pub fn stops_server(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::ServerStop { .. }))
    }
}
