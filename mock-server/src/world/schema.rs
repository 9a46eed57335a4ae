//! The form of a world's file, published as `fixtures/world.schema.json`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, schema_for};

use super::{Rows, World};

/// A table is a list in the file.
impl<R: JsonSchema> JsonSchema for Rows<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Vec::<R>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<R>::json_schema(generator)
    }
}

const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/world.schema.json");

#[test]
fn published_schema_is_what_the_program_reads() {
    let schema = serde_json::to_string_pretty(&schema_for!(World)).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(PUBLISHED, &schema).unwrap();
    }
    let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
    assert!(published == schema, "{PUBLISHED} is old; run this test with UPDATE_SCHEMA=1");
}
