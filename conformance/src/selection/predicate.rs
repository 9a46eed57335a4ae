//! The predicates: `KEY:VALUE`, or a pattern of ids and slugs alone.

use std::ops::Range;
use std::time::Duration;

use glimesh_mock::scenario::Span;

use super::Context;
use super::bug;
use super::error::Fault;
use super::glob::Glob;
use crate::check::{Capability, Check, Level, Scope};
use crate::judge;
use crate::own;
use crate::play;
use crate::results::Verdict;

/// What may stand before the colon.
const KEYS: [&str; 8] = ["id", "clause", "level", "tag", "cap", "bug", "time", "result"];

/// One predicate, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Predicate {
    at: Range<usize>,
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Id(Glob),
    Clause(Glob),
    Tag(Glob),
    Bug(Glob),
    Level(Level),
    Needs(Capability),
    Time(Comparison, Duration),
    /// It did not pass last time: failed, or could not be seen.
    LastFailed,
    Last(Verdict),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Predicate {
    /// Reads one word.
    pub(super) fn parse(text: &str, at: Range<usize>) -> Result<Self, Fault> {
        let Some((key, value)) = text.split_once(':') else {
            return Ok(Self { at, text: text.to_owned(), kind: Kind::Id(Glob::new(text)) });
        };
        let value_at = at.start + key.len() + 1..at.end;
        if value.is_empty() {
            return Err(Fault::new(at, format!("{key}: has no value")));
        }
        let kind = match key.to_ascii_lowercase().as_str() {
            "id" => Kind::Id(Glob::new(value)),
            "clause" => Kind::Clause(Glob::new(value)),
            "tag" => Kind::Tag(Glob::new(value)),
            "bug" => Kind::Bug(Glob::new(value)),
            "level" => Kind::Level(one_of(&LEVELS, value, value_at.clone(), "level")?),
            "cap" => Kind::Needs(one_of(
                &Capability::ALL.map(|it| (it.name(), it)),
                value,
                value_at.clone(),
                "capability",
            )?),
            "time" => time(value, value_at.clone())?,
            "result" if value.eq_ignore_ascii_case("last-failed") => Kind::LastFailed,
            "result" => Kind::Last(one_of(
                &VERDICTS.map(|it| (it.as_str(), it)),
                value,
                value_at.clone(),
                "result",
            )?),
            _ => {
                let key_at = at.start..at.start + key.len();
                return Err(Fault::new(key_at, format!("unknown key {key:?}")).meant(key, KEYS));
            }
        };
        Ok(Self { at: value_at, text: value.to_owned(), kind })
    }

    pub(super) fn selects(&self, check: &Check, context: Context<'_>) -> bool {
        let last = |check: &Check| {
            let findings = context.last.map(|last| last.checks.iter());
            findings.into_iter().flatten().find(|it| it.id == check.id).map(|it| it.verdict)
        };
        match &self.kind {
            Kind::Id(glob) => glob.matches(check.id) || glob.matches(check.slug),
            Kind::Clause(glob) => check.clauses.iter().any(|clause| glob.matches(clause)),
            Kind::Tag(glob) => tags(check).any(|tag| glob.matches(tag)),
            Kind::Bug(glob) => bug::of(check.id).any(|bug| glob.matches(bug)),
            Kind::Level(level) => check.level == *level,
            Kind::Needs(capability) => check.needs == Some(*capability),
            Kind::Time(comparison, limit) => {
                let length = match check.scope {
                    Scope::Every => Duration::ZERO,
                    Scope::Of(session) => play::real_length(session),
                };
                match comparison {
                    Comparison::Less => length < *limit,
                    Comparison::AtMost => length <= *limit,
                    Comparison::More => length > *limit,
                    Comparison::AtLeast => length >= *limit,
                }
            }
            Kind::LastFailed => {
                matches!(
                    last(check),
                    Some(Verdict::Fail | Verdict::Inconclusive | Verdict::KitError)
                )
            }
            Kind::Last(verdict) => last(check) == Some(*verdict),
        }
    }

    /// Whether it is the check's whole id or slug.
    pub(super) fn names(&self, check: &Check) -> bool {
        matches!(&self.kind, Kind::Id(glob) if !self.text.contains('*')
            && (glob.matches(check.id) || glob.matches(check.slug)))
    }

    /// What is wrong with it in this catalogue: patterns that match nothing are mistakes.
    pub(super) fn complaint(&self, context: Context<'_>) -> Option<Fault> {
        let checks = || context.catalogue.iter();
        let nothing = |what: &str| {
            Fault::new(self.at.clone(), format!("no check has {what} {:?}", self.text))
        };
        if checks().any(|check| self.selects(check, context)) {
            return None;
        }
        let is_beside = judge::BESIDE_THE_CATALOGUE.iter().find(|check| self.names(check));
        match &self.kind {
            Kind::Id(_) if let Some(check) = is_beside => Some(beside(check, self.at.clone())),
            Kind::Id(_) => {
                let names: Vec<_> = checks().flat_map(|check| [check.id, check.slug]).collect();
                let message = format!(
                    "no check matches {:?}; `glimesh-conformance list` shows all ids",
                    self.text
                );
                Some(Fault::new(self.at.clone(), message).meant(&self.text, names))
            }
            Kind::Clause(_) => {
                let clauses: Vec<_> =
                    checks().flat_map(|check| check.clauses.iter().copied()).collect();
                Some(nothing("the clause").meant(&self.text, clauses))
            }
            Kind::Tag(_) => {
                let mut tags: Vec<_> = checks().flat_map(|check| tags(check)).collect();
                tags.sort_unstable();
                tags.dedup();
                Some(nothing("the tag").meant(&self.text, tags))
            }
            Kind::Bug(_) => {
                let bugs: Vec<_> = checks().flat_map(|check| bug::of(check.id)).collect();
                Some(nothing("the bug").meant(&self.text, bugs))
            }
            Kind::LastFailed | Kind::Last(_) if context.last.is_none() => {
                let message = "there are no results of a run before in the report folder";
                Some(Fault::new(self.at.clone(), message))
            }
            // True of no check today, and no mistake.
            Kind::Level(_) | Kind::Needs(_) | Kind::Time(..) | Kind::LastFailed | Kind::Last(_) => {
                None
            }
        }
    }
}

/// What is wrong with naming a check that is not in the catalogue.
fn beside(check: &Check, at: Range<usize>) -> Fault {
    let id = check.id;
    if id == own::AWAITED.id {
        let message = format!("{id} judges how a client meets a scenario of your own");
        return Fault::new(at, message).helped("add --scenario NAME|FILE");
    }
    Fault::new(at, format!("{id} is judged in every run, whatever is selected"))
}

const LEVELS: [(&str, Level); 4] =
    [("must", Level::Must), ("should", Level::Should), ("may", Level::May), ("note", Level::Note)];

const VERDICTS: [Verdict; 8] = [
    Verdict::Pass,
    Verdict::Weak,
    Verdict::Fail,
    Verdict::Note,
    Verdict::Inconclusive,
    Verdict::Unsupported,
    Verdict::NotApplicable,
    Verdict::KitError,
];

fn one_of<T: Copy>(
    known: &[(&'static str, T)],
    value: &str,
    at: Range<usize>,
    what: &str,
) -> Result<T, Fault> {
    let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(value));
    found.map(|(_, it)| *it).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        Fault::new(at, format!("{value:?} is no {what}")).meant(value, names)
    })
}

fn time(value: &str, at: Range<usize>) -> Result<Kind, Fault> {
    let comparisons = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("<", Comparison::Less),
        (">", Comparison::More),
    ];
    let found = comparisons.iter().find_map(|(sign, it)| Some((it, value.strip_prefix(sign)?)));
    let wrong = || Fault::new(at.clone(), "expected a length such as <5s or >=60s");
    let (comparison, length) = found.ok_or_else(wrong)?;
    let length: Span = length.parse().map_err(|_| wrong())?;
    Ok(Kind::Time(*comparison, length.0))
}

/// A check's tags: its area, the session that it reads, and `timing` if its verdict depends on measured time.
fn tags(check: &Check) -> impl Iterator<Item = &'static str> {
    let area = check.slug.split_once('/').map_or(check.slug, |(area, _)| area);
    let session = match check.scope {
        Scope::Every => "every",
        Scope::Of(session) => session,
    };
    [area, session].into_iter().chain(check.timing.then_some("timing"))
}
