//! The way from what a JSON string says back to how it is written.

use std::ops::Range;

/// What a JSON string says, with the place in the writing of every byte of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unescaped {
    /// What the string says.
    pub(super) text: String,
    /// For each byte of `text`, and for its end, where in the writing it comes from.
    from: Vec<u32>,
}

impl Unescaped {
    /// Reads what stands between a string's quotes; what is no escape is taken as it is. `None` beyond 4 GiB.
    pub(super) fn read(inside: &str) -> Option<Self> {
        u32::try_from(inside.len()).ok()?;
        let mut read = Self {
            text: String::with_capacity(inside.len()),
            from: Vec::with_capacity(inside.len() + 1),
        };
        let mut at = 0;
        while let Some(next) = inside[at..].chars().next() {
            let (said, len) = match next {
                '\\' => escape(&inside[at..]),
                plain => (plain, plain.len_utf8()),
            };
            read.text.push(said);
            read.from.resize(read.text.len(), at as u32);
            at += len;
        }
        read.from.push(at as u32);
        Some(read)
    }

    /// Where a part of the text stands in the writing.
    pub(super) fn origin(&self, span: &Range<usize>) -> Range<usize> {
        let last = self.from.len().saturating_sub(1);
        let at = |byte: usize| self.from.get(byte.min(last)).map_or(0, |&at| at as usize);
        at(span.start)..at(span.end).max(at(span.start))
    }
}

/// What the escape says that the text begins with, and its length.
fn escape(text: &str) -> (char, usize) {
    let simple = match text.as_bytes().get(1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(text).unwrap_or(('\u{fffd}', 2)),
        _ => return ('\\', 1),
    };
    (simple, 2)
}

fn unicode(text: &str) -> Option<(char, usize)> {
    let high = unit(text)?;
    if let Some(plain) = char::from_u32(high) {
        return Some((plain, 6));
    }
    let rest = text.get(6..)?;
    let low = rest.starts_with("\\u").then(|| unit(rest)).flatten()?;
    if !(0xd800..0xdc00).contains(&high) || !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    Some((char::from_u32(code)?, 12))
}

fn unit(text: &str) -> Option<u32> {
    let digits = text.get(2..6).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back_through_escapes() {
        let inside = r#"a\"\u00e9\ud83d\ude00b"#;
        let read = Unescaped::read(inside).unwrap();
        assert_eq!(read.text, "a\"é😀b");
        assert_eq!(&inside[read.origin(&(1..2))], r#"\""#);
        assert_eq!(&inside[read.origin(&(2..4))], r"\u00e9");
        assert_eq!(&inside[read.origin(&(4..8))], r"\ud83d\ude00");
        assert_eq!(&inside[read.origin(&(8..9))], "b");
        assert_eq!(read.origin(&(9..9)), inside.len()..inside.len());
    }

    #[test]
    fn what_is_no_escape_is_taken_as_it_is() {
        for text in [r"\", r"\x", r"\u12", r"\ud800", r"\ud800\u0041", "é\\"] {
            let read = Unescaped::read(text).unwrap();
            assert_eq!(read.origin(&(0..read.text.len())), 0..text.len());
        }
    }
}
