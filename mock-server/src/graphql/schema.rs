//! The two schemas, in the order in which the real server lists what is in them.

use apollo_compiler::collections::{HashMap, IndexMap};
use apollo_compiler::schema::{Component, ExtendedType, FieldDefinition, Implementers};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Schema};

/// The directives that the real server knows. Source: recording `doc/i_directives`.
const DIRECTIVES: [&str; 3] = ["deprecated", "include", "skip"];

/// One API's schema.
pub(super) struct ApiSchema {
    pub(super) schema: Valid<Schema>,
    pub(super) implementers: HashMap<Name, Implementers>,
}

impl ApiSchema {
    /// `/api/graph`.
    pub(super) fn current() -> Self {
        Self::load(include_str!("../../../fixtures/schema.graphql"))
    }

    /// `/api/socket`.
    pub(super) fn older() -> Self {
        Self::load(include_str!("../../../fixtures/schema_old.graphql"))
    }

    fn load(sdl: &str) -> Self {
        let schema = Schema::parse_and_validate(sdl, "schema.graphql");
        let mut schema = schema.expect("the embedded schemas are tested").into_inner();
        arrange(&mut schema);
        let implementers = schema.implementers_map();
        Self { schema: Valid::assume_valid(schema), implementers }
    }

    /// The fields of a type, without `__typename`.
    pub(super) fn field_names(&self, type_name: &str) -> Vec<&str> {
        match self.schema.types.get(type_name) {
            Some(ExtendedType::Object(object)) => object.fields.keys().map(Name::as_str).collect(),
            Some(ExtendedType::Interface(interface)) => {
                interface.fields.keys().map(Name::as_str).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The object types that a value of this type may have.
    pub(super) fn possible_types(&self, type_name: &str) -> Vec<&str> {
        match self.schema.types.get(type_name) {
            Some(ExtendedType::Object(object)) => vec![&object.name],
            Some(ExtendedType::Interface(interface)) => {
                let objects = self.implementers.get(&interface.name);
                let mut names: Vec<&str> = objects
                    .into_iter()
                    .flat_map(|implementers| implementers.objects.iter().map(Name::as_str))
                    .collect();
                names.sort_unstable();
                names
            }
            _ => Vec::new(),
        }
    }
}

/// Sorts everything by name, as the real server's introspection does.
///
/// Source: recordings `doc/i_*`.
fn arrange(schema: &mut Schema) {
    schema.types.sort_by_cached_key(|name, _| identifier(name));
    schema.directive_definitions.retain(|name, _| DIRECTIVES.contains(&name.as_str()));
    schema.directive_definitions.sort_keys();
    for directive in schema.directive_definitions.values_mut() {
        directive.make_mut().locations.sort_by_key(|location| location.name());
    }
    for definition in schema.types.values_mut() {
        match definition {
            ExtendedType::Object(object) => arrange_fields(&mut object.make_mut().fields),
            ExtendedType::Interface(interface) => arrange_fields(&mut interface.make_mut().fields),
            ExtendedType::Enum(choice) => choice.make_mut().values.sort_keys(),
            ExtendedType::InputObject(input) => input.make_mut().fields.sort_keys(),
            ExtendedType::Scalar(_) | ExtendedType::Union(_) => {}
        }
    }
}

fn arrange_fields(fields: &mut IndexMap<Name, Component<FieldDefinition>>) {
    fields.sort_keys();
    for field in fields.values_mut() {
        field.make_mut().arguments.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

/// What the real server sorts types by: the name of the type in its source. Source: recording `doc/i_types`.
fn identifier(name: &Name) -> String {
    let name = name.strip_prefix("Root").and_then(|name| name.strip_suffix("Type")).unwrap_or(name);
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_schemas_load() {
        assert!(ApiSchema::current().field_names("ChatMessage").contains(&"metadata"));
        assert!(ApiSchema::older().field_names("User").contains(&"avatar"));
        let tokens = ApiSchema::current();
        assert_eq!(
            tokens.possible_types("ChatMessageToken"),
            ["EmoteToken", "TextToken", "UrlToken"]
        );
    }
}
