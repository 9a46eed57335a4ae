//! JSON as the real server prints it: no blanks, sorted keys, Erlang's floats.
//!
//! Source: Jason 1.4.0, `lib/encode.ex`; Erlang/OTP 25, `erts/emulator/ryu/d2s.c`, `to_chars`; recordings
//! `heartbeat/ref_*`, rule 12. Erlang sorts the keys of maps of up to 32 members; larger ones it keeps in an
//! order of its own, which is not imitated.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use crate::scan::Kind;
use crate::scan::token::{string_run, unescape};
use crate::scan::tokens::{Token, Tokens};

/// Appends a value. Recurses as deep as the value goes, as dropping it will do, too.
pub(crate) fn push_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => push_float(out, float),
            None => push_formatted(out, format_args!("{number}")),
        },
        Value::String(text) => push_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                push_comma(out, index);
                push_value(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (key, member)) in members.iter().enumerate() {
                push_comma(out, index);
                push_text(out, key);
                out.push(':');
                push_value(out, member);
            }
            out.push('}');
        }
    }
}

fn push_comma(out: &mut String, index: usize) {
    if index > 0 {
        out.push(',');
    }
}

/// Appends a string, with its quotes.
pub(crate) fn push_text(out: &mut String, text: &str) {
    out.push('"');
    push_escaped(out, text);
    out.push('"');
}

fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    loop {
        let at = string_run(rest.as_bytes(), 0);
        out.push_str(&rest[..at]);
        let Some(special) = rest.as_bytes().get(at) else { return };
        match special {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            0x09 => out.push_str("\\t"),
            0x0a => out.push_str("\\n"),
            0x0c => out.push_str("\\f"),
            0x0d => out.push_str("\\r"),
            control => push_formatted(out, format_args!("\\u{control:04X}")),
        }
        rest = &rest[at + 1..];
    }
}

fn push_formatted(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a String cannot fail");
}

/// Appends a text that is JSON, printed anew; of duplicate keys the first stays.
///
/// Source of the last: recordings, rule 11.
pub(crate) fn push_reprinted(out: &mut String, json: &str) {
    match Tokens::of_json(json).next() {
        Some(Token::Text(text)) => push_reprinted_text(out, text),
        Some(Token::Plain(plain)) => push_plain(out, plain),
        _ => push_reprinted_nodes(out, json),
    }
}

fn push_reprinted_nodes(out: &mut String, json: &str) {
    let nodes = nodes(json);
    let mut work = vec![Work::Value { node: 0, comma: false }];
    while let Some(next) = work.pop() {
        match next {
            Work::Close(bracket) => out.push(bracket),
            Work::Value { node, comma } => {
                if comma {
                    out.push(',');
                }
                let Some(node) = nodes.get(node) else { continue };
                if let Some(key) = node.key {
                    push_reprinted_text(out, key);
                    out.push(':');
                }
                push_node(out, &nodes, node, &mut work);
            }
        }
    }
}

/// What is still to be printed; a stack of it stands for recursion.
enum Work {
    Value { node: usize, comma: bool },
    Close(char),
}

fn push_node(out: &mut String, nodes: &[Node<'_>], node: &Node<'_>, work: &mut Vec<Work>) {
    let (open, close) = match node.token {
        Token::Text(text) => return push_reprinted_text(out, text),
        Token::Plain(plain) => return push_plain(out, plain),
        Token::Open(Kind::Object) => ('{', '}'),
        Token::Open(_) | Token::Close => ('[', ']'),
    };
    out.push(open);
    work.push(Work::Close(close));
    let first_child = work.len();
    let mut child = node.first_child;
    while let Some(at) = child {
        work.push(Work::Value { node: at, comma: true });
        child = nodes[at].next;
    }
    if open == '{' {
        sort_members(nodes, work, first_child);
    }
    if let Some(Work::Value { comma, .. }) = work.get_mut(first_child) {
        *comma = false;
    }
    work[first_child..].reverse();
}

/// Sorts the members from `first` on by their keys, and keeps the first of equal ones.
fn sort_members(nodes: &[Node<'_>], work: &mut Vec<Work>, first: usize) {
    let key = |work: &Work| match work {
        Work::Value { node, .. } => unescape(nodes[*node].key.unwrap_or_default()),
        Work::Close(_) => Cow::Borrowed(""),
    };
    if !work[first..].is_sorted_by(|a, b| key(a) < key(b)) {
        let mut members = work.split_off(first);
        members.sort_by_cached_key(&key);
        members.dedup_by(|later, earlier| key(later) == key(earlier));
        work.append(&mut members);
    }
}

/// One value of a text, and where its relatives are.
struct Node<'a> {
    key: Option<&'a str>,
    token: Token<'a>,
    first_child: Option<usize>,
    next: Option<usize>,
}

fn nodes(json: &str) -> Vec<Node<'_>> {
    let mut nodes: Vec<Node<'_>> = Vec::new();
    // The open arrays and objects, each with its last child.
    let mut open: Vec<(usize, Option<usize>)> = Vec::new();
    let mut key = None;
    for token in Tokens::of_json(json) {
        if token == Token::Close {
            open.pop();
            continue;
        }
        let in_object = open
            .last()
            .is_some_and(|&(parent, _)| nodes[parent].token == Token::Open(Kind::Object));
        if let (Token::Text(text), true, None) = (token, in_object, key) {
            key = Some(text);
            continue;
        }
        let at = nodes.len();
        if let Some((parent, last)) = open.last_mut() {
            match last.replace(at) {
                None => nodes[*parent].first_child = Some(at),
                Some(last) => nodes[last].next = Some(at),
            }
        }
        nodes.push(Node { key: key.take(), token, first_child: None, next: None });
        if matches!(token, Token::Open(_)) {
            open.push((at, None));
        }
    }
    nodes
}

fn push_reprinted_text(out: &mut String, written: &str) {
    push_text(out, &unescape(written));
}

fn push_plain(out: &mut String, plain: &str) {
    if plain == "-0" {
        out.push('0');
    } else if plain.starts_with(|first: char| first.is_ascii_alphabetic())
        || !plain.contains(['.', 'e', 'E'])
    {
        // A literal; or an integer, of which Erlang's may have any number of digits.
        out.push_str(plain);
    } else {
        push_float(out, plain.parse().unwrap_or_default());
    }
}

/// Appends a finite double in its shortest form, and in the shorter of two notations.
fn push_float(out: &mut String, float: f64) {
    if float == 0.0 {
        return out.push_str(if float.is_sign_negative() { "-0.0" } else { "0.0" });
    }
    // Beyond 2^53 not every integer is a double, so Erlang does not print them as if they were.
    let is_large = float.abs() >= 9_007_199_254_740_992.0;
    if float.abs() > 1.0 && float.fract() != 0.0 && !is_large {
        // With the point between two digits the fixed notation is always the shorter one.
        return push_formatted(out, format_args!("{float}"));
    }
    let scientific = format!("{:e}", float.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let point: i32 = exponent.parse::<i32>().unwrap_or_default() + 1;
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let fixed = if point <= 0 {
        format!("0.{}{digits}", zeros(point.saturating_neg().min(20)))
    } else {
        format!("{digits}{}.0", zeros((point - length).min(20)))
    };
    let fraction = if length == 1 { "0" } else { &digits[1..] };
    let scientific = format!("{}.{fraction}e{exponent}", &digits[..1]);
    if float < 0.0 {
        out.push('-');
    }
    let is_fixed = fixed.len() <= scientific.len() && !is_large;
    out.push_str(if is_fixed { &fixed } else { &scientific });
}
