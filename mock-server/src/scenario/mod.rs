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

mod again;
mod file;
mod fill;
mod fuzz;
mod length;
mod library;
mod number;
mod on;
mod order;
#[cfg(test)]
mod reference;
mod replayed;
mod rule;
mod rules;
#[cfg(test)]
mod schema;
mod script;
mod socket;
mod span;
mod step;
mod tls;

use std::io;
use std::path::Path;

pub use again::Again;
pub(crate) use again::played;
pub use file::Auth;
pub(crate) use fill::{Known, Remembered, fill};
pub(crate) use fuzz::mutation;
use library::BUILT_IN;
pub use number::{Chance, Count};
pub use on::{On, Which};
pub(crate) use order::Order;
pub use replayed::Replayed;
pub use rule::{Change, InFragments, ReplyStatus, Reverse, Rule, RuleReply, Then};
pub(crate) use rules::{After, AnswerAs, Deed, Rules};
pub(crate) use script::Script;
pub use socket::{BytesFault, Redirect, Refuse, SocketRule, Upgrade, WireFrame};
pub use span::{Span, SpanError};
pub use step::{
    Await, Awaited, Bytes, CloseStep, Fragment, Fuzz, Mute, Otherwise, Push, Restart,
    RestartEnding, Say, Step,
};
pub use tls::TlsFault;

use crate::profile::Settings;

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
    /// The access token that the client is given in place of the usual one.
    pub token: Option<String>,
    /// What is otherwise than in the profile.
    pub settings: Settings,
    /// With what the dice begin.
    pub seed: u64,
    /// Whether the port is listened at from the start.
    pub listening: bool,
    /// What is wrong with TLS.
    pub tls: Option<TlsFault>,
    /// What happens to the bytes of connections.
    pub sockets: Vec<SocketRule>,
    /// How upgrade requests are answered.
    pub upgrades: Vec<Upgrade>,
    /// The recording that is played in place of upgrades, rules and a timeline of one's own.
    pub replay: Option<Replayed>,
    /// What is answered otherwise than correctly at once.
    pub rules: Vec<Rule>,
    /// What happens one after the other.
    pub timeline: Vec<Step>,
}

/// The largest scenario file that is read, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

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
    #[error("the scenario {name} is not valid\n{message}")]
    Syntax {
        /// The file or the scenario.
        name: String,
        /// What is wrong, with line, column and what is allowed there.
        message: String,
    },
    /// There is no built-in scenario of that name.
    #[error(
        "there is no scenario {name:?}; did you mean {similar}? `scenario list` names all, or give a file"
    )]
    Unknown {
        /// The name as given.
        name: String,
        /// The name that exists and is most like it.
        similar: &'static str,
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
            token: None,
            settings: Settings::default(),
            seed: 0,
            listening: true,
            tls: None,
            sockets: Vec::new(),
            upgrades: Vec::new(),
            replay: None,
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
    /// [`ScenarioError::Unknown`] names the scenario that may have been meant.
    pub fn named(name: &str) -> Result<Self, ScenarioError> {
        match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((known, text)) => Self::parse(known, text),
            None => {
                let distance = |known: &&str| strsim::damerau_levenshtein(name, known);
                let similar = Self::names().min_by_key(distance).unwrap_or_default();
                Err(ScenarioError::Unknown { name: name.to_owned(), similar })
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

    /// A scenario file, or, for a word without a path and without an ending, one that comes with the server.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`], as of [`read`](Self::read) or of [`named`](Self::named).
    pub fn find(name: &str) -> Result<Self, ScenarioError> {
        if name.contains(['/', '.']) || Path::new(name).exists() {
            Self::read(Path::new(name))
        } else {
            Self::named(name)
        }
    }

    /// Reads a scenario from text.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] says what is wrong and where.
    pub fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let file: file::File = serde_saphyr::from_str(text).map_err(|error| {
            let options = serde_saphyr::render_options! { source_name: Some(name) };
            let message = error.render_with_options(options).trim_end().to_owned();
            ScenarioError::Syntax { name: name.to_owned(), message }
        })?;
        if let Some(why) = file.contradiction() {
            let message = format!("error: {why}");
            return Err(ScenarioError::Syntax { name: name.to_owned(), message });
        }
        let replay = file.replay;
        Ok(Self {
            name: name.to_owned(),
            title: file.title,
            why: file.why,
            credential: replay.as_ref().map_or(file.credential, Replayed::credential),
            token: file.token,
            settings: file.settings,
            seed: file.seed,
            listening: file.listening,
            tls: file.tls,
            sockets: file.sockets,
            upgrades: file.upgrades,
            rules: file.rules,
            timeline: replay.as_ref().map_or(file.timeline, Replayed::timeline),
            replay,
        })
    }

    /// What may at some time be wrong with TLS; without any, it is for others to say whether TLS is spoken.
    pub(crate) fn tls_faults(&self) -> impl Iterator<Item = TlsFault> {
        let in_timeline = self.timeline.iter().filter_map(|step| match step {
            Step::Tls(fault) => Some(*fault),
            _ => None,
        });
        self.tls.into_iter().chain(in_timeline)
    }

    /// Whether it is always played over TLS.
    pub fn needs_tls(&self) -> bool {
        self.tls_faults().next().is_some()
    }

    /// Whether the bytes of some connection are tampered with.
    pub(crate) fn tampers(&self) -> bool {
        let in_timeline = self.timeline.iter().any(|step| matches!(step, Step::Bytes(_)));
        in_timeline || !self.sockets.is_empty()
    }

    /// Whether something in it is left to dice.
    pub(crate) fn has_dice(&self) -> bool {
        self.rules.iter().any(|rule| rule.chance.is_some())
            || self.upgrades.iter().any(|upgrade| upgrade.chance.is_some())
            || self.sockets.iter().any(|socket| socket.chance.is_some())
            || self.timeline.iter().any(|step| matches!(step, Step::Fuzz(_)))
    }
}
