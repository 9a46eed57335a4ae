//! Moderators, bans, and the log of what moderators did.

use super::{Ask, Resolved, Scene, channel, flag, id, optional, text, time, user};
use crate::world::{Ban, LogEntry, Moderator};

pub(super) fn moderator_field(scene: &Scene<'_>, row: &Moderator, ask: &Ask<'_>) -> Resolved {
    Ok(match ask.name() {
        "id" => id(row.id),
        "channel" => channel(scene, row.channel_id),
        "user" => user(scene, row.user_id),
        "canShortTimeout" => flag(row.can_short_timeout),
        "canLongTimeout" => flag(row.can_long_timeout),
        "canUnTimeout" => flag(false),
        "canBan" => flag(row.can_ban),
        "canUnban" => flag(row.can_unban),
        "canDelete" => flag(row.can_delete),
        "insertedAt" | "updatedAt" => time(scene, None),
        _ => return Err(ask.unknown()),
    })
}

pub(super) fn ban_field(scene: &Scene<'_>, row: &Ban, ask: &Ask<'_>) -> Resolved {
    Ok(match ask.name() {
        "id" => id(row.id),
        "channel" => channel(scene, row.channel_id),
        "user" => user(scene, row.user_id),
        "expiresAt" => optional(row.expires_at.as_deref()),
        "reason" => optional(row.reason.as_deref()),
        "insertedAt" | "updatedAt" => time(scene, row.at.as_deref()),
        _ => return Err(ask.unknown()),
    })
}

pub(super) fn log_field(scene: &Scene<'_>, row: &LogEntry, ask: &Ask<'_>) -> Resolved {
    Ok(match ask.name() {
        "id" => id(row.id),
        "channel" => channel(scene, row.channel_id),
        "moderator" => user(scene, row.moderator_id),
        "user" => user(scene, row.user_id),
        "action" => text(row.action.as_str()),
        "insertedAt" | "updatedAt" => text(&row.at),
        _ => return Err(ask.unknown()),
    })
}
