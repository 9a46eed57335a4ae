//! The form of a scenario file, published as `fixtures/scenario.schema.json`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};

use super::file::File;
use super::{Bytes, Chance, Count, Span};

/// A type that a file writes as one JSON value.
macro_rules! written_as {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

written_as!(Span, "Span", {
    "description": "A length of time: a whole number with ms, s or m, such as 250ms, 3s or 2m; at most a day.",
    "type": "string",
    "pattern": "^[0-9]+(ms|s|m)$"
});
written_as!(Bytes, "Bytes", {
    "description": "Bytes in hexadecimal, two digits each.",
    "type": "string",
    "pattern": "^([0-9a-fA-F]{2})*$"
});
written_as!(Count, "Count", {
    "description": "A number from 1 to 10000.",
    "type": "integer",
    "minimum": 1,
    "maximum": 10000
});
written_as!(Chance, "Chance", {
    "description": "A probability, from 0 to 1.",
    "type": "number",
    "minimum": 0,
    "maximum": 1
});

const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/scenario.schema.json");

pub(super) fn schema() -> Schema {
    schema_for!(File)
}

#[test]
fn published_schema_is_what_the_program_reads() {
    let schema = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(PUBLISHED, &schema).unwrap();
    }
    let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
    assert!(published == schema, "{PUBLISHED} is old; run this test with UPDATE_SCHEMA=1");
}
