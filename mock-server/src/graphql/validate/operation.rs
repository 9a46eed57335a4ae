//! Operations: their names, their variables as a whole, and what a subscription may be.

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::{DirectiveLocation, OperationDefinition};
use apollo_compiler::{Name, Node};

use super::Validator;
use super::scope::Scope;
use crate::graphql::problem::{Problem, start};

impl<'a> Validator<'a> {
    pub(super) fn operation(&mut self, operation: &'a Node<OperationDefinition>) {
        let place = start(operation.location());
        let operations = &self.document.operations;
        if operation.name.is_none() && operations.len() > 1 {
            let text = "This anonymous operation must be the only defined operation.";
            self.complain(Problem::at(place, text));
        }
        let used = self.uses.of_operation(operation);
        let scope = Scope::of(Some(operation));
        let same_name = operations.iter().filter(|other| other.name == operation.name);
        if let Some(name) = operation.name.as_ref().filter(|_| same_name.count() > 1) {
            let text = format!("There can only be one operation named \"{name}\".");
            self.complain(Problem::at(place, text));
        }
        if operation.operation_type.is_subscription() && operation.selection_set.len() > 1 {
            let text = "Only one field is permitted on the root object when subscribing";
            self.complain(Problem::at(place, text));
        }
        let root = self.api.schema.root_operation(operation.operation_type);
        self.selections(root.map(Name::as_str), &operation.selection_set, &scope);
        let used: HashSet<&Name> = used.variables.into_iter().collect();
        let mut counts: HashMap<&Name, u32> = HashMap::new();
        for definition in &operation.variables {
            *counts.entry(&definition.name).or_default() += 1;
        }
        for definition in &operation.variables {
            let name = &definition.name;
            let is_used = used.contains(name);
            self.variable_definition(operation, definition, is_used, counts[name] == 1);
        }
        let location: DirectiveLocation = operation.operation_type.into();
        self.directives(&operation.directives, location, &scope);
    }
}
