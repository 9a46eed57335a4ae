//! Fragments: what they are on, whether they are used, and whether they come back to themselves.

use std::collections::HashSet;

use apollo_compiler::ast::FragmentDefinition;
use apollo_compiler::{Name, Node};

use super::Validator;
use super::scope::Scope;
use super::uses::Uses;
use crate::graphql::document::ParsedDocument;
use crate::graphql::problem::{Problem, start};

impl<'a> Validator<'a> {
    pub(super) fn fragment(
        &mut self,
        fragment: &'a Node<FragmentDefinition>,
        is_used: bool,
        scope: &Scope<'a>,
    ) {
        let place = start(fragment.location());
        let name = &fragment.name;
        if !is_used {
            self.complain(Problem::at(place, format!("Fragment \"{name}\" is never used.")));
        }
        let condition = &fragment.type_condition;
        self.known_type(condition, place);
        let parent = self.api.schema.types.contains_key(condition).then_some(condition.as_str());
        self.selections(parent, &fragment.selection_set, scope);
    }
}

/// Fragments that spread themselves, or one that does.
pub(super) fn cycles(document: &ParsedDocument, uses: &Uses<'_>) -> Vec<Problem> {
    let fragments = document.fragments.iter().rev();
    let problem = |fragment: &Node<FragmentDefinition>| {
        let via = way_back(uses, &fragment.name)?;
        let name = &fragment.name;
        let mut text = format!("Cannot spread fragment \"{name}\" within itself");
        if !via.is_empty() {
            let via: Vec<_> = via.iter().map(|name| format!("\"{name}\"")).collect();
            text.push_str(" via ");
            text.push_str(&via.join(", "));
        }
        text.push('.');
        Some(Problem::at(start(fragment.location()), text))
    };
    fragments.filter_map(problem).collect()
}

/// The fragments between a fragment and itself. Does not recurse: chains of fragments may be long.
fn way_back<'a>(uses: &Uses<'a>, name: &Name) -> Option<Vec<&'a Name>> {
    let mut seen = HashSet::new();
    let mut way: Vec<(&'a Name, usize)> = Vec::new();
    let mut next = 0;
    loop {
        let here = way.last().map_or(name, |(here, _)| *here);
        match uses.spreads(here).get(next) {
            Some(spread) if *spread == name => {
                return Some(way.into_iter().map(|(via, _)| via).collect());
            }
            Some(spread) if seen.insert(*spread) => {
                way.push((spread, next));
                next = 0;
            }
            Some(_) => next += 1,
            None => next = way.pop()?.1 + 1,
        }
    }
}
