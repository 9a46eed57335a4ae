//! The root of mutations.
//!
//! Source: recordings `doc/m_*`, `push/follow_chat_message`, `push/channel_event`; rules 28 to 30, 35.

use std::sync::Arc;

use super::{Ask, Found, Resolved, Scene, Thing, not_found};
use crate::world::{Action, Published, Refusal, Viewer};

pub(super) fn field(scene: &mut Scene<'_>, ask: &Ask<'_>) -> Resolved {
    let thing = match ask.name() {
        "createChatMessage" => create_chat_message(scene, ask)?,
        "shortTimeoutUser" => moderate(scene, ask, Action::ShortTimeout)?,
        "longTimeoutUser" => moderate(scene, ask, Action::LongTimeout)?,
        "banUser" => moderate(scene, ask, Action::Ban)?,
        "unbanUser" => moderate(scene, ask, Action::Unban)?,
        "deleteChatMessage" | "deleteMessage" => delete_message(scene, ask)?,
        "follow" => follow(scene, ask)?,
        "unfollow" => {
            let viewer = scene.viewer()?;
            Thing::Follower(scene.world.unfollow(viewer, ask.required_id("streamerId")?)?)
        }
        "updateStreamInfo" => update_stream_info(scene, ask)?,
        "watchChannel" => watch_channel(scene)?,
        "startStream" | "endStream" | "logStreamMetadata" | "uploadStreamThumbnail" => {
            return Err(no_streaming(scene, ask));
        }
        _ => return Err(ask.unknown()),
    };
    Ok(Found::One(thing))
}

fn create_chat_message(scene: &mut Scene<'_>, ask: &Ask<'_>) -> Result<Thing, Refusal> {
    let viewer = scene.viewer()?;
    let channel_id = ask.required_id("channelId")?;
    let given = ask.argument("message").and_then(|message| message.as_object());
    let Some(text) = given.and_then(|given| given.get("message")) else {
        return Err(Refusal::crash("the message has no message in it"));
    };
    let message = scene.world.create_message(viewer, scene.now, channel_id, text.as_str())?;
    scene.published.push(Published::ChatMessage { channel_id, message_id: message.id });
    Ok(Thing::ChatMessage(message))
}

fn moderate(scene: &mut Scene<'_>, ask: &Ask<'_>, action: Action) -> Result<Thing, Refusal> {
    let viewer = scene.viewer()?;
    let (channel_id, user_id) = (ask.required_id("channelId")?, ask.required_id("userId")?);
    let entry = scene.world.moderate(viewer, scene.now, channel_id, user_id, action)?;
    Ok(Thing::LogEntry(entry))
}

fn delete_message(scene: &mut Scene<'_>, ask: &Ask<'_>) -> Result<Thing, Refusal> {
    let viewer = scene.viewer()?;
    let (channel_id, message_id) = (ask.required_id("channelId")?, ask.required_id("messageId")?);
    let entry = scene.world.delete_message(viewer, scene.now, channel_id, message_id)?;
    Ok(Thing::LogEntry(entry))
}

fn follow(scene: &mut Scene<'_>, ask: &Ask<'_>) -> Result<Thing, Refusal> {
    let viewer = scene.viewer()?;
    let streamer_id = ask.required_id("streamerId")?;
    let live = ask.argument("liveNotifications").and_then(|live| live.as_bool()).unwrap_or(false);
    let (follower, published) = scene.world.follow(viewer, scene.now, streamer_id, live)?;
    scene.published.extend(published);
    Ok(Thing::Follower(follower))
}

fn update_stream_info(scene: &mut Scene<'_>, ask: &Ask<'_>) -> Result<Thing, Refusal> {
    let viewer = scene.viewer()?;
    let channel_id = ask.required_id("channelId")?;
    let title = ask.key("title")?.unwrap_or_default();
    let channel = scene.world.retitle(viewer, channel_id, title)?;
    scene.published.push(Published::Channel { channel_id });
    Ok(Thing::Channel(channel))
}

/// Needs no access, and finds nothing without; where the channel or the country is does not matter.
///
/// Source: recordings, rule 29; Glimesh/glimesh.tv, `lib/glimesh/api/resolvers/channel_resolver.ex`.
fn watch_channel(scene: &Scene<'_>) -> Result<Thing, Refusal> {
    match scene.viewer {
        Viewer::Lost => Err(Refusal::said("Edge not found")),
        _ => Ok(Thing::Edge(Arc::new(scene.world.edge.clone()))),
    }
}

/// Only site admins may start and end streams, for the video servers, and there are none here.
///
/// Source: Glimesh/glimesh.tv, `lib/glimesh/api/resolvers/channel_resolver.ex`.
fn no_streaming(scene: &Scene<'_>, ask: &Ask<'_>) -> Refusal {
    match scene.viewer {
        Viewer::Lost if ask.name() == "logStreamMetadata" => not_found(),
        Viewer::Lost => Refusal::said("Access denied"),
        viewer if scene.world.is_admin(viewer) => {
            Refusal::said("this mock server has no streams to handle")
        }
        _ => Refusal::unauthorized(),
    }
}
