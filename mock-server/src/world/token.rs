//! A chat message cut into text, links and emotes.

use std::collections::BTreeMap;

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) text: String,
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Plain text.
    Text,
    /// A link, which is its own target.
    Url,
    /// A word that stands for a picture.
    Emote {
        /// The picture's URL.
        src: String,
    },
}

const SCHEMES: [&str; 2] = ["https://", "http://"];

impl Token {
    /// Cuts a message. Without `links`, a link is a piece of text of its own.
    ///
    /// Source: recordings `doc/m_chat_links_*`, `push/two_selections`.
    pub(crate) fn cut(text: &str, links: bool, emotes: &BTreeMap<String, String>) -> Vec<Self> {
        let mut tokens = Vec::new();
        let mut plain = 0;
        let mut at = 0;
        while let Some(next) = text[at..].chars().next() {
            let rest = &text[at..];
            let found =
                link(rest).map(|len| (len, if links { TokenKind::Url } else { TokenKind::Text }));
            let Some((len, kind)) = found.or_else(|| emote(rest, emotes)) else {
                at += next.len_utf8();
                continue;
            };
            if plain < at {
                tokens.push(Self { kind: TokenKind::Text, text: text[plain..at].to_owned() });
            }
            tokens.push(Self { kind, text: rest[..len].to_owned() });
            at += len;
            plain = at;
        }
        if plain < text.len() {
            tokens.push(Self { kind: TokenKind::Text, text: text[plain..].to_owned() });
        }
        tokens
    }

    pub(crate) fn contains_link(text: &str) -> bool {
        text.char_indices().any(|(at, _)| link(&text[at..]).is_some())
    }
}

/// The length of the link that the text begins with.
fn link(text: &str) -> Option<usize> {
    let scheme = SCHEMES.into_iter().find(|scheme| {
        text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    })?;
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (end > scheme.len()).then_some(end)
}

/// The length of the emote that the text begins with.
fn emote(text: &str, emotes: &BTreeMap<String, String>) -> Option<(usize, TokenKind)> {
    let end = text.strip_prefix(':')?.find(':')? + 2;
    let src = emotes.get(&text[..end])?;
    Some((end, TokenKind::Emote { src: src.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, links: bool, expected: &[&str]) {
        let emotes = BTreeMap::from([(":wow:".to_owned(), "wow.svg".to_owned())]);
        let tokens = Token::cut(text, links, &emotes);
        let shown: Vec<_> = tokens
            .iter()
            .map(|Token { kind, text }| match kind {
                TokenKind::Text => format!("text {text}"),
                TokenKind::Url => format!("url {text}"),
                TokenKind::Emote { src } => format!("emote {text} {src}"),
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn messages_are_cut_at_links_and_emotes() {
        check("", true, &[]);
        check("hi", true, &["text hi"]);
        check("see https://a.b/c ok", true, &["text see ", "url https://a.b/c", "text  ok"]);
        check("see https://a.b/c ok", false, &["text see ", "text https://a.b/c", "text  ok"]);
        check(
            "é:wow::wow: :no:",
            true,
            &["text é", "emote :wow: wow.svg", "emote :wow: wow.svg", "text  :no:"],
        );
    }
}
