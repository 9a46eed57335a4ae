//! `driver check` finds nothing wrong with the adapters of `examples/drivers`, and explains what is wrong with one that
//! is bent.
//!
//! The adapter in Rust is always there; those in JavaScript and Python are installed by `.ci/run`, which sets
//! `GLIMESH_JUDGE_NODE` and `GLIMESH_JUDGE_PYTHON`.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers are tests, too")]

mod bent;
mod claims;
mod command;
mod events;
mod explained;
mod right;
mod scripted;
mod without_a_server;

use std::time::Duration;

use serde_json::{Value, json};

const PREFIX: &str = "@gck ";

/// How long a reply may take, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

fn hello(ops: &[&str]) -> Value {
    let client = json!({"name": "scripted", "version": "1", "language": "rust"});
    json!({"ok": {"protocol": 1, "client": client, "ops": ops}})
}

fn answer(request: &Value, outcome: Value) -> String {
    let mut line = json!({"id": request["id"]});
    line.as_object_mut().unwrap().extend(outcome.as_object().unwrap().clone());
    said(&line)
}

fn said(line: &Value) -> String {
    format!("{PREFIX}{line}")
}

/// What a line of the protocol holds.
fn json_of(line: &str) -> Option<Value> {
    serde_json::from_str(line.strip_prefix(PREFIX)?).ok()
}
