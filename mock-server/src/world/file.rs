//! A world from a file, and where in the file it is wrong.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::World;
use super::check::{Fault, Key};

/// Why a file is not a world.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// It cannot be read.
    #[error("cannot read the world {path}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It is not JSON, or a key or a value is not among those allowed.
    #[error("{name}:{line}:{column}: {message}")]
    Syntax {
        /// The file.
        name: String,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// What is wrong, and what is allowed there.
        message: String,
    },
    /// Its parts do not fit together.
    #[error("{}", .0.join("\n"))]
    Misfits(
        /// One line each, with file, line and column.
        Vec<String>,
    ),
}

/// How many misfits are told at once.
const MOST_TOLD: usize = 20;

impl World {
    /// The world of `fixtures/world.json`.
    pub fn embedded() -> Self {
        Self::parse("fixtures/world.json", include_str!("../../../fixtures/world.json"))
            .expect("the embedded world is tested")
    }

    /// Reads a world of somebody's own: JSON in the form of `fixtures/world.schema.json`.
    ///
    /// # Errors
    ///
    /// [`WorldError`] names the file, the line and the column.
    pub fn read(path: &Path) -> Result<Self, WorldError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| WorldError::Io { path: name.clone(), source })?;
        Self::parse(&name, &text)
    }

    /// Reads a world from text.
    ///
    /// # Errors
    ///
    /// [`WorldError`] names the line and the column.
    pub fn parse(name: &str, text: &str) -> Result<Self, WorldError> {
        let world: Self = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let place = format!(" at line {line} column {column}");
            let message = error.to_string().replace(&place, "");
            WorldError::Syntax { name: name.to_owned(), line, column, message }
        })?;
        let faults = world.faults();
        if faults.is_empty() {
            return Ok(world);
        }
        let told = faults.iter().take(MOST_TOLD).map(|Fault { path, message }| {
            let (line, column) = place(text, locate(text, path));
            format!("{name}:{line}:{column}: {message}")
        });
        Err(WorldError::Misfits(told.collect()))
    }
}

#[derive(Deserialize)]
struct Identified {
    id: u64,
}

/// The byte at which the value stands that a path leads to, or the last part of the path that is there.
fn locate(text: &str, path: &[Key<'_>]) -> usize {
    let Ok(mut at) = serde_json::from_str::<&RawValue>(text) else { return 0 };
    for key in path {
        let next = match key {
            Key::Name(name) => {
                let fields = serde_json::from_str::<BTreeMap<String, &RawValue>>(at.get()).ok();
                fields.and_then(|fields| fields.get(*name).copied())
            }
            Key::Index(index) => {
                let rows = serde_json::from_str::<Vec<&RawValue>>(at.get()).ok();
                rows.and_then(|rows| rows.get(*index).copied())
            }
            // Of two rows with the same id, the second is the one too many.
            Key::Id(id) => {
                let rows = serde_json::from_str::<Vec<&RawValue>>(at.get()).unwrap_or_default();
                rows.into_iter().rfind(|row| {
                    serde_json::from_str::<Identified>(row.get()).is_ok_and(|row| row.id == *id)
                })
            }
        };
        let Some(next) = next else { break };
        at = next;
    }
    at.get().as_ptr().addr() - text.as_ptr().addr()
}

/// Line and column of a byte, counted from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_begins = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_begins..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../../../fixtures/world.json");

    /// Replaces a piece of the world, and says what is wrong with it then.
    #[track_caller]
    fn check(from: &str, to: &str, expected: &str) {
        assert!(TEXT.contains(from));
        let text = TEXT.replacen(from, to, 1);
        let error = World::parse("world.json", &text).unwrap_err().to_string();
        assert_eq!(error, expected);
    }

    #[test]
    fn wrong_keys_and_values_are_named_with_their_place() {
        check(
            r#""slug": "art""#,
            r#""slag": "art""#,
            "world.json:385:9: unknown field `slag`, expected one of `id`, `name`, `slug`",
        );
        check(
            r#""isAdmin": false"#,
            r#""isAdmin": 0"#,
            "world.json:147:15: invalid type: integer `0`, expected a boolean",
        );
    }

    #[test]
    fn rows_that_lead_nowhere_are_named_with_their_place() {
        check(
            r#""streamerId": 1,"#,
            r#""streamerId": 99,"#,
            "world.json:247:18: there is no user 99; there are 1, 2, 3, 4, 5, 6, 7, 8, 9",
        );
    }

    #[test]
    fn names_and_ids_are_there_once() {
        check(
            r#""username": "TheCat""#,
            r#""username": "mytho""#,
            "world.json:157:16: two users are called \"mytho\"",
        );
        check(
            r#""id": 1,
   "name": "Rocket League""#,
            r#""id": 0,
   "name": "Rocket League""#,
            "world.json:415:10: the id 0 is not between 1 and 9223372036854775807\n\
             world.json:249:21: there is no subcategory 1; there are 0",
        );
    }

    #[test]
    fn client_ids_are_uuids() {
        check(
            r#""clients": ["#,
            r#""clients": ["é", "#,
            "world.json:6:14: the client \"é\" is no UUID in lower case",
        );
    }
}
