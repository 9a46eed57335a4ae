//! The checks, one file per area. A check is data with one pure function of a session.

mod asleep;
mod endurance;
mod process;

mod alone;
mod compression;
mod connect;
mod offer;
mod tls;
mod upgrade;

mod frame;
mod refs;
mod strict;

mod join;
mod join_reply;

mod document;
mod once;
mod refusal;
mod subscribe;

mod message;
mod shape;

mod afresh;
mod beat_reply;
mod heartbeat;
mod pace;
mod soak;
mod two_timers;
mod unanswered;

mod backoff;
mod goodbye;
mod recover;
mod rejoin;
mod stuck;

mod fault;
mod gone;
mod odd;

mod again;
mod busy;
mod disconnected;
mod driven;
mod honest;
mod large_answer;
mod post;
mod query;
mod told;
mod unknown_op;

mod elements;
pub mod limit;
mod lookalike;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use asleep::STOPPED;

use std::time::Duration;

use glimesh_proto::Instant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::session::Session;

/// How binding a check is: the level of the clause that it witnesses.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// A client that does otherwise is wrong.
    Must,
    /// A client that does otherwise has a weakness.
    Should,
    /// Permitted; what the client does is noted.
    May,
    /// Recorded for the reader's information.
    Note,
}

/// What a client must be able to do for a check to apply.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Subscribes to a channel's messages.
    Subscribe,
    /// Connects again when the connection was lost.
    Reconnect,
    /// Speaks TLS, and trusts the authority that it is told.
    Tls,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Self; 3] = [Self::Subscribe, Self::Reconnect, Self::Tls];

    /// Its name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Reconnect => "reconnect",
            Self::Tls => "tls",
        }
    }

    /// The capability of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.name() == name)
    }
}

/// One rule with a permanent id.
#[derive(Debug)]
pub struct Check {
    /// `AREA` and three digits, never reused.
    pub id: &'static str,
    /// A readable path, such as `heartbeat/frame-form`.
    pub slug: &'static str,
    /// The clauses of the protocol document that it witnesses, such as `GCW-HB-01`; may be empty.
    pub clauses: &'static [&'static str],
    /// How binding it is.
    pub level: Level,
    /// A few words.
    pub title: &'static str,
    /// What is required, in one sentence with MUST, SHOULD or MAY.
    pub requirement: &'static str,
    /// Why it matters to somebody who runs the client, and what usually goes wrong.
    pub why: &'static str,
    /// How to mend it.
    pub mend: &'static str,
    /// The sessions that it reads.
    pub scope: Scope,
    /// What the client must be able to do.
    pub needs: Option<Capability>,
    /// Whether its verdict depends on measured time, so that a failure in doubt is looked at again before it counts.
    pub timing: bool,
    /// The rule itself.
    pub judge: fn(&Session) -> Observation,
}

/// Which sessions a check reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every session; what could not be seen in one may be seen in another.
    Every,
    /// The session of one scenario, by name.
    Of(&'static str),
}

/// What a check saw in one session.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// How the rule fared.
    pub outcome: Outcome,
    /// What was expected, one line each.
    pub expected: Vec<String>,
    /// What was seen instead, or that it was seen; one line.
    pub actual: String,
    /// When, if the observation belongs to a moment.
    pub at: Option<Instant>,
    /// The index of the transcript's entry that shows it.
    pub entry: Option<usize>,
    /// The bytes within that entry's text that are at fault.
    pub span: Option<(usize, usize)>,
    /// What probably happened, where that can be told from the evidence.
    pub hint: Option<String>,
    /// Why nothing was to be seen, where the client is judged neither way.
    pub exempt: Option<Exempt>,
    /// For timing checks: what was measured, the limit, and the tolerance, in the client's seconds.
    pub timing: Option<Timing>,
    /// Whether the limit of [`timing`](Self::timing) is the least that is allowed, and not the most.
    pub at_least: bool,
}

/// How a rule fared in one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The point of observation was not reached, or the clock cannot be trusted.
    Unseen,
    /// The rule was kept.
    Met,
    /// Something worth telling that counts for nothing.
    Note,
    /// The rule was kept, but barely or in a form that is not advised.
    Weak,
    /// The rule was broken.
    Unmet,
}

/// Why a rule does not concern a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exempt {
    /// The client said that it has nothing for this.
    Unsupported,
    /// The rule is about something that the client does not do, and need not do.
    NotApplicable,
}

/// The three figures of a timing verdict, in the client's seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// What was measured.
    pub measured: Duration,
    /// What the rule allows.
    pub limit: Duration,
    /// What is allowed beyond the limit before it counts as broken.
    pub tolerance: Duration,
}

impl Observation {
    /// The rule was kept.
    pub fn met(actual: impl Into<String>) -> Self {
        Self::new(Outcome::Met, actual)
    }

    /// The rule was broken.
    pub fn unmet(actual: impl Into<String>) -> Self {
        Self::new(Outcome::Unmet, actual)
    }

    /// The rule was barely kept.
    pub fn weak(actual: impl Into<String>) -> Self {
        Self::new(Outcome::Weak, actual)
    }

    /// Something worth telling.
    pub fn note(actual: impl Into<String>) -> Self {
        Self::new(Outcome::Note, actual)
    }

    /// The point of observation was not reached; `why` says what was missing.
    pub fn unseen(why: impl Into<String>) -> Self {
        Self::new(Outcome::Unseen, why)
    }

    /// The client said that it has nothing for this; `why` says in which words.
    pub fn unsupported(why: impl Into<String>) -> Self {
        Self { exempt: Some(Exempt::Unsupported), ..Self::unseen(why) }
    }

    /// The client does not do what the rule is about; `why` says what that is.
    pub fn not_applicable(why: impl Into<String>) -> Self {
        Self { exempt: Some(Exempt::NotApplicable), ..Self::unseen(why) }
    }

    /// The worst of several; of equals the first.
    pub fn worst(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        all.into_iter()
            .reduce(|worst, next| if next.outcome > worst.outcome { next } else { worst })
    }

    fn new(outcome: Outcome, actual: impl Into<String>) -> Self {
        Self {
            outcome,
            expected: Vec::new(),
            actual: actual.into(),
            at: None,
            entry: None,
            span: None,
            hint: None,
            exempt: None,
            timing: None,
            at_least: false,
        }
    }

    /// Adds a line of what was expected.
    #[must_use]
    pub fn expecting(mut self, line: impl Into<String>) -> Self {
        self.expected.push(line.into());
        self
    }

    /// Points at the entry that shows it.
    #[must_use]
    pub const fn at_entry(mut self, entry: usize, at: Instant) -> Self {
        self.entry = Some(entry);
        self.at = Some(at);
        self
    }

    /// Points at bytes within the entry's text.
    #[must_use]
    pub const fn with_span(mut self, from: usize, to: usize) -> Self {
        self.span = Some((from, to));
        self
    }

    /// Adds what probably happened.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the three figures of a timing verdict.
    #[must_use]
    pub const fn with_timing(mut self, timing: Timing) -> Self {
        self.timing = Some(timing);
        self
    }

    /// Adds the three figures of a timing verdict whose limit is the least that is allowed.
    #[must_use]
    pub const fn with_least(mut self, timing: Timing) -> Self {
        self.at_least = true;
        self.with_timing(timing)
    }
}

/// The exit status by which a client says that it cannot run a session. Source: the convention of test harnesses.
pub const CANNOT_RUN: i32 = 77;

/// The letters of the areas, in the order of the catalogue.
const ORDER: [&str; 12] = ["PR", "CN", "FR", "JN", "SB", "MS", "HB", "MU", "QU", "RC", "FT", "EN"];

/// What the modules hold.
const AREAS: &[&[Check]] = &[
    &asleep::CHECKS,
    &endurance::CHECKS,
    &process::CHECKS,
    &alone::CHECKS,
    &connect::CHECKS,
    &offer::CHECKS,
    &compression::CHECKS,
    &tls::CHECKS,
    &upgrade::CHECKS,
    &frame::CHECKS,
    &refs::CHECKS,
    &strict::CHECKS,
    &join::CHECKS,
    &join_reply::CHECKS,
    &subscribe::CHECKS,
    &document::CHECKS,
    &once::CHECKS,
    &refusal::CHECKS,
    &message::CHECKS,
    &shape::CHECKS,
    &heartbeat::CHECKS,
    &pace::CHECKS,
    &soak::CHECKS,
    &two_timers::CHECKS,
    &unanswered::CHECKS,
    &afresh::CHECKS,
    &beat_reply::CHECKS,
    &backoff::CHECKS,
    &goodbye::CHECKS,
    &recover::CHECKS,
    &rejoin::CHECKS,
    &stuck::CHECKS,
    &fault::CHECKS,
    &gone::CHECKS,
    &odd::CHECKS,
    &post::CHECKS,
    &query::CHECKS,
    &told::CHECKS,
    &busy::CHECKS,
    &again::CHECKS,
    &disconnected::CHECKS,
    &unknown_op::CHECKS,
    &large_answer::CHECKS,
    &honest::CHECKS,
];

/// Every check, in the order of the catalogue.
pub fn catalogue() -> Vec<&'static Check> {
    let mut checks: Vec<_> = AREAS.iter().copied().flatten().collect();
    let place = |check: &Check| ORDER.iter().position(|area| check.id.starts_with(area));
    checks.sort_by_key(|check| (place(check), check.id));
    checks
}

fn never_opened() -> Observation {
    Observation::unseen("no connection was opened")
}

/// A value's text, cut for a sentence.
fn short(value: &serde_json::Value) -> String {
    const LONGEST: usize = 40;
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}
