//! What every field of the schemas shows. Knows the engine only by [`Ask`] and [`object`].

mod ask;
mod catalogue;
mod channel;
mod chat;
mod connection;
mod moderation;
mod mutation;
mod object;
mod query;
mod subscription;
mod user;

use std::sync::Arc;

use apollo_compiler::response::JsonValue;

use super::problem::Problem;
use crate::world::{
    Ban, Category, Channel, ChatMessage, Edge, Follower, LogEntry, Metadata, Moderator, Published,
    Refusal, Social, Stream, Subcategory, Tag, Token, User, Viewer, World,
};
use ask::Ask;
use connection::{Connection, PageInfo};

pub(super) use object::Object;

/// How many fields an execution may resolve; nested lists grow quickly. The real server has no limit on a socket.
const MOST_FIELDS: u32 = 200_000;

/// Which of the two APIs answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generation {
    /// `/api/graph`.
    Current,
    /// `/api/socket`.
    Older,
}

/// What one execution sees and leaves behind.
pub(super) struct Scene<'w> {
    pub(super) world: &'w mut World,
    pub(super) viewer: &'w Viewer,
    pub(super) now: &'w str,
    pub(super) generation: Generation,
    pub(super) published: Vec<Published>,
    /// Resolvers' errors. The engine only carries their indices.
    pub(super) faults: Vec<Problem>,
    /// Why the channel crashes; nothing is resolved any more.
    pub(super) crash: Option<String>,
    fields_left: u32,
}

impl<'w> Scene<'w> {
    pub(super) const fn new(
        world: &'w mut World,
        viewer: &'w Viewer,
        now: &'w str,
        generation: Generation,
    ) -> Self {
        Self {
            world,
            viewer,
            now,
            generation,
            published: Vec::new(),
            faults: Vec::new(),
            crash: None,
            fields_left: MOST_FIELDS,
        }
    }

    /// The viewer, where one is needed. Source: recordings, rule 29.
    fn viewer(&self) -> Result<&'w Viewer, Refusal> {
        match self.viewer {
            Viewer::Lost => Err(Refusal::crash("the channel has forgotten who its client is")),
            viewer => Ok(viewer),
        }
    }
}

/// Something that has fields.
#[derive(Clone, Debug)]
pub(super) enum Thing {
    Query,
    Mutation,
    Subscription(Published),
    User(Arc<User>),
    Channel(Arc<Channel>),
    ChatMessage(Arc<ChatMessage>),
    Metadata(Metadata),
    Token(Token),
    Follower(Arc<Follower>),
    Moderator(Arc<Moderator>),
    Ban(Arc<Ban>),
    LogEntry(Arc<LogEntry>),
    Category(Arc<Category>),
    Subcategory(Arc<Subcategory>),
    Tag(Arc<Tag>),
    Stream(Arc<Stream>),
    Social(Arc<Social>),
    Edge(Arc<Edge>),
    Connection(Connection),
    ConnectionEdge { index: usize, node: Box<Self>, type_name: String },
    PageInfo(PageInfo),
}

/// What a field is.
enum Found {
    Leaf(JsonValue),
    One(Thing),
    List(Vec<Self>),
}

type Resolved = Result<Found, Refusal>;

fn resolve(scene: &mut Scene<'_>, thing: &Thing, ask: &Ask<'_>) -> Resolved {
    match thing {
        Thing::Query => query::field(scene, ask),
        Thing::Mutation => mutation::field(scene, ask),
        Thing::Subscription(published) => subscription::field(scene, published, ask),
        Thing::User(user) => user::field(scene, user, ask),
        Thing::Follower(follower) => user::follower_field(scene, follower, ask),
        Thing::Social(social) => user::social_field(scene, social, ask),
        Thing::Channel(channel) => channel::field(scene, channel, ask),
        Thing::Stream(stream) => channel::stream_field(scene, stream, ask),
        Thing::Edge(edge) => channel::edge_field(scene, edge, ask),
        Thing::ChatMessage(message) => chat::field(scene, message, ask),
        Thing::Metadata(metadata) => chat::metadata_field(*metadata, ask),
        Thing::Token(token) => chat::token_field(token, ask),
        Thing::Moderator(moderator) => moderation::moderator_field(scene, moderator, ask),
        Thing::Ban(ban) => moderation::ban_field(scene, ban, ask),
        Thing::LogEntry(entry) => moderation::log_field(scene, entry, ask),
        Thing::Category(category) => catalogue::category_field(scene, category, ask),
        Thing::Subcategory(subcategory) => catalogue::subcategory_field(scene, subcategory, ask),
        Thing::Tag(tag) => catalogue::tag_field(scene, tag, ask),
        Thing::Connection(connection) => Ok(connection.field(ask)),
        Thing::ConnectionEdge { index, node, .. } => Ok(connection::edge_field(*index, node, ask)),
        Thing::PageInfo(page) => Ok(page.field(ask)),
    }
}

fn null() -> Found {
    Found::Leaf(JsonValue::Null)
}

fn text(text: &str) -> Found {
    Found::Leaf(text.into())
}

fn optional(value: Option<&str>) -> Found {
    value.map_or_else(null, text)
}

fn id(id: u64) -> Found {
    Found::Leaf(id.to_string().into())
}

fn int(int: impl Into<i64>) -> Found {
    Found::Leaf(int.into().into())
}

fn count(count: usize) -> Found {
    int(u32::try_from(count).unwrap_or(u32::MAX))
}

fn flag(flag: bool) -> Found {
    Found::Leaf(flag.into())
}

fn one(thing: Option<Thing>) -> Found {
    thing.map_or_else(null, Found::One)
}

fn user(scene: &Scene<'_>, id: u64) -> Found {
    one(scene.world.users.find(id).cloned().map(Thing::User))
}

fn channel(scene: &Scene<'_>, id: u64) -> Found {
    one(scene.world.channels.find(id).cloned().map(Thing::Channel))
}

fn category(scene: &Scene<'_>, id: u64) -> Found {
    one(scene.world.categories.find(id).cloned().map(Thing::Category))
}

/// When a row was made; rows of the world's file have no time of their own.
fn time(scene: &Scene<'_>, at: Option<&str>) -> Found {
    text(at.unwrap_or(&scene.world.made_at))
}

fn not_found() -> Refusal {
    Refusal::said("Could not find resource")
}
