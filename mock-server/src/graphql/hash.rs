//! The hash in a subscription's id: SHA-256 of the document and its variables in Erlang's external term format.
//!
//! Source: recordings, rule 27; Erlang/OTP 25, "External Term Format".

use serde_json::{Map, Number, Value};
use sha2::{Digest as _, Sha256};

const VERSION: u8 = 131;
const SMALL_TUPLE: u8 = 104;
const BINARY: u8 = 109;
const MAP: u8 = 116;
const SMALL_INTEGER: u8 = 97;
const INTEGER: u8 = 98;
const SMALL_BIG: u8 = 110;
const FLOAT: u8 = 70;
const ATOM: u8 = 100;
const NIL: u8 = 106;
const STRING: u8 = 107;
const LIST: u8 = 108;

/// Upper-case hex.
pub(super) fn hash(query: &str, variables: &Map<String, Value>) -> String {
    let mut term = vec![VERSION, SMALL_TUPLE, 2];
    binary(&mut term, query);
    map(&mut term, variables);
    hex::encode_upper(Sha256::digest(&term))
}

fn encode(term: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => atom(term, "nil"),
        Value::Bool(true) => atom(term, "true"),
        Value::Bool(false) => atom(term, "false"),
        Value::Number(number) => encode_number(term, number),
        Value::String(text) => binary(term, text),
        Value::Array(items) => list(term, items),
        Value::Object(object) => map(term, object),
    }
}

fn encode_number(term: &mut Vec<u8>, number: &Number) {
    match (number.as_i64(), number.as_u64()) {
        (Some(integer), _) => encode_integer(term, integer),
        (None, Some(big)) => encode_big(term, false, big),
        (None, None) => {
            term.push(FLOAT);
            term.extend(number.as_f64().unwrap_or_default().to_be_bytes());
        }
    }
}

fn encode_integer(term: &mut Vec<u8>, integer: i64) {
    if let Ok(byte) = u8::try_from(integer) {
        term.extend([SMALL_INTEGER, byte]);
    } else if let Ok(small) = i32::try_from(integer) {
        term.push(INTEGER);
        term.extend(small.to_be_bytes());
    } else {
        encode_big(term, integer < 0, integer.unsigned_abs());
    }
}

fn encode_big(term: &mut Vec<u8>, negative: bool, magnitude: u64) {
    let bytes = magnitude.to_le_bytes();
    let len = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let shown = u8::try_from(len).expect("there are eight bytes");
    term.extend([SMALL_BIG, shown, u8::from(negative)]);
    term.extend(&bytes[..len]);
}

fn atom(term: &mut Vec<u8>, name: &str) {
    let len = u8::try_from(name.len()).expect("our atoms are short");
    term.extend([ATOM, 0, len]);
    term.extend(name.as_bytes());
}

fn binary(term: &mut Vec<u8>, text: &str) {
    term.push(BINARY);
    length(term, text.len());
    term.extend(text.as_bytes());
}

/// Erlang keeps a list of bytes as a string.
fn list(term: &mut Vec<u8>, items: &[Value]) {
    if items.is_empty() {
        return term.push(NIL);
    }
    let byte = |item: &Value| item.as_u64().and_then(|integer| u8::try_from(integer).ok());
    let bytes: Option<Vec<u8>> = items.iter().map(byte).collect();
    match (bytes, u16::try_from(items.len())) {
        (Some(bytes), Ok(len)) => {
            term.push(STRING);
            term.extend(len.to_be_bytes());
            term.extend(bytes);
        }
        _ => {
            term.push(LIST);
            length(term, items.len());
            for item in items {
                encode(term, item);
            }
            term.push(NIL);
        }
    }
}

/// The keys are in byte order already.
fn map(term: &mut Vec<u8>, object: &Map<String, Value>) {
    term.push(MAP);
    length(term, object.len());
    for (key, value) in object {
        binary(term, key);
        encode(term, value);
    }
}

fn length(term: &mut Vec<u8>, len: usize) {
    term.extend(u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the document, "Joining Chat".
    #[test]
    fn the_document_s_own_example_has_its_hash() {
        let query =
            "subscription{ chatMessage(channelId: 6) { user { username avatar } message } }";
        let expected = "33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D";
        assert_eq!(hash(query, &Map::new()), expected);
    }
}
