//! Users and what they follow.

use super::connection::many;
use super::{
    Ask, Generation, Resolved, Scene, Thing, count, flag, id, null, one, optional, text, time,
};
use crate::world::{Follower, Refusal, Scope, Social, User};

pub(super) fn field(scene: &Scene<'_>, user: &User, ask: &Ask<'_>) -> Resolved {
    let world = &scene.world;
    let followers = || world.followers.iter().filter(|row| row.streamer_id == user.id);
    let following = || world.followers.iter().filter(|row| row.user_id == user.id);
    Ok(match ask.name() {
        "id" => id(user.id),
        "username" => text(&user.username),
        "displayname" => text(&user.displayname),
        "teamRole" => optional(user.team_role.as_deref()),
        "email" => return email(scene, user),
        "confirmedAt" => optional(user.confirmed_at.as_deref()),
        "avatar" => text(&user.avatar),
        "avatarUrl" => text(&avatar_url(scene, user)),
        "socialYoutube" => optional(user.social_youtube.as_deref()),
        "profileContentMd" => optional(user.profile_content_md.as_deref()),
        "profileContentHtml" => optional(user.profile_content_html.as_deref()),
        "socialTwitter" | "socialInstagram" | "socialDiscord" | "socialGuilded"
        | "youtubeIntroUrl" => null(),
        "allowGlimeshNewsletterEmails" | "allowLiveSubscriptionEmails" => flag(false),
        "countFollowers" => count(followers().count()),
        "countFollowing" => count(following().count()),
        "followers" => return many(ask, followers().cloned().map(Thing::Follower)),
        "following" => return many(ask, following().cloned().map(Thing::Follower)),
        "followingLiveChannels" => {
            let channels = following().filter_map(|row| world.channel_of(row.streamer_id));
            let live = channels.filter(|channel| channel.is_live());
            return many(ask, live.cloned().map(Thing::Channel));
        }
        "channel" => one(world.channel_of(user.id).cloned().map(Thing::Channel)),
        "socials" => {
            let socials = world.socials.iter().filter(|social| social.user_id == user.id);
            return many(ask, socials.cloned().map(Thing::Social));
        }
        "insertedAt" | "updatedAt" => time(scene, None),
        _ => return Err(ask.unknown()),
    })
}

/// Only the own one, and only with the scope. Source: recordings `doc/q_user_email_other`, `doc/q_email_other`.
fn email(scene: &Scene<'_>, user: &User) -> Resolved {
    let viewer = scene.viewer()?;
    if viewer.user_id() == Some(user.id) && viewer.may(Scope::Email) {
        return Ok(text(&user.email));
    }
    Err(Refusal::unauthorized())
}

/// The older API does not put the host before a path. Source: recordings `doc/q_myself`, `old_socket/avatar`.
fn avatar_url(scene: &Scene<'_>, user: &User) -> String {
    if user.avatar.starts_with('/') && scene.generation == Generation::Current {
        return format!("{}{}", scene.world.host, user.avatar);
    }
    user.avatar.clone()
}

pub(super) fn follower_field(scene: &Scene<'_>, follower: &Follower, ask: &Ask<'_>) -> Resolved {
    Ok(match ask.name() {
        "id" => id(follower.id),
        "hasLiveNotifications" => flag(follower.has_live_notifications),
        "streamer" => super::user(scene, follower.streamer_id),
        "user" => super::user(scene, follower.user_id),
        "insertedAt" | "updatedAt" => time(scene, follower.at.as_deref()),
        _ => return Err(ask.unknown()),
    })
}

pub(super) fn social_field(scene: &Scene<'_>, social: &Social, ask: &Ask<'_>) -> Resolved {
    Ok(match ask.name() {
        "id" => id(social.id),
        "platform" => text(&social.platform),
        "identifier" => text(&social.identifier),
        "username" => text(&social.username),
        "insertedAt" | "updatedAt" => time(scene, None),
        _ => return Err(ask.unknown()),
    })
}
