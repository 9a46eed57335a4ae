//! Channels.

use std::sync::Arc;

use serde::Deserialize;

use super::{Refusal, Row, Scope, Viewer, World};

/// Where a user streams, and others chat.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Channel {
    pub(crate) id: u64,
    pub(crate) streamer_id: u64,
    pub(crate) category_id: u64,
    pub(crate) subcategory_id: Option<u64>,
    pub(crate) tag_ids: Vec<u64>,
    pub(crate) stream_id: Option<u64>,
    pub(crate) status: String,
    pub(crate) language: String,
    pub(crate) backend: String,
    pub(crate) hmac_key: String,
    pub(crate) stream_key: String,
    pub(crate) title: String,
    pub(crate) mature_content: bool,
    pub(crate) show_on_homepage: bool,
    pub(crate) inaccessible: bool,
    pub(crate) disable_hyperlinks: bool,
    pub(crate) block_links: bool,
    pub(crate) require_confirmed_email: bool,
    /// In hours.
    pub(crate) minimum_account_age: u32,
    pub(crate) show_recent_chat_messages_only: bool,
}

impl Row for Channel {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Channel {
    pub(crate) fn is_live(&self) -> bool {
        self.status == "LIVE"
    }
}

impl World {
    pub(crate) fn channel_of(&self, streamer_id: u64) -> Option<&Arc<Channel>> {
        self.channels.iter().find(|channel| channel.streamer_id == streamer_id)
    }

    pub(crate) fn homepage_channels(&self) -> impl Iterator<Item = &Arc<Channel>> {
        self.homepage_channel_ids.iter().filter_map(|id| self.channels.find(*id))
    }

    /// Whether the viewer is a site admin. Only they may see keys and handle streams, whatever the token's scopes.
    ///
    /// Source: Glimesh/glimesh.tv, `lib/glimesh/api/scopes.ex`, `lib/glimesh/api/resolvers/channel_resolver.ex`.
    pub(crate) fn is_admin(&self, viewer: &Viewer) -> bool {
        viewer.user_id().and_then(|id| self.users.find(id)).is_some_and(|user| user.is_admin)
    }

    /// Gives a channel a new title.
    pub(crate) fn retitle(
        &mut self,
        viewer: &Viewer,
        channel_id: u64,
        title: &str,
    ) -> Result<Arc<Channel>, Refusal> {
        if !viewer.may(Scope::StreamInfo) {
            return Err(Refusal::unauthorized());
        }
        let channel = self.channels.find(channel_id);
        let streamer_id = channel.ok_or_else(|| Refusal::said("Channel not found"))?.streamer_id;
        if viewer.user_id() != Some(streamer_id) && !self.is_admin(viewer) {
            return Err(Refusal::unauthorized());
        }
        let changed = self.channels.change(channel_id, |channel| channel.title = title.to_owned());
        Ok(changed.expect("it was found above"))
    }
}
