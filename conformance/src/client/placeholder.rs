//! Placeholders in an argument, as text: `{url}` is one, `{{url}}` is the text `{url}`.
//!
//! Arguments may well be JSON or code, so only a word in braces counts: `{"a":{"b":1}}` stays as it is.

/// A part of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// Takes a text apart.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        pieces.push(Piece::Text(before));
        if let Some(word) = word(from, "{{", "}}") {
            pieces.push(Piece::Text(&from[1..word.len() + 3]));
            rest = &from[word.len() + 4..];
        } else if let Some(word) = word(from, "{", "}") {
            pieces.push(Piece::Placeholder(word));
            rest = &from[word.len() + 2..];
        } else {
            pieces.push(Piece::Text(&from[..1]));
            rest = &from[1..];
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// The names of the placeholders in a text.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Text(_) => None,
        Piece::Placeholder(name) => Some(name),
    })
}

/// The word between braces at the beginning of a text.
fn word<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (word, _) = text.strip_prefix(open)?.split_once(close)?;
    let begins = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let goes_on = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (begins && goes_on).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_in_braces_are_placeholders() {
        let marked = |text| {
            let marked = pieces(text).into_iter().map(|piece| match piece {
                Piece::Text(text) => text.to_owned(),
                Piece::Placeholder(name) => format!("<{name}>"),
            });
            marked.collect::<String>()
        };
        assert_eq!(marked("--url={url}&t={token}"), "--url=<url>&t=<token>");
        assert_eq!(marked(r#"{"a":{"b":1}}"#), r#"{"a":{"b":1}}"#);
        assert_eq!(marked(r#"{"u":"{url}"}"#), r#"{"u":"<url>"}"#);
        assert_eq!(marked("{{url}}"), "{url}");
        assert_eq!(marked("{{any_word}} {} { } {1} {"), "{any_word} {} { } {1} {");
        assert_eq!(marked("ä{port}ö"), "ä<port>ö");
    }
}
