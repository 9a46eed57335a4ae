//! The clauses: what the protocol document says, numbered. How binding a check is comes from here.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::check::Level;

/// One statement with a permanent id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// `GCW-` for the protocol document; `PHX-`, `ABS-`, `WS-` and `GQL-` for what it is built on.
    pub id: String,
    /// How binding it is.
    pub level: ClauseLevel,
    /// Whom it binds.
    pub party: Party,
    /// What it says.
    pub statement: String,
}

/// How binding a clause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClauseLevel {
    /// Required.
    Must,
    /// Recommended.
    Should,
    /// Permitted.
    May,
    /// A fact that demands nothing by itself.
    Informative,
    /// A peculiarity of an example.
    Quirk,
}

/// Whom a clause binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Client and server.
    Both,
    /// Nobody; it is about the document itself.
    Document,
}

impl ClauseLevel {
    /// The highest level of a check that witnesses the clause.
    ///
    /// `None`: facts and peculiarities set none; how a client has to cope with them, its check says.
    pub const fn highest(self) -> Option<Level> {
        match self {
            Self::Must => Some(Level::Must),
            Self::Should => Some(Level::Should),
            Self::May => Some(Level::May),
            Self::Informative | Self::Quirk => None,
        }
    }
}

/// The clause of that id.
pub fn clause(id: &str) -> Option<&'static Clause> {
    clauses().iter().find(|clause| clause.id == id)
}

/// Every clause, the protocol document's first.
pub fn clauses() -> &'static [Clause] {
    static CLAUSES: LazyLock<Vec<Clause>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../fixtures/clauses.json"))
            .expect("a test reads the embedded file")
    });
    &CLAUSES
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::check::{Check, catalogue};

    /// The areas in the order of the catalogue.
    const AREAS: [(&str, &[&str]); 12] = [
        ("PR", &["process"]),
        ("CN", &["connect"]),
        ("FR", &["frame"]),
        ("JN", &["join"]),
        ("SB", &["subscribe"]),
        ("MS", &["message"]),
        ("HB", &["heartbeat"]),
        ("MU", &["post"]),
        ("QU", &["query"]),
        ("RC", &["recover"]),
        ("FT", &["fault"]),
        ("EN", &["endurance", "driver"]),
    ];

    fn place(check: &Check) -> (usize, u32) {
        let (area, number) = check.id.split_at(2);
        let place = AREAS.iter().position(|(known, _)| *known == area);
        (place.expect("a known area"), number.parse().expect("a number"))
    }

    #[test]
    fn clause_ids_are_unique_and_well_formed() {
        let ids: BTreeSet<_> = clauses().iter().map(|clause| &clause.id).collect();
        assert_eq!(ids.len(), clauses().len());
        for clause in clauses() {
            let parts: Vec<_> = clause.id.split('-').collect();
            let known = match parts[..] {
                ["GCW", area, number] => area.len() == 2 && number.len() == 2,
                ["PHX" | "ABS" | "WS" | "GQL", number] => number.len() == 2,
                _ => false,
            };
            assert!(known, "{}", clause.id);
            assert!(clause.statement.ends_with('.'), "{}", clause.id);
        }
    }

    #[test]
    fn what_the_document_is_built_on_is_never_a_must() {
        let companions = clauses().iter().filter(|clause| !clause.id.starts_with("GCW-"));
        for clause in companions {
            assert_ne!(clause.level, ClauseLevel::Must, "{}", clause.id);
        }
    }

    #[test]
    fn every_check_names_clauses_that_exist() {
        for check in catalogue() {
            for id in check.clauses {
                assert!(clause(id).is_some(), "{} names {id}", check.id);
            }
        }
    }

    #[test]
    fn no_check_is_more_binding_than_its_clauses() {
        for check in catalogue() {
            let levels = check.clauses.iter().filter_map(|id| clause(id)?.level.highest());
            // Levels are ordered from the most binding one.
            if let Some(highest) = levels.min() {
                assert!(check.level >= highest, "{} is {:?}", check.id, check.level);
            }
        }
    }

    #[test]
    fn checks_are_unique_well_formed_and_in_the_order_of_the_catalogue() {
        let checks = catalogue();
        assert!(checks.is_sorted_by(|a, b| place(a) < place(b)));
        let slugs: BTreeSet<_> = checks.iter().map(|check| check.slug).collect();
        assert_eq!(slugs.len(), checks.len());
        for check in checks {
            assert_eq!(check.id.len(), 5, "{}", check.id);
            let (area, name) = check.slug.split_once('/').expect("an area and a name");
            assert!(AREAS[place(check).0].1.contains(&area), "{}", check.id);
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(name.chars().all(is_plain), "{}", check.slug);
        }
    }

    #[test]
    fn every_check_says_what_is_required_why_and_how_to_mend_it() {
        for check in catalogue() {
            let binding =
                ["MUST", "SHOULD", "MAY"].iter().any(|word| check.requirement.contains(word));
            assert!(binding, "{}", check.id);
            for text in [check.requirement, check.why, check.mend] {
                assert!(text.ends_with('.'), "{}: {text}", check.id);
            }
        }
    }
}
