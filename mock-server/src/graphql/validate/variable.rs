//! The definition of a variable.

use apollo_compiler::ast::{OperationDefinition, VariableDefinition};
use apollo_compiler::{Name, Node};
use serde_json::Value;

use super::Validator;
use crate::graphql::problem::{Problem, start};
use crate::graphql::suggest::did_you_mean;

impl<'a> Validator<'a> {
    pub(super) fn variable_definition(
        &mut self,
        operation: &'a OperationDefinition,
        definition: &'a Node<VariableDefinition>,
        is_used: bool,
        is_unique: bool,
    ) {
        let place = start(definition.location());
        let name = &definition.name;
        if !is_used {
            let within = operation.name.as_ref().map(|name| format!(" in operation \"{name}\""));
            let text = format!("Variable \"{name}\" is never used{}.", within.unwrap_or_default());
            self.complain(Problem::at(place, text));
        }
        if !is_unique {
            let text = format!("There can only be one variable named \"{name}\".");
            self.complain(Problem::at(place, text));
        }
        let is_given = match self.variables.get(name.as_str()) {
            Some(value) => *value != Value::Null,
            None => definition.default_value.is_some(),
        };
        if definition.ty.is_non_null() && !is_given {
            let text = format!("Variable \"{name}\": Expected non-null, found null.");
            self.complain(Problem::at(place, text));
        }
        let type_name = definition.ty.inner_named_type();
        self.known_type(type_name, place);
        let kind = self.api.schema.types.get(type_name);
        if kind.is_some_and(|kind| !kind.is_input_type()) {
            let ty = &definition.ty;
            let text = format!("Variable \"{name}\" cannot be non-input type \"{ty}\".");
            self.complain(Problem::at(place, text));
        }
    }

    /// Complains of a type that does not exist.
    pub(super) fn known_type(&mut self, name: &Name, place: usize) {
        let types = &self.api.schema.types;
        if !types.contains_key(name) {
            let suggestion = did_you_mean(name, types.keys().map(Name::as_str));
            let text = format!("Unknown type \"{name}\".{suggestion}");
            self.complain(Problem::at(place, text));
        }
    }
}
