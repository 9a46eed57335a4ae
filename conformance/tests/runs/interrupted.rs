//! Whenever a run is interrupted, a correct client is asked to stop in the middle of something: that fails nobody.
//! The real run that this begins with keeps to the published form of results, too.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};

use glimesh_conformance::check::{Capability, catalogue};
use glimesh_conformance::judge;
use glimesh_conformance::results::Verdict;
use glimesh_conformance::session::Session;
use glimesh_conformance::suite;
use glimesh_mock::transcript::{Entry, From, ProcessEvent, Transcript, What};

#[test]
fn a_correct_client_that_is_stopped_at_any_moment_fails_nothing() {
    let report = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_glimesh-conformance"))
        .args(["run", "--report-dir"])
        .arg(report.path())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(run.success());
    assert_keeps_to_the_schema(&report.path().join("results.json"));
    let mut sessions = 0;
    for file in std::fs::read_dir(report.path().join("transcripts")).unwrap() {
        let file = BufReader::new(File::open(file.unwrap().path()).unwrap());
        let whole = Transcript::read(file).unwrap();
        let end = whole.entries.iter().position(is_stop).unwrap();
        for length in 0..end {
            check(&whole, length);
        }
        sessions += 1;
    }
    assert_eq!(sessions, suite::SESSIONS.len());
}

/// The results of a real run keep to their published form.
fn assert_keeps_to_the_schema(results: &Path) {
    let read = |path: &Path| {
        serde_json::from_slice(&std::fs::read(path).expect("it can be read")).expect("it is JSON")
    };
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let validator = jsonschema::validator_for(&read(&fixtures.join("results.schema.json")))
        .expect("the schema is one");
    let results: serde_json::Value = read(results);
    let complaints: Vec<_> = validator.iter_errors(&results).map(|one| one.to_string()).collect();
    assert_eq!(complaints, Vec::<String>::new());
}

#[track_caller]
fn check(whole: &Transcript, length: usize) {
    let sessions = [Session::new(stopped_after(whole, length))];
    for finding in judge::judge(&sessions, &catalogue(), &Capability::ALL) {
        let harmless =
            !matches!(finding.verdict, Verdict::Fail | Verdict::Weak | Verdict::KitError);
        let (id, actual) = (&finding.id, &finding.actual);
        assert!(harmless, "{id} in {} after {length} entries: {actual}", whole.header.session);
    }
}

/// The same session, if the client had been asked to stop after so many entries.
fn stopped_after(whole: &Transcript, length: usize) -> Transcript {
    let mut entries = whole.entries[..length].to_vec();
    let at = entries.last().map(|entry| entry.at).unwrap_or_default();
    let conn = entries.iter().rev().find_map(|entry| entry.conn);
    let mut add = |conn, what| entries.push(Entry { at, conn, what });
    add(None, What::Process { event: ProcessEvent::Stop { signal: "SIGTERM".to_owned() } });
    if conn.is_some() {
        add(conn, What::Close { from: From::Client, code: Some(1000), reason: String::new() });
        add(conn, What::Eof { from: From::Client, reset: false });
    }
    add(None, What::Process { event: ProcessEvent::Exited { status: Some(0), signal: None } });
    Transcript { header: whole.header.clone(), entries }
}

fn is_stop(entry: &Entry) -> bool {
    matches!(entry.what, What::Process { event: ProcessEvent::Stop { .. } })
}
