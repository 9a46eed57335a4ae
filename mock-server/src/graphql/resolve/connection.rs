//! Lists in pages, or plain.
//!
//! Source: absinthe_relay 1.5.2, `lib/absinthe/relay/connection.ex`; recordings `doc/q_users_*`, `doc/q_channels*`.

use super::{Ask, Found, Resolved, Thing, count, flag, optional, text};
use crate::world::Refusal;

/// How long a page is when nobody says. Source: Glimesh/glimesh.tv, `lib/glimesh/api.ex`.
const PAGE: usize = 100;

/// How long a page may be. Source: as above.
const LARGEST_PAGE: usize = 1_000;

/// A page of a list.
#[derive(Clone, Debug)]
pub(in crate::graphql) struct Connection {
    type_name: String,
    things: Vec<Thing>,
    info: PageInfo,
}

/// Where a page lies within its list.
#[derive(Clone, Copy, Debug)]
pub(in crate::graphql) struct PageInfo {
    /// The index of the first thing.
    start: usize,
    /// The index behind the last thing.
    end: usize,
    /// How long the whole list is.
    total: usize,
}

/// A list, in the form that the schema wants.
pub(super) fn many(ask: &Ask<'_>, things: impl Iterator<Item = Thing>) -> Resolved {
    if ask.wants_list() {
        return Ok(Found::List(things.map(Found::One).collect()));
    }
    let things: Vec<_> = things.collect();
    let info = PageInfo::asked_for(ask, things.len())?;
    let page = things.into_iter().skip(info.start).take(info.end - info.start);
    let type_name = ask.type_name().to_owned();
    Ok(Found::One(Thing::Connection(Connection { type_name, things: page.collect(), info })))
}

impl Connection {
    pub(super) fn type_name(&self) -> &str {
        &self.type_name
    }

    pub(super) fn field(&self, ask: &Ask<'_>) -> Found {
        match ask.name() {
            "count" => count(self.things.len()),
            "pageInfo" => Found::One(Thing::PageInfo(self.info)),
            _ => Found::List(self.edges().map(Found::One).collect()),
        }
    }

    fn edges(&self) -> impl Iterator<Item = Thing> {
        let kind = self.type_name.trim_end_matches("Connection");
        self.things.iter().zip(self.info.start..).map(move |(thing, index)| {
            let (node, type_name) = (Box::new(thing.clone()), format!("{kind}Edge"));
            Thing::ConnectionEdge { index, node, type_name }
        })
    }
}

pub(super) fn edge_field(index: usize, node: &Thing, ask: &Ask<'_>) -> Found {
    match ask.name() {
        "cursor" => text(&cursor(index)),
        _ => Found::One(node.clone()),
    }
}

impl PageInfo {
    fn asked_for(ask: &Ask<'_>, total: usize) -> Result<Self, Refusal> {
        let after = index_of(ask, "after")?.map_or(0, |index| index.saturating_add(1));
        let before = index_of(ask, "before")?.unwrap_or(total);
        let end = before.min(total);
        let start = after.min(end);
        let size = |count: i64| usize::try_from(count).unwrap_or(0).min(LARGEST_PAGE);
        let (start, end) = match (ask.int("first"), ask.int("last")) {
            (Some(first), _) => (start, start.saturating_add(size(first)).min(end)),
            (None, Some(last)) => (end.saturating_sub(size(last)).max(start), end),
            (None, None) => (start, start.saturating_add(PAGE).min(end)),
        };
        Ok(Self { start, end, total })
    }

    pub(super) fn field(self, ask: &Ask<'_>) -> Found {
        let is_empty = self.start == self.end;
        match ask.name() {
            "hasPreviousPage" => flag(self.start > 0),
            "hasNextPage" => flag(self.end < self.total),
            "startCursor" => optional((!is_empty).then(|| cursor(self.start)).as_deref()),
            _ => optional((!is_empty).then(|| cursor(self.end - 1)).as_deref()),
        }
    }
}

const CURSOR: &str = "arrayconnection:";

fn index_of(ask: &Ask<'_>, name: &str) -> Result<Option<usize>, Refusal> {
    let Some(value) = ask.argument(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let index = value.as_str().and_then(cursors_index);
    index
        .map(Some)
        .ok_or_else(|| Refusal::said(&format!("Invalid cursor provided as `{name}` argument")))
}

fn cursors_index(cursor: &str) -> Option<usize> {
    String::from_utf8(base64::decode(cursor)?).ok()?.strip_prefix(CURSOR)?.parse().ok()
}

fn cursor(index: usize) -> String {
    base64::encode(format!("{CURSOR}{index}").as_bytes())
}

/// Base64 with padding, for cursors only.
mod base64 {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    pub(super) fn encode(bytes: &[u8]) -> String {
        let groups = bytes.chunks(3).map(|group| {
            let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
            let bits = bits << (8 * (3 - group.len()));
            let digit = |at: usize| char::from(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize]);
            let digits = (0..=group.len()).map(digit).collect::<String>();
            format!("{digits:=<4}")
        });
        groups.collect()
    }

    pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
        let digits = text.trim_end_matches('=').bytes();
        let values: Option<Vec<u32>> = digits
            .map(|digit| ALPHABET.iter().position(|other| *other == digit)?.try_into().ok())
            .collect();
        let groups = values?;
        let bytes = groups.chunks(4).flat_map(|group| {
            let bits =
                group.iter().fold(0, |bits, value| bits << 6 | value) << (6 * (4 - group.len()));
            bits.to_be_bytes().into_iter().skip(1).take(group.len() - 1)
        });
        Some(bytes.collect())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn base64_round_trips() {
            for text in ["", "a", "ab", "abc", "arrayconnection:0"] {
                assert_eq!(decode(&encode(text.as_bytes())).unwrap(), text.as_bytes());
            }
            assert_eq!(encode(b"arrayconnection:0"), "YXJyYXljb25uZWN0aW9uOjA=");
            assert_eq!(decode("%"), None);
        }
    }
}
