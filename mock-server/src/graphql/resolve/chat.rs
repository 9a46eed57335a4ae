//! Chat messages and their pieces.

use super::{Ask, Found, Resolved, Scene, Thing, channel, flag, id, text, user};
use crate::world::{ChatMessage, Metadata, Token, TokenKind};

pub(super) fn field(scene: &Scene<'_>, message: &ChatMessage, ask: &Ask<'_>) -> Resolved {
    Ok(match ask.name() {
        "message" => text(&message.message),
        "user" => user(scene, message.user_id),
        "id" => id(message.id),
        "channel" => channel(scene, message.channel_id),
        "tokens" => {
            let tokens = message.tokens.iter().cloned().map(Thing::Token);
            Found::List(tokens.map(Found::One).collect())
        }
        "metadata" => Found::One(Thing::Metadata(message.metadata)),
        "isFollowedMessage" => flag(message.is_followed_message),
        "isSubscriptionMessage" => flag(false),
        "insertedAt" | "updatedAt" => text(&message.at),
        _ => return Err(ask.unknown()),
    })
}

pub(super) fn metadata_field(metadata: Metadata, ask: &Ask<'_>) -> Resolved {
    Ok(flag(match ask.name() {
        "admin" => metadata.admin,
        "streamer" => metadata.streamer,
        "moderator" => metadata.moderator,
        // Nobody has a paid subscription.
        "subscriber" | "platformFounderSubscriber" | "platformSupporterSubscriber" => false,
        _ => return Err(ask.unknown()),
    }))
}

pub(super) fn token_field(token: &Token, ask: &Ask<'_>) -> Resolved {
    let word = match token.kind {
        TokenKind::Text => "text",
        TokenKind::Url => "url",
        TokenKind::Emote { .. } => "emote",
    };
    Ok(match (ask.name(), &token.kind) {
        ("type", _) => text(word),
        ("text", _) | ("url", TokenKind::Url) => text(&token.text),
        ("src" | "url", TokenKind::Emote { src }) => text(src),
        _ => return Err(ask.unknown()),
    })
}
