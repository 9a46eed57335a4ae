//! The file: read with care, because what it says is not looked at otherwise.

use std::path::{Path, PathBuf};
use std::{fs, io};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::when::When;
use crate::check::Check;
use crate::results::Verdict;
use crate::selection::Glob;

/// More than this must not be covered by one pattern: it would hide what nobody has looked at.
const MOST_COVERED: usize = 20;

/// What is expected of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The entries, in the file's order.
    #[serde(default)]
    pub expect: Vec<Entry>,
}

/// One expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A check's id, or a pattern in which `*` stands for any characters.
    pub check: String,
    /// The verdict.
    pub outcome: Verdict,
    /// How what was seen begins; any, if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Only under this condition.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "read_when",
        serialize_with = "write_when"
    )]
    pub when: Option<When>,
    /// Where it is being dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// Who deals with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The last day on which it holds, as `YYYY-MM-DD`, UTC.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "read_date",
        serialize_with = "write_date"
    )]
    pub expires: Option<Date>,
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file cannot be read or written.
    #[error("cannot use the baseline {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not a baseline; the reader's message has line and column.
    #[error("the baseline {} is wrong\n{source}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What and where.
        source: Box<toml::de::Error>,
    },
    /// One pattern hides too much.
    #[error(
        "the entry {pattern:?} of the baseline covers {covered} checks; more than {MOST_COVERED} hide what nobody has looked at"
    )]
    TooWide {
        /// The pattern.
        pattern: String,
        /// How many checks it covers.
        covered: usize,
    },
}

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`BaselineError`]
    pub fn read(path: &Path, catalogue: &[&'static Check]) -> Result<Self, BaselineError> {
        let text = fs::read_to_string(path)
            .map_err(|source| BaselineError::Io { path: path.to_owned(), source })?;
        let baseline: Self = toml::from_str(&text).map_err(|source| BaselineError::Toml {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        for entry in &baseline.expect {
            let covered = catalogue.iter().filter(|check| entry.covers(check.id)).count();
            if covered > MOST_COVERED {
                return Err(BaselineError::TooWide { pattern: entry.check.clone(), covered });
            }
        }
        Ok(baseline)
    }

    /// Writes a file; what stood there is replaced.
    ///
    /// # Errors
    ///
    /// [`BaselineError::Io`]
    pub fn write(&self, path: &Path) -> Result<(), BaselineError> {
        let text = toml::to_string(self).expect("a baseline has nothing that TOML has not");
        fs::write(path, text).map_err(|source| BaselineError::Io { path: path.to_owned(), source })
    }
}

impl Entry {
    /// Whether it speaks of this check.
    pub fn covers(&self, id: &str) -> bool {
        Glob::new(&self.check).matches(id)
    }

    /// Whether it is a pattern.
    pub(super) fn is_pattern(&self) -> bool {
        Glob::new(&self.check).is_wild()
    }
}

fn read_when<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<When>, D::Error> {
    let text = String::deserialize(deserializer)?;
    When::parse(&text).map(Some).map_err(serde::de::Error::custom)
}

fn write_when<S: Serializer>(when: &Option<When>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&when.as_ref().map(ToString::to_string).unwrap_or_default())
}

fn read_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| {
        serde::de::Error::custom(format_args!("{text:?} is no day; write it as \"2027-03-31\""))
    })
}

fn write_date<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&date.map(|date| date.to_string()).unwrap_or_default())
}
