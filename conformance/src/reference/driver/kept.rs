//! What some defects keep from one connection of a name to the next.

use std::collections::HashMap;

use glimesh_proto::{Doc, SubscriptionId};

use super::How;

/// What is kept; nothing, without one of these defects.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The URL of the first connection.
    url: Option<String>,
    /// The subscriptions of earlier connections, with their names.
    pub(super) subs: HashMap<SubscriptionId, String>,
    /// The posts that were not answered.
    pub(super) lost: Vec<Doc>,
}

impl Kept {
    /// Where to connect.
    pub(super) fn url(&mut self, how: Option<How>, url: String) -> String {
        match how {
            Some(How::KeepsFirstToken) => self.url.get_or_insert(url).clone(),
            _ => url,
        }
    }
}
