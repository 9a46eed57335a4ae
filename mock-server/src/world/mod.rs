//! What the chat is about, in memory: users, channels, messages, and who may do what. Knows no GraphQL and no clock.
//!
//! Ids are deterministic: new rows count on from the last one.
//!
//! Source: `fixtures/world.json`, the world that the recordings were made in; recordings, rules 26 to 38.

mod catalogue;
mod channel;
mod chat;
mod check;
mod file;
mod follow;
mod given;
mod grant;
mod moderation;
mod published;
mod refusal;
mod rows;
#[cfg(test)]
mod schema;
mod token;
mod user;
mod viewer;

use std::collections::BTreeMap;

pub use chat::SayError;
pub use file::WorldError;
pub use published::Published;
pub use viewer::{Scope, Viewer};

pub(crate) use catalogue::{Category, Edge, Social, Stream, Subcategory, Tag};
pub(crate) use channel::Channel;
pub(crate) use chat::{ChatMessage, Metadata};
pub(crate) use follow::Follower;
pub(crate) use given::Given;
pub(crate) use grant::GrantError;
pub(crate) use moderation::{Action, Ban, LogEntry, Moderator};
pub(crate) use refusal::Refusal;
pub(crate) use rows::{Row, Rows};
pub(crate) use token::{Token, TokenKind};
pub(crate) use user::User;

use grant::Secret;
use viewer::Grant;

/// Everything that the server knows.
#[derive(Clone, Debug, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct World {
    /// Where it comes from; for people.
    #[serde(rename = "note", default)]
    _note: String,
    /// The site's address, before paths of pictures.
    pub(crate) host: String,
    /// When all rows of the file were inserted and updated.
    pub(crate) made_at: String,
    /// New followers count on from here, or from the last row.
    first_new_follower_id: u64,
    /// Client ids of applications: UUIDs in lower case.
    clients: Vec<String>,
    /// What clients prove themselves with when they ask for a token; those that are not here get none.
    #[serde(default)]
    client_secrets: BTreeMap<String, Secret>,
    /// Ids of applications in the form before the current one; no socket takes them.
    #[serde(default)]
    old_client_ids: BTreeMap<String, String>,
    /// Access tokens.
    tokens: BTreeMap<String, Grant>,
    pub(crate) users: Rows<User>,
    pub(crate) channels: Rows<Channel>,
    pub(crate) categories: Rows<Category>,
    #[serde(default)]
    pub(crate) subcategories: Rows<Subcategory>,
    #[serde(default)]
    pub(crate) tags: Rows<Tag>,
    #[serde(default)]
    pub(crate) streams: Rows<Stream>,
    #[serde(default)]
    pub(crate) followers: Rows<Follower>,
    #[serde(default)]
    pub(crate) socials: Rows<Social>,
    #[serde(default)]
    pub(crate) moderators: Rows<Moderator>,
    #[serde(default)]
    pub(crate) bans: Rows<Ban>,
    /// Pictures by the text that stands for them.
    #[serde(default)]
    pub(crate) emotes: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) homepage_channel_ids: Vec<u64>,
    /// The one place where streams can be watched.
    pub(crate) edge: Edge,
    #[serde(skip)]
    pub(crate) messages: Rows<ChatMessage>,
    #[serde(skip)]
    pub(crate) log: Rows<LogEntry>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_world_is_complete() {
        let world = World::embedded();
        assert_eq!(world.users.iter().count(), 9);
        assert_eq!(world.channels.find(6).unwrap().streamer_id, 1);
    }

    #[test]
    fn tokens_and_client_ids_name_their_viewers() {
        let world = World::embedded();
        let viewer = world.viewer_of_token("tok_mytho_chat").unwrap();
        assert_eq!((viewer.user_id(), viewer.may(Scope::Chat)), (Some(1), true));
        assert!(!world.viewer_of_token("tok_mytho_public").unwrap().may(Scope::Chat));
        assert_eq!(world.viewer_of_token("tok_nobody"), None);
        assert!(world.viewer_of_client_id("4D4E4F50-0001-4000-8000-000000000001").is_some());
        assert_eq!(world.viewer_of_client_id("4d4e4f50-0009-4000-8000-000000000001"), None);
    }
}
