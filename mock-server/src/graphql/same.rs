//! Whether two documents are the same but for what stands between their tokens.

use super::lexer::tokens;

/// Compares tokens; texts that are no documents are compared as they are.
pub(crate) fn same_document(one: &str, other: &str) -> bool {
    match (tokens(one), tokens(other)) {
        (Ok(one), Ok(other)) => {
            one.iter().map(|token| token.text).eq(other.iter().map(|token| token.text))
        }
        _ => one == other,
    }
}
