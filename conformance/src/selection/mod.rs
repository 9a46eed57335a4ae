//! Which checks run: a small language of predicates.
//!
//! ```text
//! HB*,CN001                                  ids or slugs, `*` for any characters, `,` for or
//! level:must and not (cap:reconnect or time:>=60s)
//! clause:GCW-HB-* or bug:firezone#4348
//! result:last-failed
//! ```

mod bug;
mod error;
mod glob;
mod parse;
mod predicate;

use crate::check::Check;
use crate::results::Results;

pub use error::SelectError;
pub(crate) use glob::Glob;
use parse::Expr;

/// A selection of checks.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    text: String,
    expr: Option<Expr>,
}

/// What a selection is resolved against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Every check.
    pub catalogue: &'a [&'static Check],
    /// What the run before found, for `result:`; `None` if there was none.
    pub last: Option<&'a Results>,
}

impl Selection {
    /// Reads an expression. An empty one selects nothing.
    ///
    /// # Errors
    ///
    /// [`SelectError`] points at what is wrong.
    pub fn parse(text: &str) -> Result<Self, SelectError> {
        Ok(Self { text: text.to_owned(), expr: parse::parse(text)? })
    }

    /// The checks that the selection names, in the order of the catalogue.
    ///
    /// # Errors
    ///
    /// A pattern that matches nothing in the catalogue is a mistake of the user's, and named.
    pub fn of(&self, context: Context<'_>) -> Result<Vec<&'static Check>, SelectError> {
        let Some(expr) = &self.expr else { return Ok(Vec::new()) };
        expr.terms(&mut |term| term.complaint(context).map_or(Ok(()), Err))
            .map_err(|fault| fault.in_text(&self.text))?;
        let selected = |check: &&'static Check| expr.selects(check, context);
        Ok(context.catalogue.iter().copied().filter(selected).collect())
    }

    /// Whether the check's whole id or slug stands in it.
    pub fn names(&self, check: &Check) -> bool {
        let Some(expr) = &self.expr else { return false };
        expr.terms(&mut |term| if term.names(check) { Err(()) } else { Ok(()) }).is_err()
    }
}

#[cfg(test)]
mod tests;
