//! An API: takes documents and gives answers.

use std::fmt;
use std::sync::{Arc, LazyLock};

use apollo_compiler::Node;
use apollo_compiler::ast::OperationDefinition;
use serde_json::{Map, Value};

use super::document::{ParsedDocument, Unreadable};
use super::execute::{self, Executed, execute};
use super::outcome::{Answer, Outcome};
use super::prepare::Prepared;
use super::problem::{Problem, start};
use super::resolve::{Generation, Scene};
use super::schema::ApiSchema;
use super::subscription::Subscription;
use super::validate::{Verdict, validate};
use crate::world::{Viewer, World};

/// One API, as it is served in one place.
#[derive(Debug)]
pub struct Api {
    engine: Arc<Engine>,
    /// Answers what is valid only there.
    fallback: Option<Arc<Engine>>,
}

/// A schema, and what the resolvers have to know of it.
pub(super) struct Engine {
    pub(super) schema: ApiSchema,
    pub(super) generation: Generation,
}

/// A document that somebody wants executed.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who.
    pub viewer: &'a Viewer,
    /// When, as `YYYY-MM-DDTHH:MM:SS`.
    pub now: &'a str,
    /// The document.
    pub query: &'a str,
    /// Values for its variables, by name.
    pub variables: &'a Map<String, Value>,
    /// How complex it may be; nothing is too complex on a socket.
    pub most_complex: Option<u64>,
}

impl Api {
    /// `/api/graph` as deployed.
    pub fn graph() -> Self {
        Self { engine: Engine::current(), fallback: None }
    }

    /// `/api/socket`, the older one.
    pub fn socket() -> Self {
        Self { engine: Engine::older(), fallback: None }
    }

    /// `/api/graph` as the protocol document needs it: what only the older API knows is answered by the older one.
    pub fn glimesh() -> Self {
        Self { engine: Engine::current(), fallback: Some(Engine::older()) }
    }

    /// Executes a document.
    pub fn execute(&self, world: &mut World, request: &Request<'_>) -> Outcome {
        let document = match ParsedDocument::parse(request.query) {
            Ok(document) => document,
            Err(Unreadable::Syntax(problem)) => {
                return Outcome::refused(request.query, &[problem], true);
            }
            Err(Unreadable::Limit(text)) => return Outcome::limited(request.query, text),
        };
        match self.engine.judge(&document, request) {
            Verdict::Aborted(problems) => Outcome::refused(request.query, &problems, true),
            Verdict::Valid(operation) => self.engine.run(world, request, &document, operation),
            Verdict::Invalid(problems) => {
                let older = self.fallback.as_ref();
                let judged = older.map(|older| (older, older.judge(&document, request)));
                let Some((older, Verdict::Valid(operation))) = judged else {
                    return Outcome::refused(request.query, &problems, false);
                };
                let outcome = older.run(world, request, &document, operation);
                Outcome { by_older_api: true, ..outcome }
            }
        }
    }
}

impl Engine {
    /// All servers of a process share it.
    fn current() -> Arc<Self> {
        static CURRENT: LazyLock<Arc<Engine>> = LazyLock::new(|| {
            Arc::new(Engine { schema: ApiSchema::current(), generation: Generation::Current })
        });
        Arc::clone(&CURRENT)
    }

    /// As [`current`](Self::current).
    fn older() -> Arc<Self> {
        static OLDER: LazyLock<Arc<Engine>> = LazyLock::new(|| {
            Arc::new(Engine { schema: ApiSchema::older(), generation: Generation::Older })
        });
        Arc::clone(&OLDER)
    }

    fn judge<'a>(&'a self, document: &'a ParsedDocument, request: &Request<'a>) -> Verdict<'a> {
        validate(&self.schema, document, request.variables)
    }

    /// The operation must be valid.
    fn run(
        self: &Arc<Self>,
        world: &mut World,
        request: &Request<'_>,
        document: &ParsedDocument,
        operation: &Node<OperationDefinition>,
    ) -> Outcome {
        if let Err(Unreadable::Limit(text)) = document.check_depth() {
            return Outcome::limited(request.query, text);
        }
        let prepared = Prepared::new(&self.schema, document, operation, request.variables);
        if let Some(problem) = too_complex(&prepared, operation, request.most_complex) {
            return Outcome::refused(request.query, &[problem], false);
        }
        if operation.operation_type.is_subscription() {
            return Outcome::of(self.subscribe(request, prepared, operation));
        }
        let root = execute::root(operation.operation_type);
        let scene = Scene::new(world, request.viewer, request.now, self.generation);
        let Executed { result, published } =
            execute(&self.schema, &prepared, request.query, root, scene);
        let answer = match result {
            Ok(result) => Answer::Ok(result),
            Err(reason) => Answer::Crash { reason },
        };
        Outcome { published, ..Outcome::of(answer) }
    }

    fn subscribe(
        self: &Arc<Self>,
        request: &Request<'_>,
        prepared: Prepared,
        operation: &Node<OperationDefinition>,
    ) -> Answer {
        if *request.viewer == Viewer::Lost {
            let reason = "the channel has forgotten who its client is".to_owned();
            return Answer::Crash { reason };
        }
        let source = (request.query, request.variables);
        match Subscription::new(self, prepared, operation, source, request.viewer) {
            Some(subscription) => Answer::Subscribed(subscription),
            None => {
                let reason = "a subscription selects one field, itself and not in a fragment";
                Answer::Crash { reason: reason.to_owned() }
            }
        }
    }
}

/// Source: recording `http/too_complex`.
fn too_complex(
    prepared: &Prepared,
    operation: &Node<OperationDefinition>,
    most: Option<u64>,
) -> Option<Problem> {
    let most = most?;
    let complexity = prepared.complexity();
    let place = start(operation.location());
    let text =
        format!("Operation is too complex: complexity is {complexity} and maximum is {most}");
    (complexity > most).then(|| Problem::at(place, text))
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({:?})", self.generation)
    }
}
