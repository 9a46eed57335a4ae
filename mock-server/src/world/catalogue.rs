//! What streams are sorted by, and what is only shown: categories, tags, streams, linked accounts, edges.

use serde::Deserialize;

use super::Row;

/// What a stream is about.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Category {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) slug: String,
}

/// A game or topic within a category.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Subcategory {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) user_created: bool,
    pub(crate) category_id: u64,
}

/// A word that describes a stream.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tag {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) count_usage: u32,
    pub(crate) category_id: u64,
}

/// A broadcast.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Stream {
    pub(crate) id: u64,
    pub(crate) channel_id: u64,
    pub(crate) category_id: u64,
    pub(crate) title: String,
    pub(crate) started_at: String,
    pub(crate) ended_at: Option<String>,
    pub(crate) count_viewers: u32,
    pub(crate) peak_viewers: u32,
}

/// A user's account elsewhere.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Social {
    pub(crate) id: u64,
    pub(crate) user_id: u64,
    pub(crate) platform: String,
    pub(crate) identifier: String,
    pub(crate) username: String,
}

/// A server from which a stream can be watched.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Edge {
    pub(crate) id: u64,
    pub(crate) hostname: String,
    pub(crate) url: String,
    pub(crate) priority: i32,
    pub(crate) available: i32,
    pub(crate) country_codes: Vec<String>,
}

impl Row for Category {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Row for Subcategory {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Row for Tag {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Row for Stream {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Row for Social {
    fn id(&self) -> u64 {
        self.id
    }
}
