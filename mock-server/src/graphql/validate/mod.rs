//! Absinthe's validation, in its words.
//!
//! Absinthe runs its phases one after the other, each leaving errors on the nodes it dislikes, and then collects them
//! in one walk over the tree: a node's errors in the order of the phases, then its selections, arguments and
//! directives. This is that walk, with all phases at once. Definitions are walked last one first, fragments before
//! operations.
//!
//! Source: Absinthe 1.7.1, `lib/absinthe/phase/document/validation/*`; recordings `doc/ops_*`, `doc/v_*`, `doc/x_*`.

mod argument;
mod fragment;
mod operation;
mod scope;
mod selection;
mod uses;
mod value;
mod variable;

use apollo_compiler::Node;
use apollo_compiler::ast::OperationDefinition;
use serde_json::{Map, Value};

use super::document::ParsedDocument;
use super::problem::Problem;
use super::schema::ApiSchema;
use scope::{Scope, Undefined};
use uses::Uses;

/// What validation found.
pub(super) enum Verdict<'a> {
    /// This operation may be executed.
    Valid(&'a Node<OperationDefinition>),
    /// Refused.
    Invalid(Vec<Problem>),
    /// Refused before most phases; the channel forgets who its client is. Source: recordings, rule 29.
    Aborted(Vec<Problem>),
}

/// Judges a document.
pub(super) fn validate<'a>(
    api: &'a ApiSchema,
    document: &'a ParsedDocument,
    variables: &'a Map<String, Value>,
) -> Verdict<'a> {
    if document.operations.is_empty() {
        return Verdict::Aborted(vec![Problem::nowhere("No operations provided.")]);
    }
    let uses = Uses::of(document);
    let cycles = fragment::cycles(document, &uses);
    if !cycles.is_empty() {
        return Verdict::Aborted(cycles);
    }
    let current = current_operation(&document.operations);
    let undefined = Undefined::of(document, &uses);
    let problems = Vec::new();
    let mut validator = Validator { api, document, variables, uses, undefined, problems };
    validator.run(current);
    match current {
        Some(operation) if validator.problems.is_empty() => Verdict::Valid(operation),
        _ => Verdict::Invalid(validator.problems),
    }
}

struct Validator<'a> {
    api: &'a ApiSchema,
    document: &'a ParsedDocument,
    variables: &'a Map<String, Value>,
    uses: Uses<'a>,
    /// Which operations use a variable without defining it.
    undefined: Undefined<'a>,
    problems: Vec<Problem>,
}

impl<'a> Validator<'a> {
    fn complain(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    fn run(&mut self, current: Option<&'a Node<OperationDefinition>>) {
        if current.is_none() {
            let text = "Must provide a valid operation name if query contains multiple operations.\n\nNo operation name was given.\n";
            self.complain(Problem::nowhere(text));
        }
        let document = self.document;
        let scope = Scope::of(current);
        let used = self.uses.of_operations(&document.operations);
        for fragment in document.fragments.iter().rev() {
            self.fragment(fragment, used.contains(&fragment.name), &scope);
        }
        for operation in document.operations.iter().rev() {
            self.operation(operation);
        }
    }
}

/// How many errors are listed. The real server lists all, however many they are.
const MOST_PROBLEMS: usize = 50_000;

/// The only one, or the one without a name: `operationName` does not reach Absinthe. Source: recordings, rules 23, 25.
fn current_operation(
    operations: &[Node<OperationDefinition>],
) -> Option<&Node<OperationDefinition>> {
    match operations {
        [only] => Some(only),
        many => many.iter().find(|operation| operation.name.is_none()),
    }
}
