//! Whether the parts of a world fit together: every id that is named is there, and once only.

use std::collections::BTreeSet;

use jiff::civil::DateTime;

use super::{Row, Rows, World};

/// A step on the way to a value in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key<'a> {
    /// A member of an object.
    Name(&'a str),
    /// An element of a list, counted from 0.
    Index(usize),
    /// The row of a list that has this id.
    Id(u64),
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault<'a> {
    pub(super) path: Vec<Key<'a>>,
    pub(super) message: String,
}

/// GraphQL and databases hold no larger ids.
const LARGEST_ID: u64 = i64::MAX as u64;

impl World {
    /// Everything that does not fit, in the order of the file's form.
    pub(super) fn faults(&self) -> Vec<Fault<'_>> {
        let mut check = Check { world: self, faults: Vec::new() };
        check.credentials();
        check.ids();
        check.references();
        check.faults
    }
}

struct Check<'a> {
    world: &'a World,
    faults: Vec<Fault<'a>>,
}

impl<'a> Check<'a> {
    fn fault(&mut self, path: &[Key<'a>], message: String) {
        self.faults.push(Fault { path: path.to_vec(), message });
    }

    fn credentials(&mut self) {
        let world = self.world;
        if world.made_at.parse::<DateTime>().is_err() {
            let message = "madeAt is no time; write YYYY-MM-DDTHH:MM:SS".to_owned();
            self.fault(&[Key::Name("madeAt")], message);
        }
        if world.tokens.is_empty() {
            self.fault(
                &[Key::Name("tokens")],
                "nobody could connect: there is no token".to_owned(),
            );
        }
        if world.clients.is_empty() {
            let message = "nobody could connect: there is no client".to_owned();
            self.fault(&[Key::Name("clients")], message);
        }
        for (index, client) in world.clients.iter().enumerate() {
            if !is_uuid(client) {
                let message = format!("the client {client:?} is no UUID in lower case");
                self.fault(&[Key::Name("clients"), Key::Index(index)], message);
            }
        }
        for (client, secret) in &world.client_secrets {
            let path = [Key::Name("clientSecrets"), Key::Name(client)];
            if !world.clients.contains(client) {
                self.fault(&path, format!("there is no client {client}"));
            }
            self.user(&[&path[..], &[Key::Name("userId")]].concat(), secret.user_id);
        }
        for (token, grant) in &world.tokens {
            let path = [Key::Name("tokens"), Key::Name(token), Key::Name("userId")];
            self.user(&path, grant.user_id);
        }
    }

    fn ids(&mut self) {
        let world = self.world;
        self.own_ids("users", &world.users);
        self.own_ids("channels", &world.channels);
        self.own_ids("categories", &world.categories);
        self.own_ids("subcategories", &world.subcategories);
        self.own_ids("tags", &world.tags);
        self.own_ids("streams", &world.streams);
        self.own_ids("followers", &world.followers);
        self.own_ids("socials", &world.socials);
        self.own_ids("moderators", &world.moderators);
        self.own_ids("bans", &world.bans);
        let mut names = BTreeSet::new();
        for user in world.users.iter() {
            if !names.insert(user.username.to_ascii_lowercase()) {
                let path = [Key::Name("users"), Key::Id(user.id), Key::Name("username")];
                self.fault(&path, format!("two users are called {:?}", user.username));
            }
        }
    }

    fn references(&mut self) {
        let world = self.world;
        for row in world.channels.iter() {
            let at = |name| [Key::Name("channels"), Key::Id(row.id), Key::Name(name)];
            self.user(&at("streamerId"), row.streamer_id);
            self.one_of(&at("categoryId"), "category", &world.categories, Some(row.category_id));
            self.one_of(
                &at("subcategoryId"),
                "subcategory",
                &world.subcategories,
                row.subcategory_id,
            );
            self.one_of(&at("streamId"), "stream", &world.streams, row.stream_id);
            for tag in &row.tag_ids {
                self.one_of(&at("tagIds"), "tag", &world.tags, Some(*tag));
            }
        }
        for row in world.subcategories.iter() {
            let at = [Key::Name("subcategories"), Key::Id(row.id), Key::Name("categoryId")];
            self.one_of(&at, "category", &world.categories, Some(row.category_id));
        }
        for row in world.tags.iter() {
            let at = [Key::Name("tags"), Key::Id(row.id), Key::Name("categoryId")];
            self.one_of(&at, "category", &world.categories, Some(row.category_id));
        }
        for row in world.streams.iter() {
            let at = |name| [Key::Name("streams"), Key::Id(row.id), Key::Name(name)];
            self.channel(&at("channelId"), row.channel_id);
            self.one_of(&at("categoryId"), "category", &world.categories, Some(row.category_id));
        }
        for row in world.followers.iter() {
            let at = |name| [Key::Name("followers"), Key::Id(row.id), Key::Name(name)];
            self.user(&at("streamerId"), row.streamer_id);
            self.user(&at("userId"), row.user_id);
        }
        for row in world.socials.iter() {
            self.user(&[Key::Name("socials"), Key::Id(row.id), Key::Name("userId")], row.user_id);
        }
        for row in world.moderators.iter() {
            let at = |name| [Key::Name("moderators"), Key::Id(row.id), Key::Name(name)];
            self.channel(&at("channelId"), row.channel_id);
            self.user(&at("userId"), row.user_id);
        }
        for row in world.bans.iter() {
            let at = |name| [Key::Name("bans"), Key::Id(row.id), Key::Name(name)];
            self.channel(&at("channelId"), row.channel_id);
            self.user(&at("userId"), row.user_id);
        }
        for (index, id) in world.homepage_channel_ids.iter().enumerate() {
            self.channel(&[Key::Name("homepageChannelIds"), Key::Index(index)], *id);
        }
    }

    fn own_ids<R: Row>(&mut self, list: &'a str, rows: &Rows<R>) {
        let mut seen = BTreeSet::new();
        for id in rows.iter().map(|row| row.id()) {
            let path = [Key::Name(list), Key::Id(id), Key::Name("id")];
            if !seen.insert(id) {
                self.fault(&path, format!("two {list} have the id {id}"));
            }
            if !(1..=LARGEST_ID).contains(&id) {
                self.fault(&path, format!("the id {id} is not between 1 and {LARGEST_ID}"));
            }
        }
    }

    fn user(&mut self, path: &[Key<'a>], id: u64) {
        self.one_of(path, "user", &self.world.users, Some(id));
    }

    fn channel(&mut self, path: &[Key<'a>], id: u64) {
        self.one_of(path, "channel", &self.world.channels, Some(id));
    }

    fn one_of<R: Row>(&mut self, path: &[Key<'a>], kind: &str, rows: &Rows<R>, id: Option<u64>) {
        let Some(id) = id.filter(|id| rows.find(*id).is_none()) else { return };
        let known: Vec<_> = rows.iter().take(10).map(|row| row.id().to_string()).collect();
        let known = match (known.len(), rows.iter().count()) {
            (0, _) => "there is none at all".to_owned(),
            (shown, all) if all > shown => format!("there are {} and more", known.join(", ")),
            _ => format!("there are {}", known.join(", ")),
        };
        self.fault(path, format!("there is no {kind} {id}; {known}"));
    }
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    digits && lengths.eq([8, 4, 4, 4, 12])
}
