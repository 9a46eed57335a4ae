//! Adapters that have no client.

use std::time::Duration;

use glimesh_conformance::driver::check::{Examined, examine};
use glimesh_mock::MockServer;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, duplex, split};

use super::{PATIENCE, answer, hello, json_of};

/// A line that is not said: the adapter leaves.
pub(super) const LEAVES: &str = "leaves";

/// Examines an adapter that has no client: it answers each request with some lines.
pub(super) async fn examine_scripted(
    lines: impl Fn(&Value) -> Vec<String> + Send + 'static,
) -> Examined {
    examine_patiently(PATIENCE, lines).await
}

pub(super) async fn examine_patiently(
    patience: Duration,
    lines: impl Fn(&Value) -> Vec<String> + Send + 'static,
) -> Examined {
    let server = MockServer::builder().in_memory().start().await.unwrap();
    let (ours, theirs) = duplex(1 << 20);
    let (from, to) = split(ours);
    let adapter = tokio::spawn(async move {
        let (requests, mut out) = split(theirs);
        let mut requests = BufReader::new(requests).lines();
        while let Some(request) = requests.next_line().await.unwrap() {
            for line in lines(&json_of(&request).unwrap()) {
                if line == LEAVES {
                    return;
                }
                out.write_all(format!("{line}\n").as_bytes()).await.unwrap();
            }
        }
    });
    let examined = examine(from, to, &server, patience, Box::new(Vec::new)).await;
    adapter.await.unwrap();
    examined
}

/// What an adapter says that is right and claims the least.
pub(super) fn right(request: &Value) -> String {
    let outcome = match request["op"].as_str() {
        Some("hello") => hello(&["join", "state"]),
        Some("bye") => json!({"ok": {}}),
        Some("join" | "state") => json!({"error": {"kind": "usage", "message": "no connection"}}),
        _ => json!({"unsupported": "no such op"}),
    };
    answer(request, outcome)
}
