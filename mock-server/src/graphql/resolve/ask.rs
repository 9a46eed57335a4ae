//! Which field is asked for, and with which arguments.

use apollo_compiler::resolvers::ResolveInfo;
use apollo_compiler::response::JsonValue;

use crate::graphql::problem::start;
use crate::world::Refusal;

/// A field of a selection.
pub(super) struct Ask<'a> {
    info: &'a ResolveInfo<'a>,
}

impl<'a> Ask<'a> {
    pub(super) const fn new(info: &'a ResolveInfo<'a>) -> Self {
        Self { info }
    }

    pub(super) fn name(&self) -> &'a str {
        self.info.field_name()
    }

    /// Whether the schema wants a plain list, as the older API does, or a connection.
    pub(super) fn wants_list(&self) -> bool {
        self.info.field_definition().ty.is_list()
    }

    pub(super) fn type_name(&self) -> &'a str {
        self.info.field_definition().ty.inner_named_type()
    }

    /// Where the selection begins: at its alias, if it has one.
    pub(super) fn place(&self) -> usize {
        let field = self.info.field_selections()[0];
        start(field.response_key().location())
    }

    pub(super) fn argument(&self, name: &str) -> Option<&'a JsonValue> {
        self.info.arguments().get(name)
    }

    /// An `ID`, which must be the text of an integer. Ids that no row can have are 0.
    ///
    /// Source: recordings, rule 28; Ecto 3.9.5, which casts it.
    pub(super) fn id(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(value) = self.argument(name) else { return Ok(None) };
        let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        match text.parse::<i64>() {
            Ok(id) => Ok(Some(u64::try_from(id).unwrap_or(0))),
            Err(_) => Err(Refusal::crash(format!("{name} {text} is not a 64-bit integer"))),
        }
    }

    /// An `ID` that the schema demands.
    pub(super) fn required_id(&self, name: &str) -> Result<u64, Refusal> {
        Ok(self.id(name)?.unwrap_or(0))
    }

    /// An `Int`; `null` is nothing.
    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.argument(name)?.as_i64()
    }

    /// A text that the database is asked for. Source: recordings `doc/q_user_nul`, `doc/v_default_null`.
    pub(super) fn key(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        match self.argument(name) {
            None => Ok(None),
            Some(value) => match value.as_str() {
                None => Err(Refusal::crash(format!("{name} is null"))),
                Some(text) if text.contains('\0') => Err(Refusal::crash(format!(
                    "{name} has a NUL in it, which the database refuses"
                ))),
                Some(text) => Ok(Some(text)),
            },
        }
    }

    /// For a field that the schema has and this file has forgotten.
    pub(super) fn unknown(&self) -> Refusal {
        Refusal::said(&format!("this mock server does not know the field {}", self.name()))
    }
}
