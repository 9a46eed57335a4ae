//! One execution, and its result as the wire shows it.

use std::cell::RefCell;

use apollo_compiler::executable::OperationType;
use apollo_compiler::resolvers::Execution;
use apollo_compiler::response::{ExecutionResponse, GraphQLError};
use serde_json::{Map, Value};

use super::prepare::Prepared;
use super::problem::{Lines, Problem};
use super::resolve::{Object, Scene, Thing};
use super::schema::ApiSchema;
use crate::world::Published;

/// What the engine puts before the message of a resolver's error.
const RESOLVER_ERROR: &str = "resolver error: ";

/// What an execution brought.
pub(super) struct Executed {
    /// `{"data": .., "errors": [..]}`, or why the channel crashes.
    pub(super) result: Result<Value, String>,
    pub(super) published: Vec<Published>,
}

/// Executes an operation; `text` is its document.
pub(super) fn execute(
    api: &ApiSchema,
    prepared: &Prepared,
    text: &str,
    root: Thing,
    scene: Scene<'_>,
) -> Executed {
    let scene = RefCell::new(scene);
    let response = Execution::new(&api.schema, prepared.document())
        .operation(prepared.operation())
        .coerced_variable_values(&prepared.variables)
        .implementers_map(&api.implementers)
        .enable_schema_introspection(true)
        .execute_sync(&Object { thing: root, scene: &scene });
    let Scene { published, faults, crash, .. } = scene.into_inner();
    let result = match (crash, response) {
        (Some(reason), _) => Err(reason),
        (None, Ok(response)) => Ok(to_value(response, &faults, text)),
        (None, Err(error)) => Err(error.message().to_string()),
    };
    Executed { result, published }
}

/// The root of an operation that is not a subscription.
pub(super) fn root(operation_type: OperationType) -> Thing {
    match operation_type {
        OperationType::Mutation => Thing::Mutation,
        OperationType::Query | OperationType::Subscription => Thing::Query,
    }
}

fn to_value(response: ExecutionResponse, faults: &[Problem], text: &str) -> Value {
    let mut result = Map::new();
    // Names become sorted here, as on the real server. Source: recordings, rule 24.
    let data = serde_json::to_value(response.data).expect("it is JSON already");
    result.insert("data".to_owned(), data);
    if !response.errors.is_empty() {
        let lines = Lines::new(text);
        // The last one comes first. Source: recording `doc/q_nonnull_bubble`.
        let errors = response.errors.iter().rev().map(|error| error_value(error, faults, &lines));
        result.insert("errors".to_owned(), errors.collect());
    }
    Value::Object(result)
}

fn error_value(error: &GraphQLError, faults: &[Problem], lines: &Lines<'_>) -> Value {
    let index =
        error.message.strip_prefix(RESOLVER_ERROR).and_then(|text| text.parse::<usize>().ok());
    let engines_own = || Problem::nowhere(error.message.clone());
    let problem = index.and_then(|index| faults.get(index)).cloned().unwrap_or_else(engines_own);
    let path = serde_json::to_value(&error.path).expect("it is text and numbers");
    problem.to_value(lines, Some(path))
}
