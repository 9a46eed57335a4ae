//! Fields and fragments within a selection.

use apollo_compiler::Node;
use apollo_compiler::ast::{
    DirectiveLocation, Field, FieldDefinition, FragmentSpread, InlineFragment, Selection,
};

use super::Validator;
use super::argument::Owner;
use super::scope::Scope;
use crate::graphql::problem::{Problem, start};
use crate::graphql::suggest::did_you_mean_field;

impl<'a> Validator<'a> {
    /// `parent`: the type whose fields are selected, if it is known.
    pub(super) fn selections(
        &mut self,
        parent: Option<&'a str>,
        selections: &'a [Selection],
        scope: &Scope<'a>,
    ) {
        for selection in selections {
            match selection {
                Selection::Field(field) => self.field(parent, field, scope),
                Selection::FragmentSpread(spread) => self.spread(parent, spread, scope),
                Selection::InlineFragment(inline) => self.inline(parent, inline, scope),
            }
        }
    }

    fn field(&mut self, parent: Option<&'a str>, field: &'a Node<Field>, scope: &Scope<'a>) {
        let place = start(field.location());
        let found = parent.and_then(|parent| self.api.schema.type_field(parent, &field.name).ok());
        let definition: Option<&'a FieldDefinition> = found.map(|definition| &***definition);
        if let Some(definition) = definition {
            self.leaf(field, definition, place);
        } else if let Some(parent) = parent {
            let text = self.no_such_field(parent, &field.name);
            self.complain(Problem::at(place, text));
        }
        let below = definition.map(|definition| definition.ty.inner_named_type().as_str());
        self.selections(below, &field.selection_set, scope);
        if let Some(parent) = parent {
            let owner = Owner::Field { name: &field.name, parent };
            let arguments = definition.map_or(&[][..], |definition| &definition.arguments);
            self.arguments(&owner, arguments, &field.arguments, place, scope);
        }
        self.directives(&field.directives, DirectiveLocation::Field, scope);
    }

    fn leaf(&mut self, field: &Field, definition: &FieldDefinition, place: usize) {
        let (name, ty) = (&field.name, &definition.ty);
        let inner = self.api.schema.types.get(ty.inner_named_type());
        let is_leaf = inner.is_some_and(apollo_compiler::schema::ExtendedType::is_leaf);
        if is_leaf && !field.selection_set.is_empty() {
            let text = format!(
                "Field \"{name}\" must not have a selection since type \"{ty}\" has no subfields."
            );
            self.complain(Problem::at(place, text));
        }
        if !is_leaf && field.selection_set.is_empty() {
            let text = format!(
                "Field \"{name}\" of type \"{ty}\" must have a selection of subfields. Did you mean \"{name} {{ ... }}\"?"
            );
            self.complain(Problem::at(place, text));
        }
    }

    fn no_such_field(&self, parent: &str, name: &str) -> String {
        let text = format!("Cannot query field \"{name}\" on type \"{parent}\".");
        let possible = self.api.possible_types(parent);
        let has_it = |ty: &&str| *ty != parent && self.api.field_names(ty).contains(&name);
        let elsewhere: Vec<_> = possible.into_iter().filter(has_it).collect();
        if elsewhere.is_empty() {
            return text + &did_you_mean_field(name, &self.api.field_names(parent));
        }
        let quoted: Vec<_> = elsewhere.iter().map(|ty| format!("{ty:?}")).collect();
        format!("{text} Did you mean to use an inline fragment on {}?", quoted.join(" or "))
    }

    fn spread(
        &mut self,
        parent: Option<&'a str>,
        spread: &'a Node<FragmentSpread>,
        scope: &Scope<'a>,
    ) {
        let place = start(spread.location());
        match self.document.fragment(&spread.fragment_name) {
            None => {
                let text = format!("Unknown fragment \"{}\"", spread.fragment_name);
                self.complain(Problem::at(place, text));
            }
            Some(fragment) => self.overlap(parent, &fragment.type_condition, place),
        }
        self.directives(&spread.directives, DirectiveLocation::FragmentSpread, scope);
    }

    fn inline(
        &mut self,
        parent: Option<&'a str>,
        inline: &'a Node<InlineFragment>,
        scope: &Scope<'a>,
    ) {
        let place = start(inline.location());
        let mut below = parent;
        if let Some(condition) = &inline.type_condition {
            self.known_type(condition, place);
            self.overlap(parent, condition, place);
            let is_known = self.api.schema.types.contains_key(condition);
            below = is_known.then_some(condition.as_str());
        }
        self.selections(below, &inline.selection_set, scope);
        self.directives(&inline.directives, DirectiveLocation::InlineFragment, scope);
    }

    /// Complains of a fragment that no value can be of.
    fn overlap(&mut self, parent: Option<&str>, condition: &str, place: usize) {
        let Some(parent) = parent else { return };
        let possible = self.api.possible_types(parent);
        let spread = self.api.possible_types(condition);
        if !spread.iter().any(|ty| possible.contains(ty)) {
            let text = format!(
                "Fragment spread has no type overlap with parent.\nParent possible types: {possible:?}\nSpread possible types: {spread:?}\n"
            );
            self.complain(Problem::at(place, text));
        }
    }
}
