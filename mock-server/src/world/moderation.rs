//! Moderators, bans and timeouts.

use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use serde::Deserialize;

use super::{Channel, Refusal, Row, Scope, User, Viewer, World};

/// How many bans and log entries are kept, the latest: as many as messages, and more than anybody makes by hand.
const MOST_KEPT: usize = 100_000;

/// A user who may do a streamer's work.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Moderator {
    pub(crate) id: u64,
    pub(crate) channel_id: u64,
    pub(crate) user_id: u64,
    pub(crate) can_short_timeout: bool,
    pub(crate) can_long_timeout: bool,
    pub(crate) can_ban: bool,
    pub(crate) can_unban: bool,
    pub(crate) can_delete: bool,
}

/// A user who may not chat in a channel.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Ban {
    pub(crate) id: u64,
    pub(crate) channel_id: u64,
    pub(crate) user_id: u64,
    /// `None`: never.
    pub(crate) expires_at: Option<String>,
    pub(crate) reason: Option<String>,
    /// `None`: as old as the world.
    #[serde(skip)]
    pub(crate) at: Option<String>,
}

/// What a moderator did.
#[derive(Clone, Debug)]
pub(crate) struct LogEntry {
    pub(crate) id: u64,
    pub(crate) channel_id: u64,
    pub(crate) moderator_id: u64,
    pub(crate) user_id: u64,
    pub(crate) action: Action,
    pub(crate) at: String,
}

/// What a moderator can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    ShortTimeout,
    LongTimeout,
    Ban,
    Unban,
    DeleteMessage,
}

impl Action {
    /// The word in the log.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ShortTimeout => "short_timeout",
            Self::LongTimeout => "long_timeout",
            Self::Ban => "ban",
            Self::Unban => "unban",
            Self::DeleteMessage => "delete_message",
        }
    }

    /// How long it keeps a user out. Source: the schema's descriptions.
    const fn minutes(self) -> Option<i64> {
        match self {
            Self::ShortTimeout => Some(5),
            Self::LongTimeout => Some(15),
            Self::Ban | Self::Unban | Self::DeleteMessage => None,
        }
    }
}

impl Row for Moderator {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Row for Ban {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Row for LogEntry {
    fn id(&self) -> u64 {
        self.id
    }
}

impl World {
    pub(crate) fn moderator(&self, channel_id: u64, user_id: u64) -> Option<&Arc<Moderator>> {
        self.moderators.iter().find(|row| row.channel_id == channel_id && row.user_id == user_id)
    }

    /// Does something to a user.
    ///
    /// Source: Glimesh/glimesh.tv, `lib/glimesh/api/resolvers/chat_resolver.ex`: everything is looked up, and the
    /// look-ups crash, before anybody asks whether the moderator may.
    pub(crate) fn moderate(
        &mut self,
        viewer: &Viewer,
        now: &str,
        channel_id: u64,
        user_id: u64,
        action: Action,
    ) -> Result<Arc<LogEntry>, Refusal> {
        let (moderator, channel) = self.moderated_channel(viewer, channel_id)?;
        if self.users.find(user_id).is_none() {
            return Err(Refusal::crash(format!("there is no user {user_id} to moderate")));
        }
        self.check_moderator(moderator, channel, action)?;
        let moderator_id = moderator.id;
        if action == Action::Unban {
            let row = self.bans.iter().rfind(|ban| ban.concerns(channel_id, user_id, now));
            let Some(id) = row.map(|ban| ban.id) else {
                return Err(Refusal::crash(format!("user {user_id} is not banned")));
            };
            self.bans.remove(id);
        } else {
            let expires_at = action.minutes().map(|minutes| later(now, minutes));
            let (id, at) = (self.bans.next_id(), Some(now.to_owned()));
            self.bans.push(Ban { id, channel_id, user_id, expires_at, reason: None, at });
            self.bans.forget_all_but(MOST_KEPT);
        }
        Ok(self.write_down(channel_id, moderator_id, user_id, action, now))
    }

    /// Takes a message out of the site's own chat. The API goes on to list it.
    ///
    /// Source: as above; `lib/glimesh/api/resolvers/channel_resolver.ex`, `get_messages`.
    pub(crate) fn delete_message(
        &mut self,
        viewer: &Viewer,
        now: &str,
        channel_id: u64,
        message_id: u64,
    ) -> Result<Arc<LogEntry>, Refusal> {
        let (moderator, channel) = self.moderated_channel(viewer, channel_id)?;
        let Some(message) = self.messages.find(message_id) else {
            return Err(Refusal::crash(format!("there is no message {message_id} to delete")));
        };
        let action = Action::DeleteMessage;
        self.check_moderator(moderator, channel, action)?;
        let (moderator_id, user_id) = (moderator.id, message.user_id);
        Ok(self.write_down(channel_id, moderator_id, user_id, action, now))
    }

    /// What a banned user is told. Source: recordings `doc/m_chat_channel_banned`, `doc/m_timeout_then_chat`.
    pub(super) fn ban_notice(&self, channel_id: u64, user_id: u64, now: &str) -> Option<String> {
        let mut bans = self.bans.iter().filter(|ban| ban.concerns(channel_id, user_id, now));
        let ban = bans.next_back()?;
        let Some(expires_at) = &ban.expires_at else {
            return Some("You are permanently banned from this channel.".to_owned());
        };
        let minutes = minutes_until(now, expires_at);
        Some(format!("You are banned from this channel for {minutes} more minutes."))
    }

    /// Who wants to moderate, and where.
    fn moderated_channel(
        &self,
        viewer: &Viewer,
        channel_id: u64,
    ) -> Result<(&User, &Channel), Refusal> {
        let user_id = viewer.user_id().filter(|_| viewer.may(Scope::Chat));
        let user = user_id.and_then(|id| self.users.find(id)).ok_or_else(Refusal::unauthorized)?;
        match self.channels.find(channel_id) {
            Some(channel) => Ok((user, channel)),
            None => Err(Refusal::crash(format!("there is no channel {channel_id} to moderate"))),
        }
    }

    /// Source: Glimesh/glimesh.tv, `lib/glimesh/chat/policy.ex`.
    fn check_moderator(
        &self,
        user: &User,
        channel: &Channel,
        action: Action,
    ) -> Result<(), Refusal> {
        let may = user.is_admin
            || channel.streamer_id == user.id
            || self.moderator(channel.id, user.id).is_some_and(|row| row.may(action));
        if may { Ok(()) } else { Err(Refusal::unauthorized()) }
    }

    fn write_down(
        &mut self,
        channel_id: u64,
        moderator_id: u64,
        user_id: u64,
        action: Action,
        now: &str,
    ) -> Arc<LogEntry> {
        let (id, at) = (self.log.next_id(), now.to_owned());
        let entry = self.log.push(LogEntry { id, channel_id, moderator_id, user_id, action, at });
        self.log.forget_all_but(MOST_KEPT);
        entry
    }
}

impl Moderator {
    const fn may(&self, action: Action) -> bool {
        match action {
            Action::ShortTimeout => self.can_short_timeout,
            Action::LongTimeout => self.can_long_timeout,
            Action::Ban => self.can_ban,
            Action::Unban => self.can_unban,
            Action::DeleteMessage => self.can_delete,
        }
    }
}

impl Ban {
    /// Whether it keeps the user out of the channel now. Times are text of one form, so text order is their order.
    fn concerns(&self, channel_id: u64, user_id: u64, now: &str) -> bool {
        let open = self.expires_at.as_deref().is_none_or(|expires_at| expires_at > now);
        (self.channel_id, self.user_id) == (channel_id, user_id) && open
    }
}

fn later(now: &str, minutes: i64) -> String {
    let then = now.parse::<DateTime>().ok().and_then(|now| now.checked_add(minutes.minutes()).ok());
    then.map_or_else(|| now.to_owned(), |then| then.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

/// Rounded up.
fn minutes_until(earlier: &str, later: &str) -> i64 {
    match (earlier.parse::<DateTime>(), later.parse::<DateTime>()) {
        (Ok(earlier), Ok(later)) => (earlier.duration_until(later).as_secs() + 59) / 60,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-01T00:00:00";
    const LATER: &str = "2026-01-01T00:04:01";
    const MUCH_LATER: &str = "2026-01-01T00:05:00";

    #[test]
    fn timeouts_end() {
        let mut world = World::embedded();
        let streamer = world.viewer_of_token("tok_mytho_chat").unwrap();
        world.moderate(&streamer, NOW, 6, 3, Action::ShortTimeout).unwrap();
        let notice = |now| world.ban_notice(6, 3, now);
        let text =
            |minutes| Some(format!("You are banned from this channel for {minutes} more minutes."));
        assert_eq!((notice(NOW), notice(LATER), notice(MUCH_LATER)), (text(5), text(1), None));
    }

    #[test]
    fn moderators_do_what_they_may_in_their_channel() {
        let mut world = World::embedded();
        let moderator = world.viewer_of_token("tok_modder_chat").unwrap();
        let mut act =
            |channel_id, action| world.moderate(&moderator, NOW, channel_id, 3, action).map(|_| ());
        assert_eq!(act(6, Action::LongTimeout), Err(Refusal::unauthorized()));
        assert_eq!(act(7, Action::Ban), Err(Refusal::unauthorized()));
        assert_eq!(act(6, Action::Ban), Ok(()));
        assert_eq!(act(6, Action::Unban), Ok(()));
        assert_eq!(act(6, Action::Unban), Err(Refusal::crash("user 3 is not banned")));
    }

    #[test]
    fn look_ups_crash_before_permissions_are_asked() {
        let mut world = World::embedded();
        let user = world.viewer_of_token("tok_kirby_chat").unwrap();
        let mut ban = |user_id| world.moderate(&user, NOW, 6, user_id, Action::Ban).map(|_| ());
        assert_eq!(ban(1), Err(Refusal::unauthorized()));
        assert_eq!(ban(999), Err(Refusal::crash("there is no user 999 to moderate")));
        let deleted = world.delete_message(&user, NOW, 6, 1).map(|_| ());
        assert_eq!(deleted, Err(Refusal::crash("there is no message 1 to delete")));
        world.say(NOW, 6, "kirby", "x").unwrap();
        let deleted = world.delete_message(&user, NOW, 6, 1).map(|_| ());
        assert_eq!(deleted, Err(Refusal::unauthorized()));
    }
}
