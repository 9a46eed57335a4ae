//! Secrets become words before anything is recorded.

use glimesh_proto::connect::encode_query_value;

use crate::transcript::MAX_DATA;

/// What stands for the token that the client was given.
pub(crate) const TOKEN: &str = "<token>";
/// What stands for the client id that the client was given.
pub(crate) const CLIENT_ID: &str = "<client_id>";

/// Knows the secrets of a session.
#[derive(Debug)]
pub(crate) struct Redactor {
    token: String,
    client_id: String,
    /// What to look for in any text, with what stands for it.
    secrets: Vec<(String, String)>,
}

/// How many foreign credentials are remembered; a client that tries more is not worth the search.
const MOST_LEARNED: usize = 64;

/// Shorter values are words rather than secrets: replacing them would make other texts unreadable.
const SHORTEST_LEARNED: usize = 8;

impl Redactor {
    pub(crate) fn new(token: &str, client_id: &str) -> Self {
        let mut secrets = Vec::new();
        for (value, word) in [(token, TOKEN), (client_id, CLIENT_ID)] {
            secrets.push((value.to_owned(), word.to_owned()));
            secrets.push((encode_query_value(value), word.to_owned()));
        }
        Self { token: token.to_owned(), client_id: client_id.to_owned(), secrets }
    }

    /// The value of a query's parameter.
    pub(crate) fn query_value(&mut self, name: &str, value: &str) -> String {
        let name = name.to_ascii_lowercase();
        let name = name.split('[').next().unwrap_or_default();
        match name {
            "token" | "client_id" | "access_token" | "client_secret" | "password" | "api_key" => {
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
        let mut clean = text.to_owned();
        for (secret, word) in &self.secrets {
            if clean.contains(secret.as_str()) {
                clean = clean.replace(secret.as_str(), word);
            }
        }
        clean
    }

    /// A message's text, cut to what a transcript keeps.
    pub(crate) fn message(&self, text: &str) -> String {
        if text.len() <= MAX_DATA {
            return self.text(text);
        }
        let mut end = text.floor_char_boundary(MAX_DATA);
        // A secret across the cut would leave a part of itself.
        for (secret, _) in &self.secrets {
            let from = end.saturating_sub(secret.len());
            if let Some(at) = (from..end).find(|&at| text.as_bytes()[at..].starts_with(secret.as_bytes())) {
                end = at;
            }
        }
        self.text(&text[..text.floor_char_boundary(end)])
    }

    /// A value that stands where a credential belongs: kept only if it cannot be one.
    fn credential(&mut self, value: &str) -> String {
        if value == self.token {
            TOKEN.to_owned()
        } else if value.eq_ignore_ascii_case(&self.client_id) {
            CLIENT_ID.to_owned()
        } else if is_placeholder(value) {
            value.to_owned()
        } else {
            self.learn(value);
            other(value)
        }
    }

    fn learn(&mut self, value: &str) {
        if value.len() >= SHORTEST_LEARNED && self.secrets.len() < MOST_LEARNED {
            self.secrets.push((value.to_owned(), other(value)));
            let encoded = encode_query_value(value);
            if encoded != value {
                self.secrets.push((encoded, other(value)));
            }
        }
    }
}

fn other(value: &str) -> String {
    format!("<other:{}>", value.len())
}

/// The document's and everybody's ways to write "put your token here", and what programs print for nothing.
fn is_placeholder(value: &str) -> bool {
    const WORDS: [&str; 9] =
        ["", "TOKEN_HERE", "CLIENT_ID", "TOKEN", "undefined", "null", "None", "nil", "NaN"];
    let bracketed = |open, close| value.starts_with(open) && value.ends_with(close);
    let short = value.len() <= 40;
    WORDS.contains(&value) || short && (bracketed("{", "}") || bracketed("<", ">") || bracketed("${", "}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        Redactor::new("tok with/slash", "4d4e4f50-0001-4000-8000-000000000001")
    }

    #[test]
    fn given_secrets_become_words_everywhere() {
        let mut redactor = redactor();
        assert_eq!(redactor.query_value("token", "tok with/slash"), TOKEN);
        assert_eq!(redactor.query_value("x", "a tok with/slash b"), "a <token> b");
        assert_eq!(redactor.text("?token=tok%20with%2Fslash"), "?token=<token>");
        assert_eq!(
            redactor.query_value("client_id", "4D4E4F50-0001-4000-8000-000000000001"),
            CLIENT_ID
        );
        assert_eq!(redactor.header_value("authorization", "Bearer tok with/slash"), "Bearer <token>");
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
        for value in ["", "TOKEN_HERE", "{token}", "<token>", "undefined", "${TOKEN}"] {
            assert_eq!(redactor.query_value("token", value), value);
        }
    }

    #[test]
    fn a_secret_across_the_cut_leaves_nothing() {
        let redactor = Redactor::new("secret-secret", "id");
        let text = "x".repeat(MAX_DATA - 5) + "secret-secret" + &"y".repeat(100);
        let kept = redactor.message(&text);
        assert!(kept.len() < MAX_DATA && kept.bytes().all(|byte| byte == b'x'));
    }
}
