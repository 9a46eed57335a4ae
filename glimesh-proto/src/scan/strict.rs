//! Is it JSON, and if not, from where on? Stops at the first fault, allocates nothing up to 64 levels.
//!
//! Functions from a place to a place, so that the place stays in a register.

use super::number::number;
use super::token::{escape, skip_blank, string_run};

/// The first byte that cannot stand where it stands; the length of the text if that ends too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FaultAt(pub(crate) usize);

type Place = Result<usize, FaultAt>;

/// The first byte from `at` on that is no white space.
#[inline]
pub(crate) fn blank(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(..=b' ') => skip_blank(bytes, at),
        _ => at,
    }
}

/// After one byte that must stand at `at`.
#[inline]
pub(crate) fn byte(bytes: &[u8], at: usize, wanted: u8) -> Place {
    if bytes.get(at) == Some(&wanted) { Ok(at + 1) } else { Err(FaultAt(at)) }
}

/// Nothing but white space may follow.
#[inline]
pub(crate) fn end(bytes: &[u8], at: usize) -> Result<(), FaultAt> {
    let at = blank(bytes, at);
    if at < bytes.len() { Err(FaultAt(at)) } else { Ok(()) }
}

/// A whole text: white space, one value, white space.
pub(crate) fn text(bytes: &[u8]) -> Result<(), FaultAt> {
    end(bytes, value(bytes, blank(bytes, 0))?)
}

/// After the value that begins at `at`; quick where it is a string or `null`, as most elements of a frame are.
#[inline]
pub(crate) fn element(bytes: &[u8], at: usize) -> Place {
    match bytes.get(at) {
        Some(b'"') => string(bytes, at),
        Some(b'n') => literal(bytes, at, *b"null"),
        _ => value(bytes, at),
    }
}

/// After the value that begins at `at`, whatever is in it.
pub(crate) fn value(bytes: &[u8], mut at: usize) -> Place {
    let mut open = BitStack::new();
    loop {
        let (bracket, in_object) = match bytes.get(at) {
            Some(b'{') => (b'}', true),
            Some(b'[') => (b']', false),
            Some(b'"') => {
                at = string(bytes, at)?;
                match close(bytes, at, &mut open)? {
                    Next::Value(next) => at = next,
                    Next::End(end) => return Ok(end),
                }
                continue;
            }
            _ => {
                at = scalar(bytes, at)?;
                match close(bytes, at, &mut open)? {
                    Next::Value(next) => at = next,
                    Next::End(end) => return Ok(end),
                }
                continue;
            }
        };
        at = blank(bytes, at + 1);
        if bytes.get(at) == Some(&bracket) {
            match close(bytes, at + 1, &mut open)? {
                Next::Value(next) => at = next,
                Next::End(end) => return Ok(end),
            }
        } else {
            open.push(in_object);
            if in_object {
                at = key(bytes, at)?;
            }
        }
    }
}

/// What comes after a value and the brackets that close behind it.
enum Next {
    /// Another value, from here on.
    Value(usize),
    /// Nothing: the outermost value has ended here.
    End(usize),
}

/// Goes over what closes at `at`, and over the comma and the key before the next value.
#[inline]
fn close(bytes: &[u8], mut at: usize, open: &mut BitStack) -> Result<Next, FaultAt> {
    while let Some(in_object) = open.top() {
        at = blank(bytes, at);
        match (bytes.get(at), in_object) {
            (Some(b','), true) => {
                return key(bytes, blank(bytes, at + 1)).map(Next::Value);
            }
            (Some(b','), false) => return Ok(Next::Value(blank(bytes, at + 1))),
            (Some(b'}'), true) | (Some(b']'), false) => {
                at += 1;
                open.pop();
            }
            _ => return Err(FaultAt(at)),
        }
    }
    Ok(Next::End(at))
}

/// After a key, its colon, and white space.
#[inline]
fn key(bytes: &[u8], at: usize) -> Place {
    let (_, value) = key_and_value(bytes, at)?;
    Ok(value)
}

/// After a key's closing quote; and where its value begins.
#[inline]
pub(crate) fn key_and_value(bytes: &[u8], at: usize) -> Result<(usize, usize), FaultAt> {
    if bytes.get(at) != Some(&b'"') {
        return Err(FaultAt(at));
    }
    let end = string(bytes, at)?;
    let colon = byte(bytes, blank(bytes, end), b':')?;
    Ok((end, blank(bytes, colon)))
}

/// After the string whose opening quote stands at `opening`.
#[inline]
fn string(bytes: &[u8], opening: usize) -> Place {
    let mut at = opening + 1;
    loop {
        at = string_run(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape(bytes, at).map_err(|bad| FaultAt(bad.at))?,
            _ => return Err(FaultAt(at)),
        }
    }
}

fn scalar(bytes: &[u8], at: usize) -> Place {
    match bytes.get(at) {
        Some(b'n') => literal(bytes, at, *b"null"),
        Some(b't') => literal(bytes, at, *b"true"),
        Some(b'f') => literal(bytes, at, *b"false"),
        Some(b'-' | b'0'..=b'9') => number(bytes, at).map_err(|bad| FaultAt(bad.at)),
        _ => Err(FaultAt(at)),
    }
}

#[inline]
fn literal<const N: usize>(bytes: &[u8], at: usize, word: [u8; N]) -> Place {
    let rest = &bytes[at..];
    if rest.first_chunk() == Some(&word) {
        return Ok(at + N);
    }
    let same = rest.iter().zip(word).take_while(|&(&found, wanted)| found == wanted).count();
    Err(FaultAt(at + same))
}

/// Which brackets are open, one bit each: set for an object. The first 64 live in place.
#[derive(Debug)]
struct BitStack {
    depth: usize,
    /// The innermost ones, the last in the lowest bit.
    recent: u64,
    older: Vec<u64>,
}

impl BitStack {
    const fn new() -> Self {
        Self { depth: 0, recent: 0, older: Vec::new() }
    }

    #[inline]
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.older.push(self.recent);
        }
        self.recent = self.recent << 1 | u64::from(is_object);
        self.depth += 1;
    }

    #[inline]
    fn pop(&mut self) {
        self.depth -= 1;
        self.recent >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.recent = self.older.pop().unwrap_or_default();
        }
    }

    #[inline]
    const fn top(&self) -> Option<bool> {
        if self.depth == 0 { None } else { Some(self.recent & 1 == 1) }
    }
}
