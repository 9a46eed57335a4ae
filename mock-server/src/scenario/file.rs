//! The file format of scenarios: YAML, read by [`Scenario::parse`](super::Scenario::parse).

use serde::{Deserialize, Deserializer, de};

use crate::profile::Settings;
use crate::redact::SHORTEST_LEARNED;
use crate::scenario::{
    Replayed, Rule, SocketRule, Step, TlsFault, Upgrade, again, replayed, rule, socket,
};
use crate::transcript::Given;

/// What a file says. Keys that are not listed here are refused.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(title = "Scenario"))]
pub(super) struct File {
    /// One line: what happens.
    pub(super) title: String,
    /// What it is good for.
    pub(super) why: String,
    /// Which credential the client is given.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("default" = "token")))]
    pub(super) credential: Auth,
    /// The access token that the client is given in place of the usual one, of 8 bytes or more; it may do the same,
    /// unless the world knows it.
    #[serde(default, deserialize_with = "long_enough")]
    #[cfg_attr(test, schemars(with = "Option<String>", length(min = 8)))]
    pub(super) token: Option<String>,
    /// What is otherwise than in the profile.
    #[serde(default)]
    pub(super) settings: Settings,
    /// With what the dice of `chance` and `fuzz` begin; it stands in the transcript.
    #[serde(default)]
    pub(super) seed: u64,
    /// Whether the port is listened at from the start; `listen` opens it later.
    #[serde(default = "yes")]
    pub(super) listening: bool,
    /// What is wrong with TLS; a scenario with this key is always played over TLS.
    pub(super) tls: Option<TlsFault>,
    /// What happens to the bytes of connections.
    #[serde(default)]
    pub(super) sockets: Vec<SocketRule>,
    /// How upgrade requests are answered.
    #[serde(default, deserialize_with = "socket::checked")]
    #[cfg_attr(test, schemars(with = "Vec<Upgrade>"))]
    pub(super) upgrades: Vec<Upgrade>,
    /// How frames are answered. The first rule that meets a frame counts.
    #[serde(default, deserialize_with = "rule::checked")]
    #[cfg_attr(test, schemars(with = "Vec<Rule>"))]
    pub(super) rules: Vec<Rule>,
    /// A recording of the real server that is played, in place of upgrades, rules and a timeline. The client is given
    /// the credential of the recorded one; refs and subscription ids are those of now.
    #[serde(default, deserialize_with = "replayed")]
    #[cfg_attr(test, schemars(with = "Option<replayed::Fields>"))]
    pub(super) replay: Option<Replayed>,
    /// What happens one after the other.
    #[serde(default, deserialize_with = "again::checked")]
    #[cfg_attr(test, schemars(with = "Vec<Step>"))]
    pub(super) timeline: Vec<Step>,
}

impl File {
    /// What does not go together, though each key by itself may be so.
    pub(super) fn contradiction(&self) -> Option<String> {
        if let Some(key) = self.beside_replay() {
            return Some(format!("a `replay` says all that the server does: leave out `{key}`"));
        }
        let mark = self.unwritten_mark()?;
        Some(format!(
            "a rule is for what comes after {mark:?}, and the timeline has no such `mark`"
        ))
    }

    /// Which key says something that a replay says already.
    fn beside_replay(&self) -> Option<&'static str> {
        self.replay.as_ref()?;
        let said = [
            ("upgrades", !self.upgrades.is_empty()),
            ("rules", !self.rules.is_empty()),
            ("timeline", !self.timeline.is_empty()),
        ];
        said.into_iter().find_map(|(key, is_said)| is_said.then_some(key))
    }

    /// The mark that a rule waits for and that is never written.
    fn unwritten_mark(&self) -> Option<&str> {
        let frames = self.rules.iter().map(|rule| &rule.on.after);
        let upgrades = self.upgrades.iter().map(|rule| &rule.on.after);
        let sockets = self.sockets.iter().map(|rule| &rule.on.after);
        let is_written = |mark: &str| {
            self.timeline.iter().any(|it| matches!(it, Step::Mark(name) if name == mark))
        };
        let mut marks = frames.chain(upgrades).chain(sockets).filter_map(Option::as_deref);
        marks.find(|mark| !is_written(mark))
    }
}

fn replayed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Replayed>, D::Error> {
    let fields = replayed::Fields::deserialize(deserializer)?;
    Replayed::try_from(fields).map(Some).map_err(de::Error::custom)
}

/// A short token would be found, and replaced, wherever its letters stand.
fn long_enough<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let token = String::deserialize(deserializer)?;
    if token.len() < SHORTEST_LEARNED {
        return Err(de::Error::custom(format!(
            "the token {token:?} has fewer than {SHORTEST_LEARNED} bytes"
        )));
    }
    Ok(Some(token))
}

/// Which credential a client is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// An access token that may post.
    #[default]
    Token,
    /// A client id: read-only.
    ClientId,
}

impl Auth {
    /// The one that a session's client was given.
    pub(crate) fn of(given: &Given) -> Self {
        if given.auth == Self::ClientId.as_str() { Self::ClientId } else { Self::Token }
    }

    /// The name of the query's parameter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::ClientId => "client_id",
        }
    }
}

const fn yes() -> bool {
    true
}
