//! What the server does in a session: rules laid over the profile, and a timeline.
//!
//! ```yaml
//! title: The join's reply comes late
//! why: A client may send documents only after the reply, or at least must not lose them.
//! rules:
//!   - {on: {event: phx_join}, delay: 3s}
//! timeline:
//!   - await: {what: join, within: 30s}
//!   - await: {what: subscribed, within: 20s, or: continue}
//!   - end
//! ```

mod file;
mod rules;
mod span;

use std::io;
use std::path::Path;

pub use file::{
    Auth, Await, Awaited, Bytes, CloseStep, On, Otherwise, ReplyStatus, Rule, RuleReply, Say, Step,
};
pub(crate) use rules::{Deed, Rules};
pub use span::{Span, SpanError};

/// A scenario, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The file's name without its ending.
    pub name: String,
    /// One line: what happens.
    pub title: String,
    /// What it is good for.
    pub why: String,
    /// Which credential the client is given.
    pub credential: Auth,
    /// What is answered otherwise than correctly at once.
    pub rules: Vec<Rule>,
    /// What happens one after the other.
    pub timeline: Vec<Step>,
}

/// The scenarios that come with the server, in the order of their names.
const BUILT_IN: [(&str, &str); 6] = [
    ("burst", include_str!("../../../fixtures/scenarios/burst.yaml")),
    ("client-id", include_str!("../../../fixtures/scenarios/client-id.yaml")),
    ("held-join", include_str!("../../../fixtures/scenarios/held-join.yaml")),
    ("malformed", include_str!("../../../fixtures/scenarios/malformed.yaml")),
    ("quiet", include_str!("../../../fixtures/scenarios/quiet.yaml")),
    ("reset", include_str!("../../../fixtures/scenarios/reset.yaml")),
];

/// The largest scenario file that is read, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// How often a step may repeat itself.
const MOST_TIMES: u32 = 10_000;

/// Why a text is not a scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It cannot be read.
    #[error("cannot read the scenario {path}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It is too large.
    #[error("the scenario {path} has more than {LARGEST_FILE} bytes")]
    TooLarge {
        /// The file.
        path: String,
    },
    /// It is not YAML, or a key or a value is not among those allowed.
    #[error("the scenario {name} is not valid: {message}")]
    Syntax {
        /// The file or the scenario.
        name: String,
        /// What is wrong, with line, column and what is allowed there.
        message: String,
    },
    /// A rule does not say what to do, or says more than one thing.
    #[error(
        "rule {number} of the scenario {name} has {found} of delay, ignore and reply; give one"
    )]
    RuleDeeds {
        /// The file or the scenario.
        name: String,
        /// The rule, counted from 1.
        number: usize,
        /// How many of the three it has.
        found: usize,
    },
    /// A count is zero or enormous.
    #[error("step {number} of the scenario {name} repeats {times} times; give 1 to {MOST_TIMES}")]
    Times {
        /// The file or the scenario.
        name: String,
        /// The step, counted from 1.
        number: usize,
        /// How often it says.
        times: u32,
    },
    /// There is no built-in scenario of that name.
    #[error("there is no scenario {name:?}; there are {known}, or give a file")]
    Unknown {
        /// The name as given.
        name: String,
        /// The names that exist.
        known: String,
    },
}

impl Scenario {
    /// A scenario without rules and without a timeline: the profile alone.
    pub fn plain() -> Self {
        Self {
            name: "plain".to_owned(),
            title: "The profile alone".to_owned(),
            why: "Nothing happens but what the client brings about.".to_owned(),
            credential: Auth::Token,
            rules: Vec::new(),
            timeline: Vec::new(),
        }
    }

    /// The names of the scenarios that come with the server.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A scenario that comes with the server.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::Unknown`] lists the names that there are.
    pub fn named(name: &str) -> Result<Self, ScenarioError> {
        match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((known, text)) => Self::parse(known, text),
            None => {
                let known = Self::names().collect::<Vec<_>>().join(", ");
                Err(ScenarioError::Unknown { name: name.to_owned(), known })
            }
        }
    }

    /// Reads a scenario file; its name is the file's without the ending.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] names the file, the line, and what is allowed there.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let shown = path.display().to_string();
        let io = |source| ScenarioError::Io { path: path.display().to_string(), source };
        if std::fs::metadata(path).map_err(io)?.len() > LARGEST_FILE {
            return Err(ScenarioError::TooLarge { path: shown });
        }
        let text = std::fs::read_to_string(path).map_err(io)?;
        let mut scenario = Self::parse(&shown, &text)?;
        if let Some(stem) = path.file_stem() {
            scenario.name = stem.to_string_lossy().into_owned();
        }
        Ok(scenario)
    }

    /// Reads a scenario from text.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] says what is wrong and where.
    pub fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let file: file::File = serde_saphyr::from_str(text).map_err(|error| {
            ScenarioError::Syntax { name: name.to_owned(), message: error.to_string() }
        })?;
        let scenario = Self {
            name: name.to_owned(),
            title: file.title,
            why: file.why,
            credential: file.credential,
            rules: file.rules,
            timeline: file.timeline,
        };
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), ScenarioError> {
        for (index, rule) in self.rules.iter().enumerate() {
            let deeds = [rule.delay.is_some(), rule.ignore, rule.reply.is_some()];
            let found = deeds.iter().filter(|given| **given).count();
            if found != 1 {
                let name = self.name.clone();
                return Err(ScenarioError::RuleDeeds { name, number: index + 1, found });
            }
        }
        for (index, step) in self.timeline.iter().enumerate() {
            let times = match step {
                Step::Say(say) => say.times,
                Step::Await(awaited) => awaited.count,
                _ => 1,
            };
            if !(1..=MOST_TIMES).contains(&times) {
                let name = self.name.clone();
                return Err(ScenarioError::Times { name, number: index + 1, times });
            }
        }
        Ok(())
    }
}
