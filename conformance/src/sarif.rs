//! SARIF 2.1.0, as far as the kit writes it, of runs and of lint.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", sections 3.13 to 3.49.

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
    /// How the tool ended, if that is known while it writes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invocations: Vec<Invocation>,
    /// In what `column` and `charOffset` are counted.
    pub column_kind: &'static str,
    /// What it found.
    pub results: Vec<ResultItem>,
}

/// How a tool ended.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invocation {
    /// Whether it came to its end, whatever it found.
    pub execution_successful: bool,
    /// What it told the shell.
    pub exit_code: u8,
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
    pub version: String,
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
    /// How bad it is to break it, where that does not depend on the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_configuration: Option<Configuration>,
}

/// How a rule is applied.
#[derive(Clone, Debug, Serialize)]
pub struct Configuration {
    /// How bad it is to break it.
    pub level: Level,
}

/// A text.
#[derive(Clone, Debug, Serialize)]
pub struct Text {
    /// As plain text.
    pub text: String,
}

/// What a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// The rule is kept.
    Pass,
    /// The rule was looked at, with neither good nor bad to tell.
    Informational,
    /// The rule has nothing to apply to.
    NotApplicable,
    /// What was seen does not decide it.
    Open,
    /// The rule is broken.
    Fail,
}

/// How bad a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not bad at all: of every [`Kind`] but [`Kind::Fail`].
    None,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_index: Option<usize>,
    /// What it is.
    pub kind: Kind,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub message: Text,
    /// Where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
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
    /// The column it begins in; `None`: it is whole lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_column: Option<usize>,
    /// The line it ends in; `None`: the one that it begins in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<usize>,
    /// The column after its last character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<usize>,
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

impl Text {
    /// The text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

impl Log {
    /// A log of one run of this program, of that version.
    pub fn new(version: &str, rules: Vec<Rule>, results: Vec<ResultItem>) -> Self {
        let driver = Driver { name: "glimesh-conformance", version: version.to_owned(), rules };
        let run = Run {
            tool: Tool { driver },
            invocations: Vec::new(),
            column_kind: "unicodeCodePoints",
            results,
        };
        Self { schema: SCHEMA, version: VERSION, runs: vec![run] }
    }

    /// The same, with how the program ended.
    pub fn ended(mut self, ended: Invocation) -> Self {
        self.runs.iter_mut().for_each(|run| run.invocations = vec![ended.clone()]);
        self
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
