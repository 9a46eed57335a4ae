//! Which variables and fragments an operation uses, also through fragments.

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::{Argument, DirectiveList, OperationDefinition, Selection, Value};
use apollo_compiler::{Name, Node};

use crate::graphql::document::ParsedDocument;

/// What a definition uses by itself.
#[derive(Default)]
struct Own<'a> {
    variables: Vec<&'a Name>,
    fragments: Vec<&'a Name>,
}

/// The uses in a document's fragments.
pub(super) struct Uses<'a> {
    of_fragments: HashMap<&'a Name, Own<'a>>,
}

/// What an operation uses.
pub(super) struct Used<'a> {
    pub(super) variables: Vec<&'a Name>,
    pub(super) fragments: HashSet<&'a Name>,
}

impl<'a> Uses<'a> {
    pub(super) fn of(document: &'a ParsedDocument) -> Self {
        let of_fragments = document.fragments.iter().map(|fragment| {
            let mut own = Own::default();
            own.directives(&fragment.directives);
            own.selections(&fragment.selection_set);
            (&fragment.name, own)
        });
        Self { of_fragments: of_fragments.collect() }
    }

    pub(super) fn of_operation(&self, operation: &'a OperationDefinition) -> Used<'a> {
        let mut own = Own::default();
        own.directives(&operation.directives);
        own.selections(&operation.selection_set);
        let mut used = Used { variables: own.variables, fragments: HashSet::new() };
        let mut open = own.fragments;
        while let Some(name) = open.pop() {
            if !used.fragments.insert(name) {
                continue;
            }
            if let Some(own) = self.of_fragments.get(name) {
                used.variables.extend(&own.variables);
                open.extend(&own.fragments);
            }
        }
        used
    }

    /// The fragments that any of the operations uses.
    pub(super) fn of_operations(
        &self,
        operations: &'a [Node<OperationDefinition>],
    ) -> HashSet<&'a Name> {
        operations.iter().flat_map(|operation| self.of_operation(operation).fragments).collect()
    }

    /// The fragments that a fragment spreads itself.
    pub(super) fn spreads(&self, fragment: &Name) -> &[&'a Name] {
        self.of_fragments.get(fragment).map_or(&[], |own| &own.fragments)
    }
}

impl<'a> Own<'a> {
    fn selections(&mut self, selections: &'a [Selection]) {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    self.arguments(&field.arguments);
                    self.directives(&field.directives);
                    self.selections(&field.selection_set);
                }
                Selection::FragmentSpread(spread) => {
                    self.fragments.push(&spread.fragment_name);
                    self.directives(&spread.directives);
                }
                Selection::InlineFragment(inline) => {
                    self.directives(&inline.directives);
                    self.selections(&inline.selection_set);
                }
            }
        }
    }

    fn directives(&mut self, directives: &'a DirectiveList) {
        for directive in directives.iter() {
            self.arguments(&directive.arguments);
        }
    }

    fn arguments(&mut self, arguments: &'a [Node<Argument>]) {
        for argument in arguments {
            self.value(&argument.value);
        }
    }

    fn value(&mut self, value: &'a Node<Value>) {
        match &**value {
            Value::Variable(name) => self.variables.push(name),
            Value::List(items) => items.iter().for_each(|item| self.value(item)),
            Value::Object(fields) => fields.iter().for_each(|(_, field)| self.value(field)),
            _ => {}
        }
    }
}
