//! Keys that stand twice in one object, at any depth.

use std::borrow::Cow;
use std::collections::HashMap;

use super::token::unescape;
use super::tokens::{Token, Tokens};
use super::{Kind, Span, strict};

/// A key that stands twice in one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateKey {
    /// The key that counts, with its quotes.
    pub first: Span,
    /// The one that is ignored.
    pub again: Span,
}

/// The keys that their object has already, at any depth, in the order of the text; `None` if the text is not JSON.
///
/// They are allowed, but only the first counts. It takes time and memory in proportion to the text.
///
/// ```
/// use glimesh_proto::scan::duplicate_keys;
///
/// let text = r#"{"a":1,"b":[{"a":2,"\u0061":3}]}"#;
/// let found: Vec<_> = duplicate_keys(text).into_iter().flatten().collect();
/// assert_eq!(found.len(), 1);
/// assert_eq!((found[0].first.of(text), found[0].again.of(text)), (r#""a""#, r#""\u0061""#));
/// ```
///
/// Source: recordings, rule 11.
pub fn duplicate_keys(text: &str) -> Option<DuplicateKeys<'_>> {
    strict::text(text.as_bytes()).ok()?;
    Some(DuplicateKeys { tokens: Tokens::of_json(text), open: Vec::new() })
}

/// What [`duplicate_keys`] finds, one by one.
#[derive(Debug)]
pub struct DuplicateKeys<'a> {
    tokens: Tokens<'a>,
    open: Vec<Open<'a>>,
}

/// An array or object that has not ended.
#[derive(Debug)]
enum Open<'a> {
    Array,
    /// A key comes next, or the end.
    Object(HashMap<Cow<'a, str>, Span>),
    /// A key has been read, and its value comes next.
    Member(HashMap<Cow<'a, str>, Span>),
}

impl<'a> DuplicateKeys<'a> {
    /// Takes a key; gives the place of the earlier one, if there is one.
    fn key(&mut self, inner: &'a str) -> Option<DuplicateKey> {
        let end = self.tokens.at();
        let span = Span::new(end - inner.len() - 2, end);
        let Some(Open::Object(keys)) = self.open.last_mut() else { return None };
        let first = *keys.entry(unescape(inner)).or_insert(span);
        (first != span).then_some(DuplicateKey { first, again: span })
    }

    /// Between a member's key and its value, and after it.
    fn turn(&mut self) {
        let Some(last) = self.open.last_mut() else { return };
        *last = match std::mem::replace(last, Open::Array) {
            Open::Array => Open::Array,
            Open::Object(keys) => Open::Member(keys),
            Open::Member(keys) => Open::Object(keys),
        };
    }
}

impl Iterator for DuplicateKeys<'_> {
    type Item = DuplicateKey;

    fn next(&mut self) -> Option<DuplicateKey> {
        loop {
            match self.tokens.next()? {
                Token::Text(inner) => {
                    let duplicate = self.key(inner);
                    self.turn();
                    if duplicate.is_some() {
                        return duplicate;
                    }
                }
                Token::Plain(_) => self.turn(),
                Token::Open(Kind::Object) => self.open.push(Open::Object(HashMap::new())),
                Token::Open(_) => self.open.push(Open::Array),
                Token::Close => {
                    self.open.pop();
                    self.turn();
                }
            }
        }
    }
}
