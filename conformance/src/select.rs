//! Which checks run: ids and patterns of ids.

use crate::check::Check;

/// A selection is a list of ids, in which `*` stands for any characters: `HB*`, `*001`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(Vec<String>);

/// A pattern that no check matches.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no check matches {0:?}; `glimesh-conformance list` shows all ids")]
pub struct NoMatch(pub String);

impl Selection {
    /// Reads a list that is separated by commas, such as `HB*,CN001`. Letter case does not matter.
    pub fn parse(text: &str) -> Self {
        let patterns = text.split(',').map(str::trim).filter(|pattern| !pattern.is_empty());
        Self(patterns.map(str::to_ascii_uppercase).collect())
    }

    /// The checks that the selection names, in the order of the catalogue.
    ///
    /// # Errors
    ///
    /// A pattern that matches nothing is a mistake of the user's, and named.
    pub fn of(&self, checks: &[&'static Check]) -> Result<Vec<&'static Check>, NoMatch> {
        let unmatched =
            self.0.iter().find(|pattern| !checks.iter().any(|c| matches(pattern, c.id)));
        if let Some(pattern) = unmatched {
            return Err(NoMatch(pattern.clone()));
        }
        let selected = |check: &&'static Check| self.0.iter().any(|p| matches(p, check.id));
        Ok(checks.iter().copied().filter(selected).collect())
    }
}

/// Whether a text matches a pattern in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len()).any(|at| tail.get(at..).is_some_and(|tail| matches(rest, tail)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_characters() {
        assert!(matches("HB*", "HB001"));
        assert!(matches("*", "HB001"));
        assert!(matches("H*1", "HB001"));
        assert!(!matches("HB00", "HB001"));
        assert!(!matches("H*2", "HB001"));
    }
}
