//! Whether a value is of a type, as Absinthe's scalars see it.
//!
//! Source: Absinthe 1.7.1, `lib/absinthe/type/built_ins/scalars.ex`; recordings `doc/sub_variable_*`, `doc/x_arg_*`.

use apollo_compiler::Name;
use apollo_compiler::ast::{Type, Value};
use apollo_compiler::schema::ExtendedType;
use serde_json::{Map, Value as Json};

use super::scope::Scope;
use crate::graphql::schema::ApiSchema;

/// Absinthe's `Int` is what a double holds exactly.
const LARGEST_INT: i64 = (1 << 53) - 1;

/// What values variables have.
pub(super) struct Given<'a> {
    pub(super) api: &'a ApiSchema,
    pub(super) variables: &'a Map<String, Json>,
    pub(super) scope: &'a Scope<'a>,
}

/// The text is what is wrong inside of the value, a line each.
type Checked = Result<(), Vec<String>>;

const WRONG: Checked = Err(Vec::new());

impl Given<'_> {
    /// Checks a literal, with the variables in it.
    pub(super) fn check(&self, ty: &Type, value: &Value) -> Checked {
        match (ty, value) {
            (_, Value::Variable(name)) => self.check_variable(ty, name),
            (Type::NonNullNamed(_) | Type::NonNullList(_), Value::Null) => WRONG,
            (_, Value::Null) => Ok(()),
            (Type::List(item) | Type::NonNullList(item), Value::List(values)) => {
                collect(values.iter().enumerate().map(|(index, value)| {
                    let place = format!("In element #{}", index + 1);
                    describe(&place, item, self.check(item, value), || shown(value))
                }))
            }
            (Type::List(item) | Type::NonNullList(item), value) => self.check(item, value),
            (Type::Named(name) | Type::NonNullNamed(name), value) => self.check_named(name, value),
        }
    }

    fn check_named(&self, name: &str, value: &Value) -> Checked {
        let fits = match (self.api.schema.types.get(name), value) {
            (Some(ExtendedType::Enum(choice)), Value::Enum(word)) => {
                choice.values.contains_key(word)
            }
            (Some(ExtendedType::InputObject(_)), Value::Object(fields)) => {
                let fields = fields.iter().map(|(name, value)| (name.as_str(), value));
                return self.check_object(name, fields.collect(), |ty, value| {
                    describe_as(self.check(ty, value), || shown(value))
                });
            }
            (Some(ExtendedType::Scalar(_)), Value::String(_)) => matches!(name, "String" | "ID"),
            (Some(ExtendedType::Scalar(_)), Value::Int(int)) => match name {
                "ID" | "Float" => true,
                "Int" => int.as_str().parse().is_ok_and(|int: i64| int.abs() <= LARGEST_INT),
                _ => false,
            },
            (Some(ExtendedType::Scalar(_)), Value::Float(_)) => name == "Float",
            (Some(ExtendedType::Scalar(_)), Value::Boolean(_)) => name == "Boolean",
            (None, _) => true,
            _ => false,
        };
        if fits { Ok(()) } else { WRONG }
    }

    /// What a variable lacks is complained of at its definition.
    fn check_variable(&self, ty: &Type, name: &Name) -> Checked {
        match (self.scope.variables.get(name), self.variables.get(name.as_str())) {
            (None, _) => Ok(()),
            (Some(_), Some(value)) => self.check_json(ty, value),
            (Some(definition), None) => match &definition.default_value {
                Some(value) => self.check(ty, value),
                None => Ok(()),
            },
        }
    }

    /// Goes no deeper than the type does.
    fn check_json(&self, ty: &Type, value: &Json) -> Checked {
        match (ty, value) {
            (_, Json::Null) => Ok(()),
            (Type::List(item) | Type::NonNullList(item), Json::Array(values)) => {
                collect(values.iter().enumerate().map(|(index, value)| {
                    let place = format!("In element #{}", index + 1);
                    describe(&place, item, self.check_json(item, value), || value.to_string())
                }))
            }
            (Type::List(item) | Type::NonNullList(item), value) => self.check_json(item, value),
            (Type::Named(name) | Type::NonNullNamed(name), value) => {
                self.check_named_json(name, value)
            }
        }
    }

    fn check_named_json(&self, name: &str, value: &Json) -> Checked {
        let fits = match (self.api.schema.types.get(name), value) {
            (Some(ExtendedType::Enum(choice)), Json::String(word)) => {
                choice.values.contains_key(word.as_str())
            }
            (Some(ExtendedType::InputObject(_)), Json::Object(fields)) => {
                let fields = fields.iter().map(|(name, value)| (name.as_str(), value));
                return self.check_object(name, fields.collect(), |ty, value| {
                    describe_as(self.check_json(ty, value), || value.to_string())
                });
            }
            (Some(ExtendedType::Scalar(_)), Json::String(_)) => matches!(name, "String" | "ID"),
            (Some(ExtendedType::Scalar(_)), Json::Number(number)) => match name {
                "Float" => true,
                "ID" => !number.is_f64(),
                "Int" => number.as_i64().is_some_and(|int| int.abs() <= LARGEST_INT),
                _ => false,
            },
            (Some(ExtendedType::Scalar(_)), Json::Bool(_)) => name == "Boolean",
            (None, _) => true,
            _ => false,
        };
        if fits { Ok(()) } else { WRONG }
    }

    fn check_object<'v, V>(
        &self,
        type_name: &str,
        fields: Vec<(&str, &'v V)>,
        check: impl Fn(&Type, &'v V) -> Result<(), (String, Vec<String>)>,
    ) -> Checked {
        let Some(input) = self.api.schema.get_input_object(type_name) else { return Ok(()) };
        let given = fields.iter().map(|(name, value)| {
            let Some(definition) = input.fields.get(*name) else {
                return vec![format!("In field \"{name}\": Unknown field.")];
            };
            let ty = &definition.ty;
            match check(ty, value) {
                Ok(()) => Vec::new(),
                Err((found, details)) => {
                    let text =
                        format!("In field \"{name}\": Expected type \"{ty}\", found {found}.");
                    std::iter::once(text).chain(details).collect()
                }
            }
        });
        let missing = input.fields.iter().filter(|(name, definition)| {
            definition.is_required() && !fields.iter().any(|(given, _)| *given == name.as_str())
        });
        let missing = missing.map(|(name, definition)| {
            vec![format!("In field \"{name}\": Expected type \"{}\", found null.", definition.ty)]
        });
        collect(given.chain(missing))
    }
}

/// A value as errors show it.
pub(super) fn shown(value: &Value) -> String {
    let join = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Null => "null".to_owned(),
        Value::Enum(name) => name.to_string(),
        Value::Variable(name) => format!("${name}"),
        Value::String(text) => Json::from(text.as_str()).to_string(),
        Value::Float(float) => float.as_str().to_owned(),
        Value::Int(int) => int.as_str().to_owned(),
        Value::Boolean(bool) => bool.to_string(),
        Value::List(items) => format!("[{}]", join(items.iter().map(|item| shown(item)).collect())),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}: {}", shown(value)));
            format!("{{{}}}", join(fields.collect()))
        }
    }
}

fn describe(place: &str, ty: &Type, checked: Checked, found: impl Fn() -> String) -> Vec<String> {
    match checked {
        Ok(()) => Vec::new(),
        Err(details) => {
            let text = format!("{place}: Expected type \"{ty}\", found {}.", found());
            std::iter::once(text).chain(details).collect()
        }
    }
}

fn describe_as(checked: Checked, found: impl Fn() -> String) -> Result<(), (String, Vec<String>)> {
    checked.map_err(|details| (found(), details))
}

fn collect(details: impl Iterator<Item = Vec<String>>) -> Checked {
    let details: Vec<_> = details.flatten().collect();
    if details.is_empty() { Ok(()) } else { Err(details) }
}
