//! The root of subscriptions, for one thing that happened.

use super::{Ask, Resolved, Scene, Thing, channel, one};
use crate::world::Published;

pub(super) fn field(scene: &Scene<'_>, published: &Published, ask: &Ask<'_>) -> Resolved {
    let world = &scene.world;
    if ask.name() != published.field() {
        return Ok(one(None));
    }
    Ok(match published {
        Published::ChatMessage { message_id, .. } => {
            one(world.messages.find(*message_id).cloned().map(Thing::ChatMessage))
        }
        Published::Follower { follower_id, .. } => {
            one(world.followers.find(*follower_id).cloned().map(Thing::Follower))
        }
        Published::Channel { channel_id } => channel(scene, *channel_id),
    })
}
