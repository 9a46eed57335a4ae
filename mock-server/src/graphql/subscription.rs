//! Subscriptions: what a client wants to hear of, and how it is told.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use apollo_compiler::ast::{Selection, Value as Literal};
use apollo_compiler::{Node, ast};
use serde_json::{Map, Value, json};

use super::api::Engine;
use super::execute::execute;
use super::hash::hash;
use super::prepare::Prepared;
use super::resolve::{Generation, Scene, Thing};
use crate::world::{Published, Viewer, World};

/// A subscription that was granted.
#[derive(Clone)]
pub struct Subscription {
    engine: Arc<Engine>,
    prepared: Prepared,
    query: Arc<str>,
    hash: Arc<str>,
    /// The field of the root type that was selected.
    field: Arc<str>,
    channel_id: Option<Arc<str>>,
    /// Who subscribed; what happens to the channel's memory later does not matter. Source: recordings, rule 29.
    viewer: Viewer,
}

impl Subscription {
    /// `None` where the real server finds no field to subscribe to, and crashes. Source: recordings, rule 26.
    pub(super) fn new(
        engine: &Arc<Engine>,
        prepared: Prepared,
        operation: &Node<ast::OperationDefinition>,
        (query, variables): (&str, &Map<String, Value>),
        viewer: &Viewer,
    ) -> Option<Self> {
        let [Selection::Field(field)] = &operation.selection_set[..] else { return None };
        if field.name.starts_with("__") {
            return None;
        }
        let argument = field.arguments.first().map(|argument| &*argument.value);
        let channel_id = argument.and_then(|value| id_text(value, &prepared)).map(Into::into);
        Some(Self {
            engine: Arc::clone(engine),
            prepared,
            query: query.into(),
            hash: hash(query, variables).into(),
            field: field.name.as_str().into(),
            channel_id,
            viewer: viewer.clone(),
        })
    }

    /// The last part of its id, which depends on the document and its variables alone.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The argument of its field as text; `None`: everything is wanted.
    pub fn channel_id(&self) -> Option<&str> {
        self.channel_id.as_deref()
    }

    /// Whether this is something that it wants to hear of.
    pub fn wants(&self, event: &Published) -> bool {
        *self.field == *event.field()
            && self.channel_id().is_none_or(|channel_id| channel_id == event.topic())
    }

    /// The result that its subscribers get when something has happened.
    pub fn publish(&self, world: &mut World, event: &Published) -> Value {
        let Engine { schema, generation } = &*self.engine;
        let scene = Scene::new(world, &self.viewer, "", *generation);
        let root = Thing::Subscription(event.clone());
        let executed = execute(schema, &self.prepared, &self.query, root, scene);
        // A crash here is lost in the real server's log, and the subscriber hears nothing of use.
        executed.result.unwrap_or_else(|_| json!({"data": null}))
    }

    /// The document with its variables, who subscribed, and which API answers.
    fn key(&self) -> (&str, &Viewer, Generation) {
        (&self.hash, &self.viewer, self.engine.generation)
    }
}

/// Equal subscriptions always get equal results.
impl PartialEq for Subscription {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Subscription {}

impl Hash for Subscription {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, channel_id, hash, .. } = self;
        write!(f, "Subscription({field}, {channel_id:?}, {hash})")
    }
}

/// An id as it was written. Source: recordings, rule 26: "06" is not "6".
fn id_text(value: &Literal, prepared: &Prepared) -> Option<String> {
    match value {
        Literal::String(text) => Some(text.clone()),
        Literal::Int(int) => Some(int.as_str().to_owned()),
        Literal::Variable(name) => {
            let value = prepared.variables.get(name.as_str())?;
            match value.as_str() {
                Some(text) => Some(text.to_owned()),
                None => value.is_number().then(|| value.to_string()),
            }
        }
        _ => None,
    }
}
