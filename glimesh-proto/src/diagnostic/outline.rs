//! The uppermost layer of a JSON text that is known to be well formed: kinds, places, members.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::report::Span;

/// No more elements or members than this are kept; the rest are counted.
const KEPT: usize = 256;

/// A JSON value as it stands in the text.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) raw: &'a str,
    pub(crate) span: Span,
}

/// The elements of an array.
#[derive(Debug)]
pub(crate) struct Elements<'a> {
    pub(crate) kept: Vec<Node<'a>>,
    pub(crate) count: usize,
}

/// A member of an object; the key's node is the string with its quotes.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub(crate) key: Node<'a>,
    pub(crate) name: String,
    pub(crate) value: Node<'a>,
}

impl<'a> Node<'a> {
    /// The whole text as one value; `None` if it is not JSON.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        Some(Self::within(raw.get(), text, 0))
    }

    /// `part` is a slice of `whole`, which stands at `offset`.
    fn within(part: &'a str, whole: &str, offset: usize) -> Self {
        let start = offset + (part.as_ptr() as usize - whole.as_ptr() as usize);
        Self { raw: part, span: start..start + part.len() }
    }

    /// What kind of value it is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self.raw.as_bytes().first() {
            Some(b'"') => "a string",
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }

    pub(crate) fn is_string(&self) -> bool {
        self.raw.starts_with('"')
    }

    pub(crate) fn is_object(&self) -> bool {
        self.raw.starts_with('{')
    }

    pub(crate) fn is_array(&self) -> bool {
        self.raw.starts_with('[')
    }

    pub(crate) fn is_null(&self) -> bool {
        self.raw == "null"
    }

    /// The string's text; `None` for other kinds.
    pub(crate) fn text(&self) -> Option<String> {
        self.is_string().then(|| serde_json::from_str(self.raw).ok()).flatten()
    }

    /// The array's elements; `None` for other kinds.
    pub(crate) fn elements(&self) -> Option<Elements<'a>> {
        let Layer { kept, count } = self.layer(self.is_array())?;
        let kept = kept.into_iter().map(|(_, value)| self.part(value)).collect();
        Some(Elements { kept, count })
    }

    /// The object's members, in the order of the text, doubled ones included; `None` for other kinds.
    pub(crate) fn members(&self) -> Option<Vec<Member<'a>>> {
        let member = |(key, value): (Option<&'a RawValue>, _)| {
            let key = self.part(key?);
            Some(Member { name: key.text()?, key, value: self.part(value) })
        };
        self.layer(self.is_object())?.kept.into_iter().map(member).collect()
    }

    fn part(&self, raw: &'a RawValue) -> Self {
        Self::within(raw.get(), self.raw, self.span.start)
    }

    fn layer(&self, fits: bool) -> Option<Layer<'a>> {
        fits.then(|| serde_json::from_str(self.raw).ok()).flatten()
    }
}

/// What an array or object holds, with the keys that an object has.
struct Layer<'a> {
    kept: Vec<(Option<&'a RawValue>, &'a RawValue)>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Layer<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LayerVisitor)
    }
}

struct LayerVisitor;

impl<'de> Visitor<'de> for LayerVisitor {
    type Value = Layer<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut layer = Layer { kept: Vec::new(), count: 0 };
        while layer.count < KEPT {
            let Some(element) = seq.next_element()? else { return Ok(layer) };
            layer.kept.push((None, element));
            layer.count += 1;
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            layer.count += 1;
        }
        Ok(layer)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut layer = Layer { kept: Vec::new(), count: 0 };
        while layer.count < KEPT {
            let Some((key, value)) = map.next_entry()? else { return Ok(layer) };
            layer.kept.push((Some(key), value));
            layer.count += 1;
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            layer.count += 1;
        }
        Ok(layer)
    }
}
