//! Chat messages: who may say what, and what becomes of it.

use std::sync::Arc;

use jiff::civil::DateTime;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Channel, Published, Refusal, Row, Scope, Token, User, Viewer, World};

/// How long a message may be, in graphemes and, in the database, in code points. Source: recordings, rule 30.
const LONGEST: usize = 255;

/// How many messages are remembered; a server that runs for days must not grow for ever. At five a second, which
/// `--chatter 5` says, these are the last five hours and a half.
const MOST_MESSAGES: usize = 100_000;

/// Something that was said.
#[derive(Clone, Debug)]
pub(crate) struct ChatMessage {
    pub(crate) id: u64,
    pub(crate) channel_id: u64,
    pub(crate) user_id: u64,
    pub(crate) message: String,
    pub(crate) tokens: Arc<[Token]>,
    pub(crate) metadata: Metadata,
    /// The server said it, because the user began to follow.
    pub(crate) is_followed_message: bool,
    pub(crate) at: String,
}

/// What its author was when a message was said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metadata {
    pub(crate) admin: bool,
    pub(crate) streamer: bool,
    pub(crate) moderator: bool,
}

/// Why a scenario cannot let somebody say something.
#[derive(Debug, thiserror::Error)]
pub enum SayError {
    /// There is no such user.
    #[error("nobody is called {username:?}")]
    NoUser {
        /// The name.
        username: String,
    },
    /// There is no such channel.
    #[error("there is no channel {channel_id}")]
    NoChannel {
        /// The id.
        channel_id: u64,
    },
}

impl Row for ChatMessage {
    fn id(&self) -> u64 {
        self.id
    }
}

impl World {
    /// Lets a user say something, whatever the rules of the channel are.
    ///
    /// # Errors
    ///
    /// The user or the channel does not exist.
    pub fn say(
        &mut self,
        now: &str,
        channel_id: u64,
        username: &str,
        text: &str,
    ) -> Result<Published, SayError> {
        let user = self.user_named(username);
        let user_id = user.ok_or_else(|| SayError::NoUser { username: username.to_owned() })?.id;
        self.channels.find(channel_id).ok_or(SayError::NoChannel { channel_id })?;
        let message = self.add_message(now, channel_id, user_id, text, false);
        Ok(Published::ChatMessage { channel_id, message_id: message.id })
    }

    /// `createChatMessage`. `text` is `None` if it was `null`.
    pub(crate) fn create_message(
        &mut self,
        viewer: &Viewer,
        now: &str,
        channel_id: u64,
        text: Option<&str>,
    ) -> Result<Arc<ChatMessage>, Refusal> {
        // Before the look-up of the channel, as the real server does.
        let user_id = viewer.user_id().filter(|_| viewer.may(Scope::Chat));
        let user = user_id.and_then(|id| self.users.find(id)).ok_or_else(Refusal::unauthorized)?;
        let channel = self.channels.find(channel_id);
        let channel = channel.ok_or_else(|| {
            Refusal::crash(format!("there is no channel {channel_id} to chat in"))
        })?;
        self.check_author(user, channel, now)?;
        let text = check_text(channel, text)?.to_owned();
        let user_id = user.id;
        Ok(self.add_message(now, channel_id, user_id, &text, false))
    }

    /// Source: Glimesh/glimesh.tv, `lib/glimesh/chat/policy.ex`; recordings `doc/m_chat_*`.
    pub(super) fn check_author(
        &self,
        user: &User,
        channel: &Channel,
        now: &str,
    ) -> Result<(), Refusal> {
        if user.is_admin {
            return Ok(());
        }
        let is_streamer = channel.streamer_id == user.id;
        if let Some(text) = self.ban_notice(channel.id, user.id, now).filter(|_| !is_streamer) {
            return Err(Refusal::Said(text));
        }
        if user.is_banned {
            return Err(Refusal::said("You are banned from Glimesh."));
        }
        if is_streamer {
            return Ok(());
        }
        if channel.require_confirmed_email && user.confirmed_at.is_none() {
            return Err(Refusal::said("You must confirm your email address before chatting."));
        }
        let wanted = i64::from(channel.minimum_account_age) * 60;
        let minutes = wanted - minutes_between(&self.made_at, now);
        if wanted > 0 && minutes > 0 {
            return Err(Refusal::Said(format!("You must wait {minutes} more minutes to chat.")));
        }
        Ok(())
    }

    pub(super) fn add_message(
        &mut self,
        now: &str,
        channel_id: u64,
        user_id: u64,
        text: &str,
        is_followed_message: bool,
    ) -> Arc<ChatMessage> {
        let channel = self.channels.find(channel_id);
        let links = channel.is_none_or(|channel| !channel.disable_hyperlinks);
        let metadata = Metadata {
            admin: self.users.find(user_id).is_some_and(|user| user.is_admin),
            streamer: channel.is_some_and(|channel| channel.streamer_id == user_id),
            moderator: self.moderator(channel_id, user_id).is_some(),
        };
        let message = ChatMessage {
            id: self.messages.next_id(),
            channel_id,
            user_id,
            message: text.to_owned(),
            tokens: Token::cut(text, links, &self.emotes).into(),
            metadata,
            is_followed_message,
            at: now.to_owned(),
        };
        let message = self.messages.push(message);
        self.messages.forget_all_but(MOST_MESSAGES);
        message
    }
}

/// The text as it will be kept.
fn check_text<'a>(channel: &Channel, text: Option<&'a str>) -> Result<&'a str, Refusal> {
    let text = text.unwrap_or_default();
    if channel.block_links && Token::contains_link(text) {
        return Err(Refusal::said("This channel has links disabled!"));
    }
    if text.trim().is_empty() {
        return Err(Refusal::said("message: can't be blank"));
    }
    if text.graphemes(true).count() > LONGEST {
        return Err(Refusal::said("message: should be at most 255 character(s)"));
    }
    if text.contains('\0') {
        return Err(Refusal::crash("the database takes no text with a NUL in it"));
    }
    if text.chars().count() > LONGEST {
        return Err(Refusal::crash("the database takes at most 255 code points"));
    }
    Ok(text)
}

/// Whole minutes; 0 if one of them is no time.
pub(super) fn minutes_between(earlier: &str, later: &str) -> i64 {
    match (earlier.parse::<DateTime>(), later.parse::<DateTime>()) {
        (Ok(earlier), Ok(later)) => earlier.duration_until(later).as_mins(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-01T00:00:00";

    #[track_caller]
    fn check(token: &str, channel_id: u64, text: &str, expected: Result<(), Refusal>) {
        let mut world = World::embedded();
        let viewer = world.viewer_of_token(token).unwrap();
        let created = world.create_message(&viewer, NOW, channel_id, Some(text)).map(|_| ());
        assert_eq!(created, expected);
    }

    /// The zero-width joiner makes one grapheme of these five code points.
    const FAMILY: &str = "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}";

    #[test]
    fn length_is_counted_in_graphemes_and_in_code_points() {
        let too_long = Err(Refusal::said("message: should be at most 255 character(s)"));
        let crash = Err(Refusal::crash("the database takes at most 255 code points"));
        check("tok_mytho_chat", 6, &"a".repeat(255), Ok(()));
        check("tok_mytho_chat", 6, &"a".repeat(256), too_long);
        check("tok_mytho_chat", 6, &FAMILY.repeat(51), Ok(()));
        check("tok_mytho_chat", 6, &FAMILY.repeat(52), crash);
    }

    #[test]
    fn scope_comes_before_everything_else() {
        check("tok_mytho_public", 999, "", Err(Refusal::unauthorized()));
        check("tok_mytho_chat", 999, "", Err(Refusal::crash("there is no channel 999 to chat in")));
    }

    #[test]
    fn text_is_kept_as_it_is_but_not_blank() {
        check("tok_mytho_chat", 6, " x ", Ok(()));
        check("tok_mytho_chat", 6, " \n\t ", Err(Refusal::said("message: can't be blank")));
    }

    #[test]
    fn young_accounts_are_refused_where_the_channel_says_so() {
        let mut world = World::embedded();
        let viewer = world.viewer_of_token("tok_kirby_chat").unwrap();
        let young = world.create_message(&viewer, "2021-02-01T00:00:00", 11, Some("x"));
        let wait = Refusal::said("You must wait 42868 more minutes to chat.");
        assert_eq!(young.map(|_| ()), Err(wait));
        assert!(world.create_message(&viewer, NOW, 11, Some("x")).is_ok());
    }

    #[test]
    fn ids_count_from_one_and_never_come_back() {
        let mut world = World::embedded();
        let said = |world: &mut World| world.say(NOW, 6, "KIRBY", "x").unwrap();
        assert_eq!(said(&mut world), Published::ChatMessage { channel_id: 6, message_id: 1 });
        world.messages.remove(1);
        assert_eq!(said(&mut world), Published::ChatMessage { channel_id: 6, message_id: 2 });
        assert!(world.say(NOW, 6, "nobody", "x").is_err());
        assert!(world.say(NOW, 99, "kirby", "x").is_err());
    }
}
