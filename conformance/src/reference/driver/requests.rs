//! Requests as they come in.

use std::io;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::How;
use super::say::{ok, unsupported};
use crate::driver::{PREFIX, Request};

/// How many requests may wait.
const WAITING: usize = 16;

/// The requests on standard input, until its end. A thread reads them: nothing else can be given up in the middle of a
/// read.
pub(super) fn read(how: Option<How>) -> mpsc::Receiver<Request> {
    let (sender, requests) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            let Some(text) = line.strip_prefix(PREFIX) else { continue };
            let Ok(request) = serde_json::from_str(text) else {
                unknown(how, text);
                continue;
            };
            if sender.blocking_send(request).is_err() {
                return;
            }
        }
    });
    requests
}

/// A request of a later version of the protocol.
fn unknown(how: Option<How>, text: &str) {
    let request: Value = serde_json::from_str(text).unwrap_or_default();
    let Some(id) = request["id"].as_u64() else { return };
    match how {
        Some(How::AgreesToAnything) => ok(id, json!({})),
        _ => unsupported(id, "this adapter does not know it"),
    }
}
