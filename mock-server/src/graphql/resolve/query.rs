//! The root of queries.
//!
//! Source: recordings `doc/q_*`, `old_socket/*`.

use super::{Ask, Found, Resolved, Scene, Thing, connection::many, not_found};
use crate::world::{Follower, Refusal, User, Viewer};

pub(super) fn field(scene: &Scene<'_>, ask: &Ask<'_>) -> Resolved {
    let world = &scene.world;
    match ask.name() {
        "myself" => myself(scene),
        "user" => user(scene, ask),
        "users" => many(ask, world.listed_users().cloned().map(Thing::User)),
        "followers" if ask.wants_list() => followers_by_name(scene, ask),
        "followers" => followers(scene, ask),
        "channel" => channel(scene, ask),
        "channels" => channels(scene, ask),
        "homepageChannels" => many(ask, world.homepage_channels().cloned().map(Thing::Channel)),
        "categories" => many(ask, world.categories.iter().cloned().map(Thing::Category)),
        "category" => category(scene, ask),
        // Nobody has a paid subscription.
        "subscriptions" => many(ask, std::iter::empty()),
        _ => Err(ask.unknown()),
    }
}

fn myself(scene: &Scene<'_>) -> Resolved {
    match scene.viewer()? {
        Viewer::User { id, .. } => Ok(super::user(scene, *id)),
        _ => Err(Refusal::crash("myself needs a user, and a client id stands for none")),
    }
}

fn user(scene: &Scene<'_>, ask: &Ask<'_>) -> Resolved {
    let username = ask.key("username")?;
    let found = match (ask.argument("id"), username) {
        (Some(id), _) if id.is_null() => return Err(Refusal::crash("id is null")),
        (Some(id), _) => id.as_u64().and_then(|id| scene.world.users.find(id)),
        (None, Some(username)) => scene.world.user_named(username),
        (None, None) => None,
    };
    let user = found.filter(|user| !user.is_banned).cloned();
    Ok(Found::One(Thing::User(user.ok_or_else(not_found)?)))
}

fn channel(scene: &Scene<'_>, ask: &Ask<'_>) -> Resolved {
    let world = &scene.world;
    let of = |user: &User| world.channel_of(user.id);
    let by_name = ask.key("streamerUsername")?.or(ask.key("username")?);
    let found = if let Some(id) = ask.id("id")? {
        world.channels.find(id)
    } else if let Some(username) = by_name {
        world.user_named(username).and_then(|user| of(user))
    } else if let Some(key) = ask.key("hmacKey")? {
        world.channels.iter().find(|channel| channel.hmac_key == key)
    } else {
        let id = ask.int("streamerId").and_then(|id| u64::try_from(id).ok());
        id.and_then(|id| world.channel_of(id))
    };
    Ok(Found::One(Thing::Channel(found.cloned().ok_or_else(not_found)?)))
}

/// Source: Glimesh/glimesh.tv, `lib/glimesh/api/resolvers/channel_resolver.ex`; recordings `doc/q_channels*`.
fn channels(scene: &Scene<'_>, ask: &Ask<'_>) -> Resolved {
    let world = &scene.world;
    let status = ask.argument("status").and_then(|status| status.as_str());
    // A category without a status is not looked at.
    let category = match ask.key("categorySlug")?.filter(|_| status.is_some()) {
        None => None,
        Some(slug) => {
            let found = world.categories.iter().find(|category| category.slug == slug);
            Some(found.ok_or_else(|| Refusal::said("Category not found"))?.id)
        }
    };
    let channels = world.channels.iter().filter(|channel| {
        status.is_none_or(|status| channel.status == status)
            && category.is_none_or(|id| channel.category_id == id)
    });
    many(ask, channels.cloned().map(Thing::Channel))
}

fn category(scene: &Scene<'_>, ask: &Ask<'_>) -> Resolved {
    let Some(slug) = ask.key("slug")? else {
        return Err(Refusal::crash("category needs a slug"));
    };
    let found = scene.world.categories.iter().find(|category| category.slug == slug);
    Ok(Found::One(Thing::Category(found.cloned().ok_or_else(not_found)?)))
}

/// The current API's.
fn followers(scene: &Scene<'_>, ask: &Ask<'_>) -> Resolved {
    let world = &scene.world;
    let (streamer_id, user_id) = (ask.id("streamerId")?, ask.id("userId")?);
    for id in [streamer_id, user_id].into_iter().flatten() {
        world.users.find(id).ok_or_else(not_found)?;
    }
    if let (Some(streamer_id), Some(user_id)) = (streamer_id, user_id) {
        world.following(user_id, streamer_id).ok_or_else(not_found)?;
        if ask.int("first").or_else(|| ask.int("last")).is_none() {
            return Err(Refusal::said("You must either supply `:first` or `:last`"));
        }
    }
    rows(scene, ask, streamer_id, user_id)
}

/// The older API's.
fn followers_by_name(scene: &Scene<'_>, ask: &Ask<'_>) -> Resolved {
    let id_of = |argument| match ask.key(argument)? {
        None => Ok(None),
        Some(name) => Ok(Some(scene.world.user_named(name).ok_or_else(not_found)?.id)),
    };
    rows(scene, ask, id_of("streamerUsername")?, id_of("userUsername")?)
}

fn rows(scene: &Scene<'_>, ask: &Ask<'_>, streamer: Option<u64>, user: Option<u64>) -> Resolved {
    let wanted = |row: &Follower| {
        streamer.is_none_or(|id| row.streamer_id == id) && user.is_none_or(|id| row.user_id == id)
    };
    let rows = scene.world.followers.iter().filter(|row| wanted(row));
    many(ask, rows.cloned().map(Thing::Follower))
}
