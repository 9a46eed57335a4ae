//! Categories and tags.

use super::connection::many;
use super::{Ask, Resolved, Scene, Thing, category, flag, id, int, null, text, time};
use crate::world::{Category, Subcategory, Tag};

pub(super) fn category_field(scene: &Scene<'_>, row: &Category, ask: &Ask<'_>) -> Resolved {
    let world = &scene.world;
    Ok(match ask.name() {
        "id" => id(row.id),
        "name" | "tagName" => text(&row.name),
        "slug" => text(&row.slug),
        "tags" => {
            let tags = world.tags.iter().filter(|tag| tag.category_id == row.id);
            return many(ask, tags.cloned().map(Thing::Tag));
        }
        "subcategories" => {
            let rows = world.subcategories.iter().filter(|other| other.category_id == row.id);
            return many(ask, rows.cloned().map(Thing::Subcategory));
        }
        "parent" => null(),
        "insertedAt" | "updatedAt" => time(scene, None),
        _ => return Err(ask.unknown()),
    })
}

pub(super) fn subcategory_field(scene: &Scene<'_>, row: &Subcategory, ask: &Ask<'_>) -> Resolved {
    Ok(match ask.name() {
        "id" => id(row.id),
        "name" => text(&row.name),
        "slug" => text(&row.slug),
        "userCreated" => flag(row.user_created),
        "source" | "sourceId" | "backgroundImageUrl" => null(),
        "category" => category(scene, row.category_id),
        "insertedAt" | "updatedAt" => time(scene, None),
        _ => return Err(ask.unknown()),
    })
}

pub(super) fn tag_field(scene: &Scene<'_>, row: &Tag, ask: &Ask<'_>) -> Resolved {
    Ok(match ask.name() {
        "id" => id(row.id),
        "name" => text(&row.name),
        "slug" => text(&row.slug),
        "countUsage" => int(row.count_usage),
        "category" => category(scene, row.category_id),
        "insertedAt" | "updatedAt" => time(scene, None),
        _ => return Err(ask.unknown()),
    })
}
