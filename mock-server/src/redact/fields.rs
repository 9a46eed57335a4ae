//! Fields that hold a secret by their name, in JSON and in GraphQL documents inside of it.

use super::other;

/// The names of the fields. Source: Glimesh's schemas, RFC 6749, and what clients log in with.
const NAMES: [&str; 14] = [
    "token",
    "access_token",
    "accessToken",
    "refresh_token",
    "refreshToken",
    "client_secret",
    "clientSecret",
    "password",
    "api_key",
    "apiKey",
    "stream_key",
    "streamKey",
    "hmac_key",
    "hmacKey",
];

/// The text with the values of such fields replaced by their length, as in `"streamKey":"<other:21>"`.
pub(super) fn masked(text: &str) -> String {
    let mut clean = String::new();
    let mut rest = text;
    while let Some(colon) = rest.find(':') {
        let (before, after) = rest.split_at(colon + 1);
        clean.push_str(before);
        rest = after;
        let Some(key) = secret_key(&before[..colon]) else { continue };
        let Some((quote, value)) = quoted(rest) else { continue };
        // A document's argument has no quotes around its name, and escaped ones around its value.
        if key == Key::Bare && quote.len() < 2 {
            continue;
        }
        let blanks = rest.len() - rest.trim_start().len();
        clean.push_str(&rest[..blanks]);
        clean.push_str(quote);
        clean.push_str(&other(value));
        rest = &rest[blanks + quote.len() + value.len()..];
    }
    clean.push_str(rest);
    clean
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Quoted,
    Bare,
}

/// How one of the names stands at the end, if one does.
fn secret_key(before: &str) -> Option<Key> {
    let before = before.trim_end();
    let inside = before.strip_suffix('"').map(|inside| inside.trim_end_matches('\\'));
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = inside.unwrap_or(before).rsplit(|c| !is_part(c)).next().unwrap_or_default();
    let key = if inside.is_some() { Key::Quoted } else { Key::Bare };
    NAMES.contains(&name).then_some(key)
}

/// The quotation mark, which may be escaped itself, and what stands between two of them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let slashes = text.len() - text.trim_start_matches('\\').len();
    let quote = text.get(..=slashes).filter(|quote| quote.ends_with('"'))?;
    let inside = &text[quote.len()..];
    let mut at = 0;
    // A mark with more backslashes before it is a part of the value.
    while let Some(found) = inside[at..].find('"') {
        let end = at + found;
        let before = &inside[..end];
        let escapes = before.len() - before.trim_end_matches('\\').len();
        if escapes <= slashes {
            return Some((quote, &inside[..end - escapes]));
        }
        at = end + 1;
    }
    // A text that was cut off: all of it.
    Some((quote, inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secret_fields_become_their_length() {
        let cases = [
            (r#"{"streamKey":"6-abc","id":1}"#, r#"{"streamKey":"<other:5>","id":1}"#),
            (r#"{"hmacKey" : "k\"q" }"#, r#"{"hmacKey" : "<other:4>" }"#),
            (r#"{"query":"{a(token:\"tok\")}"}"#, r#"{"query":"{a(token:\"<other:3>\")}"}"#),
            (
                r#"{"token":null,"tokens":"x","a":"token:"}"#,
                r#"{"token":null,"tokens":"x","a":"token:"}"#,
            ),
            (r#"{"password":"cut"#, r#"{"password":"<other:3>"#),
            ("é:\":", "é:\":"),
        ];
        for (text, expected) in cases {
            assert_eq!(masked(text), expected);
        }
    }
}
