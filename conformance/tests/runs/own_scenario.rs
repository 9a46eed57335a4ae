//! A scenario of the user's own, in place of the suite.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const KIT: &str = env!("CARGO_BIN_EXE_glimesh-conformance");

/// The channel crashes; a client has to join it again.
const CRASH: &str = "
title: The channel crashes once
why: A client that does not join again sits in a chat that is silent for ever.
timeline:
  - await: {what: upgrade, within: 30s}
  - await: {what: subscribed, within: 20s}
  - phx_error
  - await: {what: join, within: 20s}
  - await: {what: subscribed, within: 20s}
  - end
";

fn run(folder: &TempDir, name: &str, scenario: &str, client: &[&str]) -> Output {
    let file = folder.path().join(name);
    fs::write(&file, scenario).expect("there is room");
    let report = folder.path().join("report").display().to_string();
    let file = file.display().to_string();
    let words = ["run", "--format", "json", "--report-dir", &report, "--scenario", &file];
    let mut run = Command::new(KIT);
    run.args(words).args(client).stdin(Stdio::null()).output().expect("the kit starts")
}

fn client<'a>(mutant: &[&'a str]) -> Vec<&'a str> {
    let bundled =
        ["--", KIT, "reference-client", "--url", "{url}", "--heartbeat-ms", "{heartbeat_ms}"];
    [&bundled, mutant].concat()
}

#[track_caller]
fn judged(output: &Output) -> (i32, Value) {
    let told = String::from_utf8_lossy(&output.stderr);
    let value = serde_json::from_slice(&output.stdout);
    (output.status.code().expect("no signal"), value.unwrap_or_else(|e| panic!("{e}: {told}")))
}

/// A check's finding, in the results of a run or as `judge` prints them.
fn finding<'a>(results: &'a Value, id: &str) -> Option<&'a Value> {
    results.get("checks").unwrap_or(results).as_array()?.iter().find(|finding| finding["id"] == id)
}

#[test]
fn a_client_that_does_what_is_awaited_passes() {
    let folder = TempDir::new().unwrap();
    let (exit, results) = judged(&run(&folder, "crash.yaml", CRASH, &client(&[])));
    assert_eq!(exit, 0, "{results:#}");
    assert_eq!(results["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(results["sessions"][0]["scenario"], "crash");
    assert_eq!(finding(&results, "SC001").unwrap()["verdict"], "pass");
    assert!(finding(&results, "FR001").is_some(), "what holds everywhere is judged, too");
    assert!(finding(&results, "RC001").is_none(), "what another session shows is not");
}

#[test]
fn a_client_that_does_not_fails_and_is_judged_so_again() {
    let folder = TempDir::new().unwrap();
    let scenario = CRASH.replace("{what: join, within: 20s}", "{what: join, within: 1s}");
    let client = client(&["--mutant", "ignores-crash"]);
    let (exit, results) = judged(&run(&folder, "crash.yaml", &scenario, &client));
    assert_eq!(exit, 1, "{results:#}");
    let failed = finding(&results, "SC001").unwrap();
    assert_eq!(failed["verdict"], "fail");
    assert_eq!(failed["actual"], "the timeline awaited `join` in vain, and ended there");
    let again = judge(&folder.path().join("report/transcripts/crash.jsonl"));
    assert_eq!(finding(&again, "SC001").unwrap()["verdict"], "fail");
}

fn judge(transcript: &Path) -> Value {
    let mut judge = Command::new(KIT);
    let judge =
        judge.args(["judge", "--format", "json"]).arg(transcript).output().expect("the kit starts");
    judged(&judge).1
}

#[test]
fn what_is_awaited_in_vain_can_be_expected() {
    let folder = TempDir::new().unwrap();
    let scenario = CRASH.replace("{what: join, within: 20s}", "{what: ping, within: 1s}");
    assert_eq!(judged(&run(&folder, "crash.yaml", &scenario, &client(&[]))).0, 1);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let write = ["baseline", "write", &at("known.toml"), "--report-dir", &at("report")];
    assert!(Command::new(KIT).args(write).status().unwrap().success());
    let expecting = ["--baseline", &at("known.toml")];
    let words = [&expecting[..], &client(&[])].concat();
    let (exit, results) = judged(&run(&folder, "crash.yaml", &scenario, &words));
    assert_eq!(
        (exit, &finding(&results, "SC001").unwrap()["baseline"]),
        (0, &Value::from("xfail"))
    );
}

#[test]
fn a_client_that_ends_too_early_fails() {
    let folder = TempDir::new().unwrap();
    let scenario = CRASH.replace("phx_error", "cut");
    let client = client(&["--mutant", "exits-when-cut"]);
    let (exit, results) = judged(&run(&folder, "crash.yaml", &scenario, &client));
    assert_eq!(exit, 1, "{results:#}");
    assert_eq!(
        finding(&results, "SC001").unwrap()["actual"],
        "the client ended before the timeline did"
    );
}

#[test]
fn a_recording_of_the_real_server_is_played() {
    let folder = TempDir::new().unwrap();
    let scenario = "title: t\nwhy: w\nreplay: {recording: timing/idle_joined, speed: 60}";
    let (exit, results) = judged(&run(&folder, "dropped.yaml", scenario, &client(&[])));
    assert_eq!(exit, 0, "{results:#}");
    assert_eq!(results["sessions"][0]["close"], "clean");
    assert_eq!(finding(&results, "SC001").unwrap()["verdict"], "pass");
}

#[test]
fn a_scenario_that_cannot_be_played_runs_nothing() {
    let folder = TempDir::new().unwrap();
    let refused = |name: &str, scenario: &str, expected: &str| {
        let output = run(&folder, name, scenario, &[]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(expected), "{told}");
        assert!(!folder.path().join("report").exists());
    };
    refused("wrong.yaml", &CRASH.replace("phx_error", "phx_eror"), "wrong.yaml:7:5");
    refused("quiet.yaml", CRASH, "the kit has a scenario \"quiet\" of its own");
    let driven = ["--level", "L1"];
    let output = run(&folder, "crash.yaml", CRASH, &driven);
    assert_eq!(output.status.code(), Some(2));
    let unknown = Command::new(KIT).args(["run", "--scenario", "quite"]).output().unwrap();
    let told = String::from_utf8_lossy(&unknown.stderr);
    assert!(told.contains("there is no scenario \"quite\"; did you mean quiet?"), "{told}");
}
