//! The protocol by which the kit asks an adapter to drive a client: JSON, one object a line.
//!
//! ```text
//! kit      @gck {"op":"join","id":3,"conn":"a"}
//! adapter  @gck {"id":3,"ok":{}}
//! adapter  @gck {"event":"chat","conn":"a","sub":"s1","n":1,"data":{"message":"hello"}}
//! ```
//!
//! Lines end with a line feed, are UTF-8, and are at most [`MOST`] bytes long. Over standard input and output they begin
//! with [`PREFIX`], and every other line is log output, which is no fault. A reply repeats the `id` of its request;
//! replies may come out of order; events have no `id`. Unknown fields are ignored.
//!
//! The form is published as `fixtures/driver.schema.json`.

pub mod check;
mod lines;
mod link;
mod read;
mod request;
mod said;
mod show;
mod violation;

pub use link::{AdapterLine, Answer, Heard, Link, MOST_BYTES, MOST_LINES, NoAnswer, Record};
pub use read::{Line, Read, read};
pub use request::{Auth, AuthKind, Op, Options, Request};
pub use said::{
    Client, ConnState, ErrorKind, ErrorReply, Event, Facts, Hello, LogLevel, Refusal, Refused,
    Reply, ReplyStatus, Said,
};
pub use show::show;
pub use violation::{Fault, Violation};

/// The version of the protocol, for `hello`.
pub const PROTOCOL: u32 = 1;

/// What a line of the protocol begins with where log output may stand between.
pub const PREFIX: &str = "@gck ";

/// The longest line, its prefix and its end included, in bytes.
pub const MOST: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/driver.schema.json");

    /// A line in either direction.
    #[derive(schemars::JsonSchema)]
    #[schemars(untagged, title = "A line of the driver protocol, without its prefix")]
    #[expect(dead_code, reason = "only its schema is of use")]
    enum AnyLine {
        Request(Request),
        Said(Said),
    }

    #[test]
    fn published_schema_is_the_form_that_is_read_and_written() {
        let schema = schemars::schema_for!(AnyLine);
        let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(PUBLISHED, &schema).unwrap();
        }
        let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
        assert!(published == schema, "{PUBLISHED} is old; run this test with UPDATE_SCHEMA=1");
    }

    #[test]
    fn schema_allows_what_is_read_and_forbids_what_is_not() {
        let published = std::fs::read_to_string(PUBLISHED).unwrap();
        let schema = serde_json::from_str(&published).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        for line in [
            r#"{"id":1,"ok":{}}"#,
            r#"{"id":1,"ok":{"a":1},"more":2}"#,
            r#"{"id":5,"error":{"kind":"server","message":"unauthorized","detail":{}}}"#,
            r#"{"id":7,"unsupported":"no unsubscribe","issue":"https://example.invalid/12"}"#,
            r#"{"event":"state","conn":"a","state":"joined"}"#,
            r#"{"event":"log","level":"warn","message":"m"}"#,
            r#"{"id":"1","ok":{}}"#,
            r#"{"id":1}"#,
            r#"{"id":1,"error":{"kind":"network","message":"m"}}"#,
            r#"{"event":"state","conn":"a","state":"happy"}"#,
            r#"{"event":"stat","conn":"a"}"#,
            r#"{"event":"chat","conn":"a","sub":"s","data":{}}"#,
            r#"[]"#,
        ] {
            let value = serde_json::from_str(line).unwrap();
            let is_read = matches!(read(format!("@gck {line}").as_bytes()), Line::Said(_));
            assert_eq!(schema.is_valid(&value), is_read, "{line}");
        }
    }
}
