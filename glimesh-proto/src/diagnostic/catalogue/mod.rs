//! Everything that can be wrong with a frame or an upgrade URL, one [`Code`] each.
//!
//! | ids | area |
//! |---|---|
//! | `J001`–`J019` | syntax: what stands between the values |
//! | `J020`–`J039` | syntax: strings, words and numbers |
//! | `J040`–`J059` | syntax: characters, escapes and encodings |
//! | `F001`–`F099` | shape: the array and its elements, and binary messages |
//! | `M001`–`M019` | meaning: topic, event, and the order of frames |
//! | `M020`–`M039` | meaning: the payload |
//! | `U001`–`U029` | the upgrade URL |
//! | `U030`–`U039` | the port |
//!
//! Ids are permanent. A new code takes the next free id of its area; none is ever renumbered, or given to another
//! thing. A thing that can no longer happen keeps its entry.

pub mod characters;
pub mod credential;
pub mod frame;
pub mod payload;
pub mod structure;
pub mod topic;
pub mod url;
pub mod words;

use std::fmt::Write as _;

use super::code::{ByProfile, Code, Reaction, Severity};

/// Every code, in the order of its id.
pub fn all() -> impl Iterator<Item = &'static Code> {
    [
        structure::ALL,
        words::ALL,
        characters::ALL,
        frame::ALL,
        topic::ALL,
        payload::ALL,
        url::PARTS,
        credential::ALL,
        url::REST,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Finds a code by its id in any letter case (`J003`), or by its slug (`single-quotes`).
pub fn find(id_or_slug: &str) -> Option<&'static Code> {
    all().find(|code| code.id.eq_ignore_ascii_case(id_or_slug) || code.slug == id_or_slug)
}

/// All codes as a table in Markdown.
pub fn table() -> String {
    let mut table = String::from(
        "| code | slug | what is wrong | points at | severity | the server | clause |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for code in all() {
        let Code { id, slug, title, points_at, .. } = code;
        let (severity, reaction) = (code.describe_severity(), code.describe_reaction());
        let clause = code.clause.unwrap_or("");
        writeln!(
            table,
            "| {id} | `{slug}` | {title} | {points_at} | {severity} | {reaction} | {clause} |"
        )
        .expect("writing to a String cannot fail");
    }
    table
}

/// What every fault of syntax has in common.
const SYNTAX: Code = Code {
    id: "",
    slug: "",
    title: "",
    points_at: "",
    clause: Some("GCW-FR-07"),
    severity: ByProfile::same(Severity::Error),
    reaction: ByProfile::same(Reaction::Closes(crate::names::CLOSE_INTERNAL_ERROR)),
    what: "",
    why: "The server's JSON parser is strict: at the first fault it gives the whole connection up, with all its \
          subscriptions, and does not say why.",
    bad: "",
    good: r#"["1","1","__absinthe__:control","phx_join",{}]"#,
};
