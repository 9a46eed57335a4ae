//! Channels, their streams, and where to watch them.

use apollo_compiler::response::JsonValue;

use super::connection::many;
use super::{
    Ask, Found, Resolved, Scene, Thing, category, channel, flag, id, int, null, one, optional,
    text, time, user,
};
use crate::world::{Channel, Edge, Refusal, Stream};

pub(super) fn field(scene: &Scene<'_>, channel: &Channel, ask: &Ask<'_>) -> Resolved {
    let world = &scene.world;
    Ok(match ask.name() {
        "id" => id(channel.id),
        "title" => text(&channel.title),
        "status" => text(&channel.status),
        "streamer" | "user" => user(scene, channel.streamer_id),
        "language" => text(&channel.language),
        "backend" => text(&channel.backend),
        "category" => category(scene, channel.category_id),
        "subcategory" => {
            let found = channel.subcategory_id.and_then(|id| world.subcategories.find(id));
            one(found.cloned().map(Thing::Subcategory))
        }
        "stream" => {
            let found = channel.stream_id.and_then(|id| world.streams.find(id));
            one(found.cloned().map(Thing::Stream))
        }
        "streamKey" => return key(scene, ask, &channel.stream_key),
        "hmacKey" => return key(scene, ask, &channel.hmac_key),
        "matureContent" => flag(channel.mature_content),
        "inaccessible" => flag(channel.inaccessible),
        "showOnHomepage" => flag(channel.show_on_homepage),
        "showRecentChatMessagesOnly" => flag(channel.show_recent_chat_messages_only),
        "disableHyperlinks" => flag(channel.disable_hyperlinks),
        "blockLinks" => flag(channel.block_links),
        "requireConfirmedEmail" => flag(channel.require_confirmed_email),
        "minimumAccountAge" => int(channel.minimum_account_age),
        "chatRulesMd" | "chatRulesHtml" | "posterUrl" | "chatBgUrl" | "thumbnail" => null(),
        "insertedAt" | "updatedAt" => time(scene, None),
        _ => return list_field(scene, channel, ask),
    })
}

fn list_field(scene: &Scene<'_>, channel: &Channel, ask: &Ask<'_>) -> Resolved {
    let world = &scene.world;
    let here = channel.id;
    match ask.name() {
        "tags" => {
            let tags = channel.tag_ids.iter().filter_map(|id| world.tags.find(*id));
            many(ask, tags.cloned().map(Thing::Tag))
        }
        "streams" => {
            let rows = world.streams.iter().filter(|row| row.channel_id == here);
            many(ask, rows.cloned().map(Thing::Stream))
        }
        "chatMessages" => {
            let rows = world.messages.iter().filter(|row| row.channel_id == here);
            many(ask, rows.cloned().map(Thing::ChatMessage))
        }
        "bans" => {
            let rows = world.bans.iter().filter(|row| row.channel_id == here);
            many(ask, rows.cloned().map(Thing::Ban))
        }
        "moderators" => {
            let rows = world.moderators.iter().filter(|row| row.channel_id == here);
            many(ask, rows.cloned().map(Thing::Moderator))
        }
        "moderationLogs" => {
            let rows = world.log.iter().filter(|row| row.channel_id == here);
            many(ask, rows.cloned().map(Thing::LogEntry))
        }
        _ => Err(ask.unknown()),
    }
}

/// Source: recordings `doc/q_channel_stream_key`, `doc/q_admin_keys`, `doc/ctx_syntax_twice`.
fn key(scene: &Scene<'_>, ask: &Ask<'_>, key: &str) -> Resolved {
    if scene.world.is_admin(scene.viewer()?) {
        return Ok(text(key));
    }
    Err(Refusal::said(&format!("Unauthorized to access {} field.", ask.name())))
}

pub(super) fn stream_field(scene: &Scene<'_>, stream: &Stream, ask: &Ask<'_>) -> Resolved {
    Ok(match ask.name() {
        "id" => id(stream.id),
        "channel" => channel(scene, stream.channel_id),
        "title" => text(&stream.title),
        "category" => category(scene, stream.category_id),
        "metadata" => return many(ask, std::iter::empty()),
        "startedAt" => text(&stream.started_at),
        "endedAt" => optional(stream.ended_at.as_deref()),
        "countViewers" => int(stream.count_viewers),
        "peakViewers" => int(stream.peak_viewers),
        "subcategory" | "countChatters" | "peakChatters" | "avgViewers" | "avgChatters"
        | "newSubscribers" | "resubSubscribers" | "thumbnail" | "thumbnailUrl" => null(),
        "insertedAt" | "updatedAt" => time(scene, None),
        _ => return Err(ask.unknown()),
    })
}

pub(super) fn edge_field(scene: &Scene<'_>, edge: &Edge, ask: &Ask<'_>) -> Resolved {
    Ok(match ask.name() {
        "id" => id(edge.id),
        "hostname" => text(&edge.hostname),
        "url" => text(&edge.url),
        "priority" => int(edge.priority),
        "available" => int(edge.available),
        "countryCodes" => {
            let codes = edge.country_codes.iter().map(|code| JsonValue::from(code.as_str()));
            Found::List(codes.map(Found::Leaf).collect())
        }
        "insertedAt" | "updatedAt" => time(scene, None),
        _ => return Err(ask.unknown()),
    })
}
