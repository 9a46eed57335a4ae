//! Credentials in URLs, which no output of lint shows.

use std::ops::Range;

use glimesh_mock::transcript::{CLIENT_ID_MARK, Credential, TOKEN_MARK};
use glimesh_proto::diagnostic::Diagnostic;

/// A UUID that is nobody's.
const SOME_CLIENT_ID: &str = "00000000-0000-4000-8000-000000000000";

/// A token that is nobody's, and no placeholder either.
const SOME_TOKEN: &str = "0123456789abcdef";

/// Diagnostics that point at what is no credential but stands in its place.
const PLACEHOLDERS: [&str; 2] = ["U015", "U016"];

/// The URL with every letter and digit of its parameters' values replaced by `x`, except those of `vsn` and what is
/// only a placeholder. It has the same length, so that places stay what they are.
pub(super) fn masked(url: &str, found: &[Diagnostic]) -> String {
    let kept: Vec<&Range<usize>> = found
        .iter()
        .filter(|one| PLACEHOLDERS.contains(&one.code.id))
        .map(|one| &one.span)
        .collect();
    let mut masked = String::with_capacity(url.len());
    let mut name = String::new();
    let mut in_value = false;
    for (at, c) in url.char_indices() {
        let hidden = in_value
            && name != "vsn"
            && c.is_ascii_alphanumeric()
            && !kept.iter().any(|span| span.contains(&at));
        masked.push(if hidden { 'x' } else { c });
        match c {
            '=' => in_value = true,
            '?' | '&' | ';' => {
                name.clear();
                in_value = false;
            }
            // What follows the version without an ampersand is the next parameter.
            'a'..='z' | 'A'..='Z' if in_value && name == "vsn" => {
                name = c.into();
                in_value = false;
            }
            _ if !in_value => name.push(c),
            _ => {}
        }
    }
    masked
}

/// A URL of a transcript, with something that looks like a credential in the place of the marks for real ones.
pub(super) fn filled_in(url: &str) -> String {
    let url = url.replace(TOKEN_MARK, SOME_TOKEN).replace(CLIENT_ID_MARK, SOME_CLIENT_ID);
    let parts = url.split('&').map(|part| match part.split_once('=') {
        Some((name, value)) => match Credential::read(value) {
            Credential::Other { .. } if name.ends_with("client_id") => {
                format!("{name}={SOME_CLIENT_ID}")
            }
            Credential::Other { .. } => format!("{name}={SOME_TOKEN}"),
            _ => part.to_owned(),
        },
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use glimesh_proto::diagnostic::{Context, diagnose_url};

    use super::*;

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let masked = masked(url, &diagnose_url(url, &Context::default()));
        assert_eq!(masked, expected);
        assert_eq!(masked.len(), url.len());
    }

    #[test]
    fn values_are_hidden_and_placeholders_are_not() {
        check("wss://a.b/c?vsn=2.0.0&token=s3cret", "wss://a.b/c?vsn=2.0.0&token=xxxxxx");
        check("/c?vsn=2.0.0token=s3cret", "/c?vsn=2.0.0token=xxxxxx");
        check("/c&token=s3cret", "/c&token=xxxxxx");
        check("/c?key=s3%2Bcret", "/c?key=xx%xxxxxx");
        let placeholder = "wss://a.b/api/graph/websocket?vsn=2.0.0&token=TOKEN_HERE";
        check(placeholder, placeholder);
        check("/c?token=Bearer s3#cret", "/c?token=xxxxxx xx#xxxx");
    }

    #[test]
    fn marks_stand_for_what_is_right() {
        let url = filled_in("/api/graph/websocket?vsn=2.0.0&client_id=<client_id>");
        assert_eq!(diagnose_url(&url, &Context::default()), []);
        let url = filled_in("/api/graph/websocket?vsn=2.0.0&token=<other:12>");
        assert_eq!(diagnose_url(&url, &Context::default()), []);
    }
}
