//! The variables that may be used in a place, and those that may not.

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::{OperationDefinition, VariableDefinition};
use apollo_compiler::{Name, Node};

use super::uses::Uses;
use crate::graphql::document::ParsedDocument;
use crate::graphql::problem::start;

/// An operation's name and variables. Within fragments they are those of the operation that is executed.
pub(super) struct Scope<'a> {
    pub(super) operation_name: Option<&'a Name>,
    pub(super) variables: HashMap<&'a Name, &'a Node<VariableDefinition>>,
}

impl<'a> Scope<'a> {
    pub(super) fn of(operation: Option<&'a Node<OperationDefinition>>) -> Self {
        let Some(operation) = operation else {
            return Self { operation_name: None, variables: HashMap::new() };
        };
        let variables = operation.variables.iter().map(|variable| (&variable.name, variable));
        Self { operation_name: operation.name.as_ref(), variables: variables.collect() }
    }
}

/// For variables that are used and not defined, the operations that do so, last one first: names and places.
///
/// Source: Absinthe 1.7.1, `lib/absinthe/phase/document/validation/no_undefined_variables.ex`: wherever such a variable
/// stands, all these operations are complained of.
pub(super) struct Undefined<'a>(HashMap<&'a Name, Vec<(Option<&'a Name>, usize)>>);

impl<'a> Undefined<'a> {
    pub(super) fn of(document: &'a ParsedDocument, uses: &Uses<'a>) -> Self {
        let mut undefined: HashMap<&Name, Vec<_>> = HashMap::new();
        for operation in document.operations.iter().rev() {
            let scope = Scope::of(Some(operation));
            let used: HashSet<&Name> = uses.of_operation(operation).variables.into_iter().collect();
            for name in used.into_iter().filter(|name| !scope.variables.contains_key(name)) {
                let by = (scope.operation_name, start(operation.location()));
                undefined.entry(name).or_default().push(by);
            }
        }
        Self(undefined)
    }

    pub(super) fn by(&self, name: &Name) -> &[(Option<&'a Name>, usize)] {
        self.0.get(name).map_or(&[], |operations| operations)
    }
}
