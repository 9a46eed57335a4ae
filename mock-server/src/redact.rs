//! Secrets become words before anything is recorded.

mod fields;

use crate::transcript::{CLIENT_ID_MARK as CLIENT_ID, Credential, MAX_DATA, TOKEN_MARK as TOKEN};

/// Knows the secrets of a session.
#[derive(Debug)]
pub(crate) struct Redactor {
    token: String,
    /// Tokens that were granted while the server ran.
    granted: Vec<String>,
    client_id: String,
    /// What to look for in any text, with what stands for it.
    secrets: Vec<(String, String)>,
    /// Where its knowledge comes from.
    kind: Kind,
}

/// What a redactor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The session's secrets are given.
    Given,
    /// The secrets are somebody else's: the first credentials count as given, and fields that hold secrets are
    /// known by their names.
    Observing,
    /// Nothing is replaced.
    Keeping,
}

/// What stands for the client secret.
const CLIENT_SECRET: &str = "<client_secret>";

/// How many foreign credentials are remembered; a client that tries more is not worth the search.
const MOST_LEARNED: usize = 64;

/// Shorter values are words rather than secrets: replacing them would make other texts unreadable.
pub(crate) const SHORTEST_LEARNED: usize = 8;

/// What is around a given credential may be a secret itself if it is longer, in bytes.
const MOST_AROUND: usize = 7;

impl Redactor {
    pub(crate) fn new(token: &str, client_id: &str, client_secret: &str) -> Self {
        let mut secrets = Vec::new();
        for (value, word) in
            [(token, TOKEN), (client_id, CLIENT_ID), (client_secret, CLIENT_SECRET)]
        {
            if !value.is_empty() {
                secrets.push((value.to_owned(), word.to_owned()));
            }
        }
        // A UUID is the same in capitals.
        secrets.push((client_id.to_ascii_uppercase(), CLIENT_ID.to_owned()));
        let (token, client_id) = (token.to_owned(), client_id.to_owned());
        Self { token, granted: Vec::new(), client_id, secrets, kind: Kind::Given }
    }

    /// Knows nothing yet, and learns from what it sees.
    pub(crate) fn observing() -> Self {
        Self { kind: Kind::Observing, ..Self::keeping() }
    }

    /// Replaces nothing, for those who want to have everything.
    pub(crate) fn keeping() -> Self {
        let (token, client_id) = (String::new(), String::new());
        let (granted, secrets) = (Vec::new(), Vec::new());
        Self { token, granted, client_id, secrets, kind: Kind::Keeping }
    }

    /// The first token and the first client id that are seen stand for the given ones.
    pub(crate) fn adopt(&mut self, name: &str, value: &str) {
        let (given, word) = match name {
            "token" => (&mut self.token, TOKEN),
            "client_id" => (&mut self.client_id, CLIENT_ID),
            _ => return,
        };
        if self.kind != Kind::Observing || !given.is_empty() || is_placeholder(value) {
            return;
        }
        value.clone_into(given);
        if value.len() >= SHORTEST_LEARNED {
            for spelled in [value.to_owned(), value.to_ascii_uppercase()] {
                self.secrets.push((spelled, word.to_owned()));
            }
        }
    }

    /// A token was granted; from now on it is as good as the given one.
    pub(crate) fn learn_token(&mut self, token: &str) {
        if !self.granted.iter().any(|known| known == token) {
            self.granted.push(token.to_owned());
            self.secrets.push((token.to_owned(), TOKEN.to_owned()));
        }
    }

    /// The value of a query's parameter.
    pub(crate) fn query_value(&mut self, name: &str, value: &str) -> String {
        let name = name.to_ascii_lowercase();
        let name = name.split('[').next().unwrap_or_default();
        match name {
            "token" | "client_id" | "access_token" | "client_secret" | "password" | "api_key" => {
                self.adopt(name, value);
                self.credential(value)
            }
            _ => self.text(value),
        }
    }

    /// The value of a request's header, whose name is in lower case.
    pub(crate) fn header_value(&mut self, name: &str, value: &str) -> String {
        match (name, value.split_once(' ')) {
            ("authorization" | "proxy-authorization", Some((scheme, value))) => {
                format!("{scheme} {}", self.credential(value.trim()))
            }
            ("authorization" | "proxy-authorization" | "cookie", _) => self.credential(value),
            _ => self.text(value),
        }
    }

    /// Any text that may hold a secret.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut clean = match self.kind {
            Kind::Observing => fields::masked(text),
            Kind::Given | Kind::Keeping => text.to_owned(),
        };
        for (secret, word) in &self.secrets {
            if clean.contains(secret.as_str()) {
                clean = clean.replace(secret.as_str(), word);
            }
            if clean.contains('%') {
                clean = replace_escaped(&clean, secret, word);
            }
        }
        clean
    }

    /// Any bytes that may hold a secret.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let masked = match (self.kind, std::str::from_utf8(bytes)) {
            (Kind::Observing, Ok(text)) => Some(fields::masked(text)),
            _ => None,
        };
        let mut clean = Vec::with_capacity(bytes.len());
        let mut rest = masked.as_ref().map_or(bytes, |masked| masked.as_bytes());
        while let Some((first, others)) = rest.split_first() {
            let found = self.secrets.iter().find(|(secret, _)| rest.starts_with(secret.as_bytes()));
            if let Some((secret, word)) = found {
                clean.extend_from_slice(word.as_bytes());
                rest = &rest[secret.len()..];
            } else {
                clean.push(*first);
                rest = others;
            }
        }
        clean
    }

    /// A message's text, cut to what a transcript keeps.
    pub(crate) fn message(&self, text: &str) -> String {
        if text.len() <= MAX_DATA {
            return self.text(text);
        }
        let mut end = boundary(text, MAX_DATA);
        // A secret across the cut would leave a part of itself.
        for (secret, _) in &self.secrets {
            let from = end.saturating_sub(secret.len());
            if let Some(at) =
                (from..end).find(|&at| text.as_bytes()[at..].starts_with(secret.as_bytes()))
            {
                end = at;
            }
        }
        self.text(&text[..boundary(text, end)])
    }

    /// A value that stands where a credential belongs: kept only if it cannot be one.
    fn credential(&mut self, value: &str) -> String {
        if self.kind == Kind::Keeping {
            value.to_owned()
        } else if value.is_empty() {
            String::new()
        } else if value == self.token || self.granted.iter().any(|known| known == value) {
            TOKEN.to_owned()
        } else if value.eq_ignore_ascii_case(&self.client_id) {
            CLIENT_ID.to_owned()
        } else if let Some(around) = self.around_given(value) {
            around
        } else if is_placeholder(value) {
            match Credential::read(value) {
                Credential::Placeholder(_) => value.to_owned(),
                // The client's own text looks like one of our marks, and must not be taken for it.
                _ => format!("<{value}>"),
            }
        } else {
            self.learn(value);
            other(value)
        }
    }

    /// A given credential with a few characters around it, such as quotes: that is evidence, too.
    fn around_given(&self, value: &str) -> Option<String> {
        let given = [(&self.token, TOKEN), (&self.client_id, CLIENT_ID)];
        let (secret, word) = given
            .into_iter()
            .find(|(secret, _)| !secret.is_empty() && value.contains(secret.as_str()))?;
        (value.len() - secret.len() <= MOST_AROUND).then(|| value.replacen(secret, word, 1))
    }

    fn learn(&mut self, value: &str) {
        if value.len() >= SHORTEST_LEARNED && self.secrets.len() < MOST_LEARNED {
            self.secrets.push((value.to_owned(), other(value)));
        }
    }
}

/// The last beginning or end of a character that is not behind a byte of the text.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&place| text.is_char_boundary(place)).unwrap_or_default()
}

/// Replaces a secret of which any characters may be percent-encoded.
fn replace_escaped(text: &str, secret: &str, word: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(length) = escaped_prefix(rest.as_bytes(), secret.as_bytes()) {
            clean.push_str(word);
            rest = &rest[length..];
        } else {
            clean.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    clean
}

/// How many bytes of the text spell the secret, if it begins with it.
fn escaped_prefix(text: &[u8], secret: &[u8]) -> Option<usize> {
    let mut at = 0;
    for byte in secret {
        let escaped = text.get(at..at + 3).filter(|three| three[0] == b'%');
        let escaped = escaped
            .and_then(|three| u8::from_str_radix(std::str::from_utf8(&three[1..]).ok()?, 16).ok());
        at += match escaped {
            Some(found) if found == *byte => 3,
            _ if text.get(at) == Some(byte) => 1,
            // As forms spell a blank.
            _ if *byte == b' ' && text.get(at) == Some(&b'+') => 1,
            _ => return None,
        };
    }
    Some(at)
}

fn other(value: &str) -> String {
    format!("<other:{}>", value.len())
}

/// The document's and everybody's ways to write "put your token here", and what programs print for nothing.
fn is_placeholder(value: &str) -> bool {
    const WORDS: [&str; 8] =
        ["", "TOKEN", "undefined", "null", "None", "nil", "NaN", "[object Object]"];
    let bracketed = |open, close| value.starts_with(open) && value.ends_with(close);
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    // TOKEN_HERE, CLIENT_ID, YOUR_TOKEN, $TOKEN.
    let named = is_name(value) && (value.contains("TOKEN") || value.contains("CLIENT_ID"));
    let variable = value.strip_prefix('$').is_some_and(|name| !name.is_empty() && is_name(name));
    let brackets = bracketed("{", "}") || bracketed("<", ">") || bracketed("${", "}");
    WORDS.contains(&value) || value.len() <= 40 && (named || variable || brackets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        Redactor::new("tok with/slash", "4d4e4f50-0001-4000-8000-000000000001", "client-secret")
    }

    #[test]
    fn given_secrets_become_words_everywhere() {
        let mut redactor = redactor();
        assert_eq!(redactor.query_value("token", "tok with/slash"), TOKEN);
        assert_eq!(redactor.query_value("x", "a tok with/slash b"), "a <token> b");
        assert_eq!(redactor.text("?token=tok%20with%2Fslash&x=%"), "?token=<token>&x=%");
        assert_eq!(redactor.text("%74%6f%6B with/slas%68"), "<token>");
        assert_eq!(redactor.bytes(b"\xfftok with/slash\0"), b"\xff<token>\0");
        assert_eq!(
            redactor.query_value("client_id", "4D4E4F50-0001-4000-8000-000000000001"),
            CLIENT_ID
        );
        assert_eq!(
            redactor.header_value("authorization", "Bearer tok with/slash"),
            "Bearer <token>"
        );
    }

    #[test]
    fn other_secrets_become_their_length_and_are_looked_for_from_then_on() {
        let mut redactor = redactor();
        assert_eq!(redactor.query_value("TOKEN[a]", "my-own-secret"), "<other:13>");
        assert_eq!(redactor.text(r#"{"t":"my-own-secret"}"#), r#"{"t":"<other:13>"}"#);
        assert_eq!(redactor.header_value("cookie", "session=1234567"), "<other:15>");
    }

    #[test]
    fn what_cannot_be_a_secret_is_evidence() {
        let mut redactor = redactor();
        let words = ["", "TOKEN_HERE", "CLIENT_ID", "YOUR_TOKEN", "{token}", "<your token>"];
        for value in words.into_iter().chain(["undefined", "null", "${TOKEN}", "$TOKEN"]) {
            assert_eq!(redactor.query_value("token", value), value);
        }
    }

    #[test]
    fn a_text_that_looks_like_a_mark_is_not_taken_for_it() {
        let mut redactor = redactor();
        assert_eq!(redactor.query_value("token", "<token>"), "<<token>>");
        assert_eq!(redactor.query_value("client_id", "<client_id>"), "<<client_id>>");
        assert_eq!(redactor.query_value("token", "<other:5>"), "<<other:5>>");
    }

    #[test]
    fn what_stands_around_a_given_secret_is_evidence_while_it_is_short() {
        let mut redactor = redactor();
        assert_eq!(redactor.query_value("token", "\"tok with/slash\""), "\"<token>\"");
        assert_eq!(redactor.query_value("token", "Bearer tok with/slash"), "Bearer <token>");
        assert_eq!(redactor.query_value("token", "tok with/slash-and-more"), "<other:23>");
    }

    #[test]
    fn a_secret_across_the_cut_leaves_nothing() {
        let redactor = Redactor::new("secret-secret", "id", "client-secret");
        let text = "x".repeat(MAX_DATA - 5) + "secret-secret" + &"y".repeat(100);
        let kept = redactor.message(&text);
        assert!(kept.len() < MAX_DATA && kept.bytes().all(|byte| byte == b'x'));
    }
}
