//! Arguments of fields and directives.

use std::collections::HashMap;

use apollo_compiler::ast::{
    Argument, DirectiveList, DirectiveLocation, InputValueDefinition, Type, Value,
};
use apollo_compiler::{Name, Node};

use super::scope::Scope;
use super::{Validator, value};
use crate::graphql::problem::{Problem, start};
use crate::graphql::suggest::did_you_mean;

/// What has the arguments.
pub(super) enum Owner<'a> {
    Field { name: &'a str, parent: &'a str },
    Directive { name: &'a str },
}

impl<'a> Validator<'a> {
    pub(super) fn directives(
        &mut self,
        directives: &'a DirectiveList,
        location: DirectiveLocation,
        scope: &Scope<'a>,
    ) {
        for directive in directives.iter() {
            let place = start(directive.location());
            let name = &directive.name;
            let Some(definition) = self.api.schema.directive_definitions.get(name) else {
                self.complain(Problem::at(place, format!("Unknown directive `{name}'.")));
                continue;
            };
            if !definition.locations.contains(&location) {
                let text = format!("Directive `{name}' may not be used on {}.", location.name());
                self.complain(Problem::at(place, text));
            }
            let owner = Owner::Directive { name };
            self.arguments(&owner, &definition.arguments, &directive.arguments, place, scope);
        }
    }

    /// `place`: where the owner is.
    pub(super) fn arguments(
        &mut self,
        owner: &Owner<'_>,
        definitions: &'a [Node<InputValueDefinition>],
        arguments: &'a [Node<Argument>],
        place: usize,
        scope: &Scope<'a>,
    ) {
        let mut counts: HashMap<&Name, u32> = HashMap::new();
        for argument in arguments {
            *counts.entry(&argument.name).or_default() += 1;
        }
        for argument in arguments {
            let place = start(argument.location());
            match definitions.iter().find(|definition| definition.name == argument.name) {
                Some(definition) => self.argument_value(&definition.ty, argument, scope),
                None => {
                    let text =
                        format!("Unknown argument \"{}\" on {}.", argument.name, owner.shown());
                    let names = definitions.iter().map(|definition| definition.name.as_str());
                    let meant = did_you_mean(&argument.name, names);
                    self.complain(Problem::at(place, text).meaning(meant));
                }
            }
            if counts[&argument.name] > 1 {
                self.complain(Problem::at(place, "Duplicate argument name."));
            }
            if let Some(definition) = definitions.iter().find(|one| one.name == argument.name) {
                self.variable_types(definition, &argument.value, scope);
            }
            self.undefined_variables(&argument.value);
        }
        for definition in definitions.iter().filter(|one| one.is_required()) {
            if !counts.contains_key(&definition.name) {
                let (name, ty) = (&definition.name, &definition.ty);
                let text = format!("In argument \"{name}\": Expected type \"{ty}\", found null.");
                self.complain(Problem::at(place, text));
            }
        }
    }

    fn argument_value(&mut self, ty: &Type, argument: &Node<Argument>, scope: &Scope<'a>) {
        let given = value::Given { api: self.api, variables: self.variables, scope };
        if let Err(details) = given.check(ty, &argument.value) {
            let shown = value::shown(&argument.value);
            let mut text = format!("Argument \"{}\" has invalid value {shown}.", argument.name);
            for detail in details {
                text.push('\n');
                text.push_str(&detail);
            }
            self.complain(Problem::at(start(argument.location()), text));
        }
    }

    fn undefined_variables(&mut self, value: &'a Node<Value>) {
        match &**value {
            Value::Variable(name) => {
                let place = start(value.location());
                for (operation, operation_place) in self.undefined.by(name).to_vec() {
                    let by = operation.map(|name| format!(" by operation \"{name}\""));
                    let by = by.unwrap_or_default();
                    let text = format!("Variable \"{name}\" is not defined{by}.");
                    self.complain(Problem::at_both([place, operation_place], text));
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.undefined_variables(item)),
            Value::Object(fields) => {
                fields.iter().for_each(|(_, field)| self.undefined_variables(field));
            }
            _ => {}
        }
    }

    /// Whether variables fit where they stand.
    fn variable_types(
        &mut self,
        definition: &'a InputValueDefinition,
        value: &'a Node<Value>,
        scope: &Scope<'a>,
    ) {
        match &**value {
            Value::Variable(name) => {
                let Some(variable) = scope.variables.get(name) else { return };
                let has_default = variable.default_value.is_some();
                let given = if has_default {
                    variable.ty.as_ref().clone().non_null()
                } else {
                    variable.ty.as_ref().clone()
                };
                let wanted = definition.ty.as_ref();
                let lenient = definition.default_value.is_some().then(|| wanted.clone().nullable());
                if given.is_assignable_to(lenient.as_ref().unwrap_or(wanted)) {
                    return;
                }
                let subject = match scope.operation_name {
                    None => "Variable".to_owned(),
                    Some(operation) => format!("In operation `{operation}, variable"),
                };
                let text = format!(
                    "{subject} `${name}` of type `{}` found as input to argument of type `{wanted}`.",
                    variable.ty
                );
                self.complain(Problem::at(start(value.location()), text));
            }
            Value::Object(fields) => {
                let input = self.api.schema.get_input_object(definition.ty.inner_named_type());
                for (name, field) in fields {
                    if let Some(definition) = input.and_then(|input| input.fields.get(name)) {
                        self.variable_types(definition, field, scope);
                    }
                }
            }
            _ => {}
        }
    }
}

impl Owner<'_> {
    fn shown(&self) -> String {
        match self {
            Self::Field { name, parent } => format!("field \"{name}\" of type \"{parent}\""),
            Self::Directive { name } => format!("directive \"@{name}\""),
        }
    }
}
