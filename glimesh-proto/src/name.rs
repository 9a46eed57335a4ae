//! A topic or an event.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use crate::json::Json;
use crate::print;
use crate::scan::Kind;
use crate::scan::token::unescape;

/// A topic or an event: text; or, as the real server allows, another JSON value.
///
/// It reads as the text. What is no text reads as its JSON, which equals no word of the protocol: the number 5 as
/// `5`, and an object as `{}`.
///
/// Source: recordings `frame/topic_*` and `frame/event_*`, rule 12.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    text: Box<str>,
    kind: Kind,
}

impl Name {
    /// A topic or event that is any JSON value.
    pub fn from_json(json: &Json) -> Self {
        Self::of_json(json.as_str())
    }

    /// The name in a text that is known to be JSON.
    pub(crate) fn of_json(json: &str) -> Self {
        let inner = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match inner {
            Some(inner) => unescape(inner).into(),
            None => {
                let json = Json::of_json(json);
                Self { text: json.as_str().into(), kind: json.kind() }
            }
        }
    }

    /// The text, or the JSON of what is none.
    pub const fn as_str(&self) -> &str {
        &self.text
    }

    /// What kind of JSON value it is; [`Kind::String`], as it should be, or another one.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn push_to(&self, out: &mut String) {
        match self.kind {
            Kind::String => print::push_text(out, &self.text),
            _ => out.push_str(&self.text),
        }
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self { text: text.into(), kind: Kind::String }
    }
}

impl From<Cow<'_, str>> for Name {
    fn from(text: Cow<'_, str>) -> Self {
        Self { text: text.into(), kind: Kind::String }
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Cow::<str>::Owned(text).into()
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.kind == Kind::String && *self.text == *other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq<Name> for String {
    fn eq(&self, other: &Name) -> bool {
        *other == **self
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::String => write!(f, "{:?}", &*self.text),
            _ => f.write_str(&self.text),
        }
    }
}
