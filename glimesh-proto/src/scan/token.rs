//! The grammar of strings and white space.

use std::borrow::Cow;

use super::fault::SyntaxFault;

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// The first byte from `at` on that is a quote, a backslash or a control character; else the end.
#[inline]
pub(crate) fn string_run(bytes: &[u8], mut at: usize) -> usize {
    if let Some(found) = special_in_word(bytes, at) {
        return found;
    }
    // What is longer than a word is often much longer.
    let (chunks, _) = bytes.get(at..).unwrap_or_default().as_chunks::<16>();
    let plain = |chunk: &&[u8; 16]| !chunk.iter().fold(false, |any, &byte| any | is_special(byte));
    at += 16 * chunks.iter().take_while(plain).count();
    while at + 8 <= bytes.len() {
        if let Some(found) = special_in_word(bytes, at) {
            return found;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|&byte| !is_special(byte)) {
        at += 1;
    }
    at
}

const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The first such byte among the eight from `at` on.
#[inline]
fn special_in_word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..).and_then(<[u8]>::first_chunk)?;
    let special = special_bytes(u64::from_le_bytes(*word));
    (special != 0).then(|| at + (special.trailing_zeros() / 8) as usize)
}

/// The high bit of each byte that is a quote, a backslash or below 0x20; bits above the lowest may be wrong.
const fn special_bytes(word: u64) -> u64 {
    let quote = word ^ (LOW_BITS * b'"' as u64);
    let backslash = word ^ (LOW_BITS * b'\\' as u64);
    let is_quote = quote.wrapping_sub(LOW_BITS) & !quote;
    let is_backslash = backslash.wrapping_sub(LOW_BITS) & !backslash;
    let is_control = word.wrapping_sub(LOW_BITS * 0x20) & !word;
    (is_quote | is_backslash | is_control) & HIGH_BITS
}

/// The first byte from `at` on that is not a blank, tab, line feed or carriage return.
#[inline]
pub(super) fn skip_blank(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// An escape that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadEscape {
    pub(super) fault: SyntaxFault,
    /// The first byte that cannot stand where it stands.
    pub(super) at: usize,
    /// Where the escape ends, as far as it can be told.
    pub(super) end: usize,
}

/// The end of the escape whose backslash stands at `start`; a surrogate pair is one escape.
pub(super) fn escape(bytes: &[u8], start: usize) -> Result<usize, BadEscape> {
    let bad = |at: usize| BadEscape {
        fault: SyntaxFault::BadEscape,
        at: at.min(bytes.len()),
        end: at.min(bytes.len()),
    };
    match bytes.get(start + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(start + 2),
        Some(b'u') => {
            let unit = hex_unit(bytes, start + 2).map_err(bad)?;
            surrogates(bytes, start, unit)
        }
        Some(&byte) if byte >= 0x20 => {
            let width = if byte < 0x80 { 1 } else { char_width(byte) };
            Err(BadEscape { end: start + 1 + width, ..bad(start + 1) })
        }
        _ => Err(bad(start + 1)),
    }
}

fn surrogates(bytes: &[u8], start: usize, unit: u16) -> Result<usize, BadEscape> {
    let end = start + 6;
    let lone =
        |at: usize| BadEscape { fault: SyntaxFault::LoneSurrogate, at: at.min(bytes.len()), end };
    match unit {
        0xDC00..=0xDFFF => Err(lone(start + 3)),
        0xD800..=0xDBFF => {
            let expected: [&[u8]; 4] = [b"\\", b"u", b"dD", b"cdefCDEF"];
            for (offset, allowed) in expected.into_iter().enumerate() {
                if !bytes.get(end + offset).is_some_and(|byte| allowed.contains(byte)) {
                    return Err(lone(end + offset));
                }
            }
            hex_unit(bytes, end + 2).map(|_| end + 6).map_err(lone)
        }
        _ => Ok(end),
    }
}

/// Four hexadecimal digits; else the place of the first byte that is none.
fn hex_unit(bytes: &[u8], at: usize) -> Result<u16, usize> {
    let mut unit = 0;
    for place in at..at + 4 {
        let digit = bytes.get(place).and_then(|&byte| char::from(byte).to_digit(16));
        unit = unit * 16 + digit.ok_or(place)?;
    }
    Ok(u16::try_from(unit).expect("four hexadecimal digits have 16 bits"))
}

const fn char_width(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

/// The text of a string, without its quotes and escapes. A bad escape stays as it is written.
pub(crate) fn unescape(inner: &str) -> Cow<'_, str> {
    let Some(first) = inner.find('\\') else { return Cow::Borrowed(inner) };
    let mut text = String::with_capacity(inner.len());
    text.push_str(&inner[..first]);
    let mut rest = &inner[first..];
    while !rest.is_empty() {
        let Ok(end) = escape(rest.as_bytes(), 0) else {
            text.push('\\');
            rest = until_escape(&mut text, &rest[1..]);
            continue;
        };
        text.push(escaped_char(rest.as_bytes()));
        rest = until_escape(&mut text, &rest[end..]);
    }
    Cow::Owned(text)
}

/// Takes over what stands before the next backslash.
fn until_escape<'a>(text: &mut String, rest: &'a str) -> &'a str {
    let (plain, rest) = rest.split_at(rest.find('\\').unwrap_or(rest.len()));
    text.push_str(plain);
    rest
}

/// The character of a good escape.
fn escaped_char(escape: &[u8]) -> char {
    match escape[1] {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let unit = |at| hex_unit(escape, at).ok();
            let units = [unit(2), unit(8).filter(|_| escape.get(6..8) == Some(b"\\u"))];
            let decoded = char::decode_utf16(units.into_iter().flatten()).next();
            decoded.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        other => char::from(other),
    }
}
