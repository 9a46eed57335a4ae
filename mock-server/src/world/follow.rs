//! Who follows whom.

use std::sync::Arc;

use serde::Deserialize;

use super::chat::minutes_between;
use super::{Published, Refusal, Row, Scope, Viewer, World};

/// What the chat says of a new follower. Source: recordings, rule 35.
const FOLLOWED: &str = " just followed the stream!";

/// Source: Glimesh/glimesh.tv, `lib/glimesh/account_follows.ex`: six hours.
const MINUTES_BETWEEN_ANNOUNCEMENTS: i64 = 360;

/// A user who follows a streamer.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Follower {
    pub(crate) id: u64,
    pub(crate) streamer_id: u64,
    pub(crate) user_id: u64,
    pub(crate) has_live_notifications: bool,
    /// `None`: as old as the world.
    #[serde(skip)]
    pub(crate) at: Option<String>,
}

impl Row for Follower {
    fn id(&self) -> u64 {
        self.id
    }
}

impl World {
    /// Makes the viewer a follower; tells the streamer's chat and the subscribers.
    pub(crate) fn follow(
        &mut self,
        viewer: &Viewer,
        now: &str,
        streamer_id: u64,
        has_live_notifications: bool,
    ) -> Result<(Arc<Follower>, Vec<Published>), Refusal> {
        let (user_id, streamer_id) = self.follow_pair(viewer, streamer_id)?;
        if self.following(user_id, streamer_id).is_some() {
            return Err(Refusal::said("streamer_id: has already been taken"));
        }
        let id = self.followers.next_id().max(self.first_new_follower_id);
        let at = Some(now.to_owned());
        let follower = Follower { id, streamer_id, user_id, has_live_notifications, at };
        let follower = self.followers.push(follower);
        let mut published = vec![Published::Follower { streamer_id, follower_id: id }];
        if let Some(channel_id) = self.may_announce(user_id, streamer_id, now) {
            let message = self.add_message(now, channel_id, user_id, FOLLOWED, true);
            published.push(Published::ChatMessage { channel_id, message_id: message.id });
        }
        Ok((follower, published))
    }

    /// Ends that.
    pub(crate) fn unfollow(
        &mut self,
        viewer: &Viewer,
        streamer_id: u64,
    ) -> Result<Arc<Follower>, Refusal> {
        let (user_id, streamer_id) = self.follow_pair(viewer, streamer_id)?;
        let id = self.following(user_id, streamer_id).map(|follower| follower.id);
        id.and_then(|id| self.followers.remove(id)).ok_or_else(|| Refusal::said("Not following"))
    }

    /// The streamer's channel, if the new follower may chat there and was not announced lately.
    fn may_announce(&self, user_id: u64, streamer_id: u64, now: &str) -> Option<u64> {
        let channel = self.channel_of(streamer_id)?;
        self.check_author(self.users.find(user_id)?, channel, now).ok()?;
        let mut announced = self.messages.iter().filter(|message| {
            (message.channel_id, message.user_id) == (channel.id, user_id)
                && message.is_followed_message
        });
        let is_old = |at: &str| minutes_between(at, now) > MINUTES_BETWEEN_ANNOUNCEMENTS;
        announced.next_back().is_none_or(|message| is_old(&message.at)).then_some(channel.id)
    }

    pub(crate) fn following(&self, user_id: u64, streamer_id: u64) -> Option<&Arc<Follower>> {
        self.followers.iter().find(|row| row.user_id == user_id && row.streamer_id == streamer_id)
    }

    fn follow_pair(&self, viewer: &Viewer, streamer_id: u64) -> Result<(u64, u64), Refusal> {
        let user_id = viewer.user_id().filter(|_| viewer.may(Scope::Follow));
        let user_id = user_id.ok_or_else(Refusal::unauthorized)?;
        let streamer = self.users.find(streamer_id);
        streamer.ok_or_else(|| Refusal::said("Could not find resource"))?;
        Ok((user_id, streamer_id))
    }
}
