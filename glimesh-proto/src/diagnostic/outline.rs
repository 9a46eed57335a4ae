//! The uppermost layer of a JSON text that is known to be well formed: kinds, places, members.

use super::report::Span;
use crate::scan::Kind;
use crate::scan::strict::{self, blank, element, key_and_value};
use crate::scan::token::unescape;

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
        strict::text(text.as_bytes()).ok()?;
        Some(Self::within(text.trim_matches([' ', '\t', '\r', '\n']), text, 0))
    }

    /// `part` is a slice of `whole`, which stands at `offset`.
    fn within(part: &'a str, whole: &str, offset: usize) -> Self {
        let start = offset + (part.as_ptr() as usize - whole.as_ptr() as usize);
        Self { raw: part, span: start..start + part.len() }
    }

    /// What kind of value it is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        self.raw.bytes().next().map_or(Kind::Null, Kind::of_first_byte).with_article()
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
        let inner = self.raw.strip_prefix('"')?.strip_suffix('"')?;
        Some(unescape(inner).into_owned())
    }

    /// The array's elements; `None` for other kinds.
    pub(crate) fn elements(&self) -> Option<Elements<'a>> {
        let Layer { kept, count } = self.layer(self.is_array())?;
        let kept = kept.into_iter().map(|(_, value)| self.part(value)).collect();
        Some(Elements { kept, count })
    }

    /// The object's members, in the order of the text, doubled ones included; `None` for other kinds.
    pub(crate) fn members(&self) -> Option<Vec<Member<'a>>> {
        let member = |(key, value): (Option<&'a str>, _)| {
            let key = self.part(key?);
            Some(Member { name: key.text()?, key, value: self.part(value) })
        };
        self.layer(self.is_object())?.kept.into_iter().map(member).collect()
    }

    fn part(&self, raw: &'a str) -> Self {
        Self::within(raw, self.raw, self.span.start)
    }

    fn layer(&self, fits: bool) -> Option<Layer<'a>> {
        fits.then(|| Layer::of(self.raw, self.is_object())).flatten()
    }
}

/// What an array or object holds, with the keys that an object has.
#[derive(Default)]
struct Layer<'a> {
    kept: Vec<(Option<&'a str>, &'a str)>,
    count: usize,
}

impl<'a> Layer<'a> {
    /// `None` if the text is no array or object after all.
    fn of(raw: &'a str, is_object: bool) -> Option<Self> {
        let bytes = raw.as_bytes();
        let mut layer = Self::default();
        let mut at = blank(bytes, 1);
        if let Some(b']' | b'}') = bytes.get(at) {
            return Some(layer);
        }
        loop {
            let (key, start) = match is_object {
                true => {
                    let (key_end, value) = key_and_value(bytes, at).ok()?;
                    (Some(raw.get(at..key_end)?), value)
                }
                false => (None, at),
            };
            let end = element(bytes, start).ok()?;
            if layer.count < KEPT {
                layer.kept.push((key, raw.get(start..end)?));
            }
            layer.count += 1;
            at = blank(bytes, end);
            if bytes.get(at) != Some(&b',') {
                return Some(layer);
            }
            at = blank(bytes, at + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::scan;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..7).prop_map(Value::from),
                prop::collection::hash_map("\\PC{0,3}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_parts_stand_where_the_scanner_sees_them(value in value(), pretty in any::<bool>()) {
            let text = if pretty { format!(" {value:#}\n") } else { value.to_string() };
            let found = scan(&text);
            let root = Node::of(&text).expect("it is JSON");
            prop_assert_eq!(Some(root.span.clone()), found.root.map(|root| root.span.range()));
            if let Some(elements) = root.elements() {
                prop_assert_eq!(elements.count, found.count);
                for (ours, theirs) in elements.kept.iter().zip(&found.elements) {
                    prop_assert_eq!(&ours.span, &theirs.span.range());
                    prop_assert_eq!(ours.kind(), theirs.kind.with_article());
                }
            }
            for (ours, theirs) in root.members().unwrap_or_default().iter().zip(&found.members) {
                prop_assert_eq!(&ours.key.span, &theirs.key.range());
                prop_assert_eq!(&ours.value.span, &theirs.value.span.range());
                prop_assert!(value.get(&ours.name).is_some());
            }
        }
    }
}
