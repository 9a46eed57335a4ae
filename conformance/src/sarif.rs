//! SARIF 2.1.0, as far as the kit writes it.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use serde::Serialize;

/// The schema that a log follows.
pub const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The version that a log states.
pub const VERSION: &str = "2.1.0";

/// A whole file.
#[derive(Clone, Debug, Serialize)]
pub struct Log {
    /// [`SCHEMA`].
    #[serde(rename = "$schema")]
    pub schema: &'static str,
    /// [`VERSION`].
    pub version: &'static str,
    /// What ran; the kit writes one.
    pub runs: Vec<Run>,
}

/// One run of a tool.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The tool.
    pub tool: Tool,
    /// In what `column` and `charOffset` are counted.
    pub column_kind: &'static str,
    /// What it found.
    pub results: Vec<ResultItem>,
}

/// A tool.
#[derive(Clone, Debug, Serialize)]
pub struct Tool {
    /// Its only part.
    pub driver: Driver,
}

/// A program, and the rules it knows.
#[derive(Clone, Debug, Serialize)]
pub struct Driver {
    /// The program's name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The rules that results refer to.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Its permanent id.
    pub id: String,
    /// Its other permanent name.
    pub name: String,
    /// What it is about, in a few words.
    pub short_description: Text,
    /// What it is about, at length.
    pub full_description: Text,
    /// How to mend what breaks it.
    pub help: Text,
}

/// A text.
#[derive(Clone, Debug, Serialize)]
pub struct Text {
    /// As plain text.
    pub text: String,
}

/// How bad a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Probably not meant.
    Warning,
    /// It breaks a rule.
    Error,
}

/// One result.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultItem {
    /// The rule's id.
    pub rule_id: String,
    /// The rule's place in [`Driver::rules`].
    pub rule_index: usize,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub message: Text,
    /// Where.
    pub locations: Vec<Location>,
}

/// A place.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// In a file.
    pub physical_location: PhysicalLocation,
    /// In the protocol's terms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logical_locations: Vec<LogicalLocation>,
}

/// A place in a file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhysicalLocation {
    /// The file.
    pub artifact_location: ArtifactLocation,
    /// Where in it, if it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

/// A file.
#[derive(Clone, Debug, Serialize)]
pub struct ArtifactLocation {
    /// Its name, as a URI reference.
    pub uri: String,
}

/// A part of a text file; lines and columns are counted from 1.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Region {
    /// The line it begins in.
    pub start_line: usize,
    /// The column it begins in.
    pub start_column: usize,
    /// The line it ends in.
    pub end_line: usize,
    /// The column after its last character.
    pub end_column: usize,
    /// What stands there, cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<Text>,
}

/// A place in the protocol's terms.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogicalLocation {
    /// Such as `connection 1, message 5`.
    pub fully_qualified_name: String,
}

impl Log {
    /// A log of one run of this program.
    pub fn new(rules: Vec<Rule>, results: Vec<ResultItem>) -> Self {
        let driver =
            Driver { name: "glimesh-conformance", version: env!("CARGO_PKG_VERSION"), rules };
        let tool = Tool { driver };
        let run = Run { tool, column_kind: "unicodeCodePoints", results };
        Self { schema: SCHEMA, version: VERSION, runs: vec![run] }
    }
}

/// A path as a URI reference: what a URI cannot hold is percent-encoded.
pub fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into());
            }
            b'\\' => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
