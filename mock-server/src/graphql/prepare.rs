//! From a valid document to what the engine executes.

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::ast::{self, Type, Value as Literal};
use apollo_compiler::executable::{Operation, Selection};
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Name, Node};
use serde_json::{Map, Value};

use super::document::ParsedDocument;
use super::schema::ApiSchema;

/// An operation that may be executed any number of times.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    document: Arc<Valid<ExecutableDocument>>,
    pub(super) variables: Arc<Valid<JsonMap>>,
}

impl Prepared {
    /// The operation must be valid.
    pub(super) fn new(
        api: &ApiSchema,
        parsed: &ParsedDocument,
        operation: &Node<ast::OperationDefinition>,
        given: &Map<String, Value>,
    ) -> Self {
        let document = match parsed.executable_part(operation).to_executable(&api.schema) {
            Ok(document) => document,
            // Absinthe found nothing wrong, so the engine has to do without what it does not like.
            Err(with_errors) => with_errors.partial,
        };
        let variables = variables(api, operation, given);
        Self {
            document: Arc::new(Valid::assume_valid(document)),
            variables: Arc::new(Valid::assume_valid(variables)),
        }
    }

    pub(super) fn document(&self) -> &Valid<ExecutableDocument> {
        &self.document
    }

    pub(super) fn operation(&self) -> &Operation {
        let mut operations = self.document.operations.iter();
        operations.next().expect("it was made with one")
    }

    /// How much work Absinthe thinks it is: one for each field.
    ///
    /// Source: recording `http/too_complex`; Absinthe 1.7.1, `lib/absinthe/phase/document/complexity/analysis.ex`.
    pub(super) fn complexity(&self) -> u64 {
        self.complexity_of(&self.operation().selection_set.selections, &mut HashMap::new())
    }

    fn complexity_of<'a>(
        &'a self,
        selections: &'a [Selection],
        known: &mut HashMap<&'a Name, u64>,
    ) -> u64 {
        let each = selections.iter().map(|selection| match selection {
            Selection::Field(field) => {
                self.complexity_of(&field.selection_set.selections, known).saturating_add(1)
            }
            Selection::InlineFragment(inline) => {
                self.complexity_of(&inline.selection_set.selections, known)
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.fragment_name;
                if let Some(complexity) = known.get(name) {
                    return *complexity;
                }
                let Some(fragment) = self.document.fragments.get(name) else { return 0 };
                let complexity = self.complexity_of(&fragment.selection_set.selections, known);
                known.insert(name, complexity);
                complexity
            }
        });
        each.fold(0, u64::saturating_add)
    }
}

/// The values of the operation's variables, as resolvers see them.
fn variables(
    api: &ApiSchema,
    operation: &ast::OperationDefinition,
    given: &Map<String, Value>,
) -> JsonMap {
    let values = operation.variables.iter().filter_map(|definition| {
        let name = definition.name.as_str();
        let value = match given.get(name) {
            Some(value) => from_json(api, &definition.ty, value),
            None => from_literal(definition.default_value.as_ref()?),
        };
        Some((name.into(), value))
    });
    values.collect()
}

/// Goes no deeper than the type does: what lies below was not checked, and nobody looks at it.
fn from_json(api: &ApiSchema, ty: &Type, value: &Value) -> JsonValue {
    match (ty, value) {
        (Type::List(item) | Type::NonNullList(item), Value::Array(values)) => {
            JsonValue::Array(values.iter().map(|value| from_json(api, item, value)).collect())
        }
        (Type::List(item) | Type::NonNullList(item), value) if !value.is_null() => {
            JsonValue::Array(vec![from_json(api, item, value)])
        }
        (_, Value::Null | Value::Array(_)) => JsonValue::Null,
        (_, Value::Bool(flag)) => JsonValue::Bool(*flag),
        (_, Value::Number(number)) => JsonValue::Number(number.clone()),
        (_, Value::String(text)) => JsonValue::from(text.as_str()),
        (ty, Value::Object(fields)) => {
            let Some(ExtendedType::InputObject(input)) =
                api.schema.types.get(ty.inner_named_type())
            else {
                return JsonValue::Null;
            };
            let fields = fields.iter().filter_map(|(name, value)| {
                let definition = input.fields.get(name.as_str())?;
                Some((name.as_str().into(), from_json(api, &definition.ty, value)))
            });
            JsonValue::Object(fields.collect())
        }
    }
}

fn from_literal(value: &Literal) -> JsonValue {
    match value {
        Literal::Null | Literal::Variable(_) => JsonValue::Null,
        Literal::Enum(name) => JsonValue::from(name.as_str()),
        Literal::String(text) => JsonValue::from(text.as_str()),
        Literal::Boolean(flag) => JsonValue::Bool(*flag),
        Literal::Int(int) => int.as_str().parse().map_or(JsonValue::Null, JsonValue::Number),
        Literal::Float(float) => float.as_str().parse().map_or(JsonValue::Null, JsonValue::Number),
        Literal::List(items) => {
            JsonValue::Array(items.iter().map(|item| from_literal(item)).collect())
        }
        Literal::Object(fields) => {
            let fields =
                fields.iter().map(|(name, value)| (name.as_str().into(), from_literal(value)));
            JsonValue::Object(fields.collect())
        }
    }
}
