//! What lint says beyond the core's catalogue: documents (`G`), and the order and timing of frames (`S`).
//!
//! | ids | area |
//! |---|---|
//! | `G001`–`G099` | the GraphQL document in `query` |
//! | `S001`–`S099` | the sequence of frames on one connection |
//!
//! Ids are permanent, as the core's are.

pub mod document;
pub mod sequence;

use std::fmt::Write as _;

use glimesh_proto::diagnostic::{Code, catalogue};

/// Every code that lint can give, the core's among them.
pub fn all() -> impl Iterator<Item = &'static Code> {
    catalogue::all().chain(own())
}

/// The codes that are lint's own, in the order of their ids.
pub fn own() -> impl Iterator<Item = &'static Code> {
    document::ALL.iter().chain(sequence::ALL).copied()
}

/// Finds a code by its id in any letter case, or by its slug.
pub fn find(id_or_slug: &str) -> Option<&'static Code> {
    all().find(|code| code.id.eq_ignore_ascii_case(id_or_slug) || code.slug == id_or_slug)
}

/// What the server does about it, usually.
pub fn server(code: &Code) -> String {
    sequence::server(code).map_or_else(|| code.describe_reaction(), str::to_owned)
}

/// Lint's own codes as a table in Markdown.
pub fn table() -> String {
    let mut table = String::from(
        "| code | slug | what is wrong | points at | severity | the server | clause |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for code in own() {
        let Code { id, slug, title, points_at, .. } = code;
        let (severity, clause) = (code.describe_severity(), code.clause.unwrap_or_default());
        let server = server(code);
        writeln!(
            table,
            "| {id} | `{slug}` | {title} | {points_at} | {severity} | {server} | {clause} |"
        )
        .expect("writing to a String cannot fail");
    }
    table
}
