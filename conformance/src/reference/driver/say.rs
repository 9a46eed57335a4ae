//! Lines as they go out.

use std::io::{self, Write as _};

use serde_json::{Map, Value, json};

use crate::driver::PREFIX;

/// It was done.
pub(super) fn ok(id: u64, ok: Value) {
    let ok = if ok.is_object() { ok } else { Value::Object(Map::new()) };
    say(&json!({"id": id, "ok": ok}));
}

/// It was tried, and failed.
pub(super) fn failed(id: u64, kind: &str, message: &str, detail: Value) {
    let detail = if detail.is_object() { detail } else { json!({}) };
    say(&json!({"id": id, "error": {"kind": kind, "message": message, "detail": detail}}));
}

/// It failed because the connection is gone.
pub(super) fn closed(id: u64) {
    failed(id, "closed", "the connection is gone", json!({}));
}

/// There is nothing for it.
pub(super) fn unsupported(id: u64, why: &str) {
    say(&json!({"id": id, "unsupported": why}));
}

/// A line of the protocol.
pub(super) fn say(line: &Value) {
    print(&format!("{PREFIX}{line}"));
}

/// Any line.
pub(super) fn print(line: &str) {
    let mut out = io::stdout().lock();
    // Nobody may be reading; then standard input ends, too.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
