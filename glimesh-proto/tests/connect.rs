//! The upgrade requests of the recordings, as far as the target alone decides about them.

use std::path::Path;

use glimesh_proto::connect::{ConnectRequest, Credential, Endpoint, Refusal};
use glimesh_proto::names;
use serde_json::Value;

/// Credentials that the recorded server knew.
const KNOWN: [&str; 5] = [
    "tok_mytho_chat",
    "tok_mytho_noscope",
    "tok with space+plus/slash=",
    "4d4e4f50-0001-4000-8000-000000000001",
    "4d4e4f50-0002-4000-8000-000000000002",
];

#[test]
fn targets_are_read_as_the_recorded_server_read_them() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recordings/connect.jsonl");
    let records = std::fs::read_to_string(path).unwrap();
    let mut judged = 0;
    for line in records.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let (id, step) = (record["id"].as_str().unwrap(), &record["steps"][0]);
        // Headers, methods and whole requests are the mock's affair, and so is a list where `vsn` should be.
        let only_the_target =
            ["headers", "method", "raw_http", "http", "body"].iter().all(|key| step[key].is_null());
        if !only_the_target || id == "connect/vsn_array" {
            continue;
        }
        let path = step["path"].as_str().unwrap_or(names::GRAPH_PATH);
        let target = format!("{path}?{}", step["query"].as_str().unwrap());
        let found = match ConnectRequest::parse(&target) {
            Ok(request) => {
                let (Credential::Token(value) | Credential::ClientId(value)) = &request.credential;
                let known = KNOWN.iter().any(|known| known.eq_ignore_ascii_case(value));
                let case_counts = matches!(request.credential, Credential::Token(_));
                if known && (!case_counts || KNOWN.contains(&value.as_str())) { 101 } else { 403 }
            }
            // Below /api the answer comes from the HTTP API.
            Err(Refusal::UnknownPath { path }) if path.starts_with("/api") => 401,
            Err(refusal) => refusal.status(),
        };
        assert_eq!(u64::from(found), record["events"][0]["status"], "{id}: {target}");
        judged += 1;
    }
    assert!(judged > 50, "only {judged} records");
}

#[test]
fn a_target_is_read_as_it_was_written() {
    for credential in ["tok", "a+b/c=d&e%20f ü", ""] {
        let request = ConnectRequest {
            endpoint: Endpoint::Socket,
            vsn: glimesh_proto::connect::Vsn::V1,
            credential: Credential::Token(credential.to_owned()),
        };
        assert_eq!(ConnectRequest::parse(&request.target()), Ok(request));
    }
}
