//! An API: takes documents and gives answers.

use std::fmt;
use std::sync::{Arc, LazyLock};

use apollo_compiler::Node;
use apollo_compiler::ast::OperationDefinition;
use serde_json::{Map, Value};

use super::document::{ParsedDocument, Unreadable};
use super::documents::{Documents, Work};
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
    documents: Documents,
}

/// An operation that may be executed, with the values of its variables.
#[derive(Debug)]
pub(super) struct Ready {
    engine: Arc<Engine>,
    operation: Node<OperationDefinition>,
    prepared: Prepared,
    by_older_api: bool,
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
        Self::new(Engine::current(), None)
    }

    /// `/api/socket`, the older one.
    pub fn socket() -> Self {
        Self::new(Engine::older(), None)
    }

    /// `/api/graph` as the protocol document needs it: what only the older API knows is answered by the older one.
    pub fn glimesh() -> Self {
        Self::new(Engine::current(), Some(Engine::older()))
    }

    fn new(engine: Arc<Engine>, fallback: Option<Arc<Engine>>) -> Self {
        Self { engine, fallback, documents: Documents::default() }
    }

    /// How much work it has had so far.
    pub fn work(&self) -> Work {
        self.documents.work()
    }

    /// Executes a document. It is parsed and judged once, however often it is sent.
    /// What is wrong with a document, in the server's words; nothing if it would be executed.
    pub fn problems(&self, query: &str, variables: &Map<String, Value>) -> Vec<String> {
        let document = match ParsedDocument::parse(query) {
            Ok(document) => document,
            Err(Unreadable::Syntax(problem)) => return vec![problem.message().to_owned()],
            Err(Unreadable::Limit(text)) => return vec![text],
        };
        let judge = |engine: &Engine| match validate(&engine.schema, &document, variables) {
            Verdict::Valid(_) => Vec::new(),
            Verdict::Aborted(problems) | Verdict::Invalid(problems) => problems,
        };
        let problems = judge(&self.engine);
        let by_older = || self.fallback.as_ref().is_some_and(|older| judge(older).is_empty());
        if problems.is_empty() || by_older() {
            return Vec::new();
        }
        problems.iter().map(|problem| problem.message().to_owned()).collect()
    }

    /// Executes a document.
    pub fn execute(&self, world: &mut World, request: &Request<'_>) -> Outcome {
        let document = match self.documents.parse(request.query) {
            Ok(document) => document,
            Err(Unreadable::Syntax(problem)) => {
                return Outcome::refused(request.query, &[problem], true);
            }
            Err(Unreadable::Limit(text)) => return Outcome::limited(request.query, text),
        };
        let Request { query, variables, .. } = *request;
        let judge = || self.judge(&document, request);
        match self.documents.judge(query, &document, variables, judge) {
            Ok(ready) => ready.run(world, request),
            Err(refused) => *refused,
        }
    }

    fn judge(
        &self,
        document: &ParsedDocument,
        request: &Request<'_>,
    ) -> Result<Ready, Box<Outcome>> {
        let verdict = validate(&self.engine.schema, document, request.variables);
        let (engine, operation) = match (verdict, &self.fallback) {
            (Verdict::Valid(operation), _) => (&self.engine, operation),
            (Verdict::Aborted(problems), _) => {
                return Err(Box::new(Outcome::refused(request.query, &problems, true)));
            }
            (Verdict::Invalid(problems), older) => {
                let judged = older
                    .as_ref()
                    .map(|older| (older, validate(&older.schema, document, request.variables)));
                let Some((older, Verdict::Valid(operation))) = judged else {
                    return Err(Box::new(Outcome::refused(request.query, &problems, false)));
                };
                (older, operation)
            }
        };
        if let Err(Unreadable::Limit(text)) = document.check_depth() {
            return Err(Box::new(Outcome::limited(request.query, text)));
        }
        Ok(Ready {
            engine: Arc::clone(engine),
            operation: operation.clone(),
            prepared: Prepared::new(&engine.schema, document, operation, request.variables),
            by_older_api: !Arc::ptr_eq(engine, &self.engine),
        })
    }
}

impl Ready {
    fn run(&self, world: &mut World, request: &Request<'_>) -> Outcome {
        let outcome = self.answer(world, request);
        Outcome { by_older_api: self.by_older_api, ..outcome }
    }

    fn answer(&self, world: &mut World, request: &Request<'_>) -> Outcome {
        let Self { engine, operation, prepared, .. } = self;
        if let Some(problem) = too_complex(prepared, operation, request.most_complex) {
            return Outcome::refused(request.query, &[problem], false);
        }
        if operation.operation_type.is_subscription() {
            return Outcome::of(self.subscribe(request));
        }
        let root = execute::root(operation.operation_type);
        let scene = Scene::new(world, request.viewer, request.now, engine.generation);
        let Executed { result, published } =
            execute(&engine.schema, prepared, request.query, root, scene);
        let answer = match result {
            Ok(result) => Answer::Ok(result),
            Err(reason) => Answer::Crash { reason },
        };
        Outcome { published, ..Outcome::of(answer) }
    }

    fn subscribe(&self, request: &Request<'_>) -> Answer {
        if *request.viewer == Viewer::Lost {
            let reason = "the channel has forgotten who its client is".to_owned();
            return Answer::Crash { reason };
        }
        let source = (request.query, request.variables);
        let prepared = self.prepared.clone();
        let subscription =
            Subscription::new(&self.engine, prepared, &self.operation, source, request.viewer);
        match subscription {
            Some(subscription) => Answer::Subscribed(subscription),
            None => {
                let reason = "a subscription selects one field, itself and not in a fragment";
                Answer::Crash { reason: reason.to_owned() }
            }
        }
    }
}

/// The schema of one generation of the API.
pub(super) fn schema(generation: Generation) -> &'static ApiSchema {
    static CURRENT: LazyLock<Arc<Engine>> = LazyLock::new(Engine::current);
    static OLDER: LazyLock<Arc<Engine>> = LazyLock::new(Engine::older);
    match generation {
        Generation::Current => &CURRENT.schema,
        Generation::Older => &OLDER.schema,
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
