//! The tokens of a text that is known to be JSON.

use super::Kind;
use super::token::{escape, string_run};

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A member's key, or a string: what stands between its quotes, as written.
    Text(&'a str),
    /// A number, a boolean or null, as written.
    Plain(&'a str),
    Open(Kind),
    Close,
}

/// Reads tokens one by one; commas, colons and white space are left out.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    /// The text must be JSON; of another text the tokens mean nothing.
    pub(crate) const fn of_json(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Where the last token ended.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    fn text(&mut self) -> Token<'a> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let mut end = start;
        loop {
            end = string_run(bytes, end);
            match bytes.get(end) {
                Some(b'\\') => end = escape(bytes, end).map_or(end + 1, |end| end),
                _ => break,
            }
        }
        self.at = end + 1;
        Token::Text(self.text.get(start..end).unwrap_or_default())
    }

    fn plain(&mut self) -> Token<'a> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let belongs =
            |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let length = rest.iter().take_while(belongs).count().max(1);
        self.at = start + length;
        Token::Plain(self.text.get(start..self.at).unwrap_or_default())
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let bytes = self.text.as_bytes();
        while let Some(b',' | b':' | b' ' | b'\t' | b'\r' | b'\n') = bytes.get(self.at) {
            self.at += 1;
        }
        let token = match bytes.get(self.at)? {
            b'"' => return Some(self.text()),
            b'[' => Token::Open(Kind::Array),
            b'{' => Token::Open(Kind::Object),
            b']' | b'}' => Token::Close,
            _ => return Some(self.plain()),
        };
        self.at += 1;
        Some(token)
    }
}
