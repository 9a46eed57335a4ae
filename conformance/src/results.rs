//! The results file: what a finished run found. Its shape is a promise to users.
//!
//! Fields are added within a [`FORMAT`], never changed. The shape is published as `fixtures/results.schema.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::{Capability, Level};

/// The version of the results file.
pub const FORMAT: u32 = 1;

/// A check's verdict over all its sessions.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The rule was kept.
    Pass,
    /// A SHOULD was not kept, or a MUST barely.
    Weak,
    /// A MUST was broken.
    Fail,
    /// Behaviour recorded; counts for nothing.
    Note,
    /// The point of observation was never reached, or the clock cannot be trusted.
    Inconclusive,
    /// The client said that it cannot run this.
    Unsupported,
    /// The client was not said to be able to do this, or does not do what the rule is about.
    NotApplicable,
    /// The kit's own fault.
    KitError,
}

impl Verdict {
    /// The word in the results file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Weak => "weak",
            Self::Fail => "fail",
            Self::Note => "note",
            Self::Inconclusive => "inconclusive",
            Self::Unsupported => "unsupported",
            Self::NotApplicable => "not-applicable",
            Self::KitError => "kit-error",
        }
    }
}

/// The content of `results.json`, and of standard output with `--format json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Results {
    /// [`FORMAT`].
    pub format: u32,
    /// The kit's version.
    pub kit: String,
    /// The suite's name.
    pub suite: String,
    /// The first eight hexadecimal digits of the protocol document's SHA-256.
    pub document: String,
    /// The profile's name.
    pub profile: String,
    /// The profile's settings by name, as text.
    pub settings: BTreeMap<String, String>,
    /// The clock.
    pub clock: ClockResult,
    /// The client under test.
    pub client: ClientResult,
    /// One finding per check, in the order of the catalogue.
    pub checks: Vec<Finding>,
    /// The sessions, in the order of their start.
    pub sessions: Vec<SessionResult>,
    /// The counts.
    pub score: Score,
    /// How the findings stand to the baseline, if there is one.
    #[serde(default)]
    pub baseline: Option<BaselineResult>,
    /// Whether the run was cut short.
    pub interrupted: bool,
    /// The whole run's length in real milliseconds.
    pub elapsed_ms: u64,
    /// The exit code.
    pub exit_code: u8,
}

/// How a run stands to its baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineResult {
    /// The file.
    pub file: String,
    /// What is out of date in it, one line each.
    pub stale: Vec<String>,
}

/// The clock of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockResult {
    /// `real`, `contract` or `accel`.
    pub mode: String,
    /// How many of the client's heartbeat seconds fit into a real one.
    pub rate: u32,
    /// Why it was chosen, in one line.
    #[serde(default)]
    pub why: String,
    /// The checks whose failure was seen again alone.
    pub confirmed: Vec<String>,
}

/// The client under test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientResult {
    /// The command as given, before placeholders were filled in.
    pub command: Vec<String>,
    /// What it was said to be able to do.
    pub capabilities: Vec<Capability>,
}

/// What the kit says of one check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The check's id.
    pub id: String,
    /// The check's readable path.
    pub slug: String,
    /// The first clause that it witnesses.
    pub clause: Option<String>,
    /// How binding it is.
    pub level: Level,
    /// The verdict.
    pub verdict: Verdict,
    /// What is required.
    pub requirement: String,
    /// What was expected, one line each.
    pub expected: Vec<String>,
    /// What was seen.
    pub actual: String,
    /// What probably happened.
    pub hint: Option<String>,
    /// When, in real milliseconds since the session began.
    pub at_ms: Option<u64>,
    /// The session that it was seen in.
    pub session: Option<String>,
    /// The index of the transcript's entry, counted from 0 after the header.
    pub frame: Option<usize>,
    /// The bytes within the entry's text.
    pub span: Option<(usize, usize)>,
    /// For timing checks, in the client's milliseconds.
    pub measured_ms: Option<u64>,
    /// For timing checks, in the client's milliseconds.
    pub limit_ms: Option<u64>,
    /// For timing checks, in the client's milliseconds.
    pub tolerance_ms: Option<u64>,
    /// Whether `limit_ms` is the least that is allowed, and not the most.
    #[serde(default)]
    pub at_least: bool,
    /// How it stands to the baseline: `xfail`, `xpass`, `new-fail` or `expired`; `None` where the baseline has nothing
    /// to say.
    pub baseline: Option<String>,
    /// If looks at the same scenario disagree: what each of them saw. The verdict is the last look's.
    #[serde(default)]
    pub flaky: Option<Flaky>,
}

/// A verdict on which looks at the same scenario disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Flaky {
    /// What was different.
    pub reason: FlakyReason,
    /// The looks in their order, of which the last one counts.
    pub looks: Vec<Look>,
}

/// What was different when a look came to another verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FlakyReason {
    /// The earlier look was accelerated, the later one in real time.
    Clock,
    /// Nothing that the kit knows of, except that the later look had the machine for itself.
    Retry,
}

/// What one look at a scenario saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Look {
    /// The session.
    pub session: String,
    /// The verdict that it would give alone.
    pub verdict: Verdict,
    /// What was seen.
    pub actual: String,
}

/// How a session went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionResult {
    /// The session's name.
    pub id: String,
    /// The scenario's name.
    pub scenario: String,
    /// When it started, in real milliseconds since the run began.
    pub started_ms: u64,
    /// When it ended.
    pub ended_ms: u64,
    /// How the client's process fared: `ok`, `exit N`, `signal NAME`, `hang`, `leak` or `not-started`.
    pub process: String,
    /// How its last connection ended: `clean`, `unclean`, `open` or `none`.
    pub close: String,
    /// The transcript's path within the report folder.
    pub transcript: String,
}

/// The counts of verdicts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// MUST checks.
    pub must: Tally,
    /// SHOULD checks.
    pub should: Tally,
    /// Checks that nobody could observe.
    pub inconclusive: u32,
    /// Checks that do not apply to this client.
    pub not_applicable: u32,
}

/// How many pass, of how many that got a verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// Those that pass.
    pub pass: u32,
    /// Those that pass, are weak, or fail.
    pub of: u32,
}

#[cfg(test)]
impl Results {
    /// The results of a run in which nothing was.
    pub(crate) fn empty() -> Self {
        Self {
            format: FORMAT,
            kit: String::new(),
            suite: String::new(),
            document: String::new(),
            profile: "glimesh".to_owned(),
            settings: BTreeMap::new(),
            clock: ClockResult {
                mode: "real".to_owned(),
                rate: 1,
                why: String::new(),
                confirmed: Vec::new(),
            },
            client: ClientResult { command: Vec::new(), capabilities: Vec::new() },
            checks: Vec::new(),
            sessions: Vec::new(),
            score: Score::default(),
            baseline: None,
            interrupted: false,
            elapsed_ms: 0,
            exit_code: 0,
        }
    }
}

#[cfg(test)]
impl Finding {
    /// A finding that passes and says nothing.
    pub(crate) fn empty() -> Self {
        Self {
            id: String::new(),
            slug: String::new(),
            clause: None,
            level: Level::Must,
            verdict: Verdict::Pass,
            requirement: String::new(),
            expected: Vec::new(),
            actual: String::new(),
            hint: None,
            at_ms: None,
            session: None,
            frame: None,
            span: None,
            measured_ms: None,
            limit_ms: None,
            tolerance_ms: None,
            at_least: false,
            baseline: None,
            flaky: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/results.schema.json");

    #[test]
    fn published_schema_is_what_the_program_writes() {
        let schema = schemars::schema_for!(Results);
        let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(PUBLISHED, &schema).unwrap();
        }
        let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
        assert!(published == schema, "{PUBLISHED} is old; run this test with UPDATE_SCHEMA=1");
    }
}
