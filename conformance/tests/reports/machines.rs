//! What machines read: each form as a whole, and read back by somebody else's reader of it.

use std::path::Path;
use std::process::Command;

use glimesh_conformance::report::{self, Column, FinishedRun};
use glimesh_conformance::results::Results;
use glimesh_conformance::session::Session;
use serde_json::Value;

use crate::made::{finished, run};

/// What a reporter writes of the run made by hand.
fn written(write: impl Fn(&FinishedRun<'_>, &mut Vec<u8>) -> std::io::Result<()>) -> String {
    let (results, sessions) = run();
    written_of(&results, &sessions, write)
}

fn written_of(
    results: &Results,
    sessions: &[Session],
    write: impl Fn(&FinishedRun<'_>, &mut Vec<u8>) -> std::io::Result<()>,
) -> String {
    let mut out = Vec::new();
    write(&finished(results, sessions), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The published schema has a pattern with a bracket that closes nothing; it concerns a member that is not written.
fn sarif_schema() -> Value {
    let mut schema = schema("sarif-2.1.0.schema.json");
    for holder in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][holder]["properties"]["language"];
        assert!(language.as_object_mut().unwrap().remove("pattern").is_some());
    }
    schema
}

#[test]
fn the_results_keep_to_their_published_schema() {
    let json: Value =
        serde_json::from_str(&written(|run, out| report::json(run.results, out))).unwrap();
    let validator = jsonschema::validator_for(&schema("results.schema.json")).unwrap();
    let complaints: Vec<_> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(complaints, Vec::<String>::new());
    let mut wrong = json.clone();
    wrong["checks"][0]["verdict"] = "perfect".into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn junit_is_what_other_readers_expect() {
    let xml = written(|run, out| report::junit(run, out));
    insta::assert_snapshot!(xml);
    let read = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    assert_eq!((read.tests, read.failures, read.errors), (4, 1, 0));
}

#[test]
fn junit_keeps_to_the_form_that_jenkins_reads() {
    let (mut results, sessions) = run();
    let hostile = "]]> <x> & \u{0} \u{fffe} \u{1b}[2J";
    for finding in &mut results.checks {
        hostile.clone_into(&mut finding.actual);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/junit.xsd");
    let folder = tempfile::tempdir().unwrap();
    let lint = |name: &str, xml: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, xml).unwrap();
        Command::new("xmllint")
            .args(["--noout", "--nonet", "--schema"])
            .arg(&path)
            .arg(file)
            .output()
    };
    let plain = written(|run, out| report::junit(run, out));
    for xml in [&plain, &written_of(&results, &sessions, |run, out| report::junit(run, out))] {
        let Ok(output) = lint("junit.xml", xml) else {
            return eprintln!("skipped: there is no xmllint (Debian: libxml2-utils)");
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let counted = plain.replacen("<testsuites ", "<testsuites skipped=\"1\" ", 1);
    for wrong in [plain.replacen("classname=", "class=", 1), counted] {
        assert!(!lint("wrong.xml", &wrong).unwrap().status.success());
    }
}

#[test]
fn sarif_is_what_other_readers_expect() {
    let json = written(|run, out| report::sarif(run, out));
    let read: serde_sarif::sarif::Sarif = serde_json::from_str(&json).unwrap();
    let validator = jsonschema::validator_for(&sarif_schema()).unwrap();
    let value = serde_json::from_str(&json).unwrap();
    let complaints: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert_eq!(complaints, Vec::<String>::new());
    let results = read.runs[0].results.as_ref().unwrap();
    let rules = read.runs[0].tool.driver.rules.as_ref().unwrap();
    assert_eq!((results.len(), rules.len()), (4, 4));
    let pretty: Value = serde_json::from_str(&json).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&pretty["runs"][0]["results"]).unwrap());
}

#[test]
fn tap_has_a_line_for_each_check() {
    insta::assert_snapshot!(written(|run, out| report::tap(run, out)));
}

#[test]
fn github_gets_annotations_and_a_summary() {
    insta::assert_snapshot!(written(|run, out| report::github(run, out)));
    insta::assert_snapshot!(written(|run, out| report::job_summary(run, out)));
}

#[test]
fn no_text_of_a_client_gives_orders_to_ci() {
    let (mut results, sessions) = run();
    let hostile = "x\n::error::mine\r\n| </td> <img src=x> [a](javascript:b) `c` ${{ d }} @me #1";
    hostile.clone_into(&mut results.checks[1].actual);
    let github = written_of(&results, &sessions, |run, out| report::github(run, out));
    assert!(github.lines().all(|line| line.starts_with("::") && !line.starts_with("::error::")));
    let summary = written_of(&results, &sessions, |run, out| report::job_summary(run, out));
    let row = summary.lines().find(|line| line.contains("HB001")).unwrap();
    assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
    for markup in ["<img", "](", " @me", " #1", "`c`"] {
        // What is escaped is no markup.
        let row = row.replace("\\`", "").replace("\\]", "");
        assert!(!row.contains(markup), "{markup} in {row}");
    }
    let tap = written_of(&results, &sessions, |run, out| report::tap(run, out));
    assert!(!tap.contains("\n::") && !tap.contains('\r'));
    let junit = written_of(&results, &sessions, |run, out| report::junit(run, out));
    quick_junit::Report::deserialize_from_str(&junit).unwrap();
}

#[test]
fn the_badge_says_the_score() {
    let (results, _) = run();
    insta::assert_snapshot!(report::badge_json(&results), @r#"{"schemaVersion":1,"label":"glimesh chat","message":"MUST 1/2 · SHOULD 0/1","color":"red"}"#);
    insta::assert_snapshot!(report::badge_svg(&results), @r##"<svg xmlns="http://www.w3.org/2000/svg" width="255" height="20" role="img" aria-label="glimesh chat: MUST 1/2 · SHOULD 0/1"><title>glimesh chat: MUST 1/2 · SHOULD 0/1</title><rect width="96" height="20" fill="#4a4f57"></rect><rect x="96" width="159" height="20" fill="#b3211b"></rect><g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle"><text x="48" y="14">glimesh chat</text><text x="175" y="14">MUST 1/2 · SHOULD 0/1</text></g></svg>"##);
}

#[test]
fn har_has_an_entry_for_each_connection_with_its_messages() {
    let (_, sessions) = run();
    let mut out = Vec::new();
    report::har(&sessions[..1], &mut out).unwrap();
    let mut har: Value = serde_json::from_slice(&out).unwrap();
    har["log"]["creator"]["version"] = "VERSION".into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&har).unwrap());
}

#[test]
fn har_of_a_session_over_tls_names_wss() {
    let (_, sessions) = run();
    let mut transcript = sessions[0].transcript.clone();
    transcript.header.settings.insert("tls.handshake_timeout".to_owned(), "5s".to_owned());
    let mut out = Vec::new();
    report::har(&[Session::new(transcript)], &mut out).unwrap();
    let har: Value = serde_json::from_slice(&out).unwrap();
    let url = har["log"]["entries"][0]["request"]["url"].as_str().unwrap();
    assert!(url.starts_with("wss://"), "{url}");
}

/// HAR 1.2 says what must be there; the DevTools skip a message that lacks a member, and refuse the file for a date or a
/// number that is none.
///
/// Source: W3C, HTTP Archive (HAR) format, 2012-08-14; Chromium, `front_end/models/har/HARFormat.ts` and `Importer.ts`.
#[test]
fn har_holds_what_the_devtools_read() {
    let (_, sessions) = run();
    let mut out = Vec::new();
    report::har(&sessions, &mut out).unwrap();
    let har: Value = serde_json::from_slice(&out).unwrap();
    let log = &har["log"];
    assert_eq!(log["version"], "1.2");
    has(log, "/creator", &["name", "version"], Value::is_string);
    assert!(log["pages"].is_array());
    let entries = log["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    for entry in entries {
        has(entry, "", &["cache", "request", "response", "timings"], Value::is_object);
        has(entry, "", &["time"], Value::is_u64);
        let date = entry["startedDateTime"].as_str().unwrap();
        date.parse::<jiff::Timestamp>().unwrap();
        has(entry, "/request", &["method", "url", "httpVersion"], Value::is_string);
        has(entry, "/request", &["cookies", "headers", "queryString"], Value::is_array);
        has(entry, "/request", &["headersSize", "bodySize"], Value::is_i64);
        has(entry, "/response", &["statusText", "httpVersion", "redirectURL"], Value::is_string);
        has(entry, "/response", &["cookies", "headers"], Value::is_array);
        has(entry, "/response", &["status", "headersSize", "bodySize"], Value::is_i64);
        has(entry, "/response/content", &["size"], Value::is_u64);
        has(entry, "/response/content", &["mimeType"], Value::is_string);
        has(entry, "/timings", &["send", "wait", "receive"], Value::is_u64);
        assert_eq!(entry["_resourceType"], "websocket");
        let url = entry["request"]["url"].as_str().unwrap();
        assert!(url.starts_with("ws://"), "{url}");
        let messages = entry["_webSocketMessages"].as_array().unwrap();
        assert_eq!(messages.len(), 5);
        let mut before = 0.0;
        for message in messages {
            let direction = message["type"].as_str().unwrap();
            assert!(["send", "receive"].contains(&direction), "{direction}");
            assert!(
                message["data"].is_string()
                    && [1, 2].contains(&message["opcode"].as_i64().unwrap())
            );
            let time = message["time"].as_f64().unwrap();
            assert!(time >= before, "messages are in order");
            before = time;
        }
    }
}

#[track_caller]
fn has(holder: &Value, at: &str, names: &[&str], is: fn(&Value) -> bool) {
    let holder = holder.pointer(at).unwrap();
    for name in names {
        assert!(holder.get(name).is_some_and(is), "{at}/{name}: {holder}");
    }
}

#[test]
fn the_results_are_one_json_value() {
    let json = written(|run, out| report::json(run.results, out));
    let value: Value = serde_json::from_str(&json).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn a_diff_tells_better_from_worse() {
    let (before, _) = run();
    let mut after = before.clone();
    after.checks[1].verdict = glimesh_conformance::results::Verdict::Pass;
    after.checks[0].verdict = glimesh_conformance::results::Verdict::Fail;
    after.checks.remove(3);
    let mut out = Vec::new();
    report::diff_human(&report::diff(&before, &after), &mut out).unwrap();
    insta::assert_snapshot!(crate::made::plain(&out), @r#"
    - JN001  pass → fail: joined first
    + HB001  fail → pass: the topic is "phoenix \u001b", with a character too many
      RC001  inconclusive → absent: the connection was never lost
    3 verdicts changed: 1 for the worse, 1 for the better, 1 otherwise.
    "#);
    assert_eq!(report::diff(&before, &before), []);
    let mut out = Vec::new();
    report::diff_json(&report::diff(&before, &after)[..1], &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"[{"id":"JN001","slug":"join/first","before":"pass","after":"fail","direction":"worse","actual":"joined first"}]"#);
}

#[test]
fn the_matrix_of_clients_has_a_column_for_each() {
    let (results, _) = run();
    let mut other = results.clone();
    other.checks.remove(0);
    let name = |name: &str| name.to_owned();
    let columns =
        [Column { name: name("bot|<b>"), results }, Column { name: name("other"), results: other }];
    let mut out = Vec::new();
    report::clients_markdown(&columns, &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    | check | bot\|&lt;b&gt; | other |
    | --- | --- | --- |
    | **MUST** | 1/2 | 1/2 |
    | **SHOULD** | 0/1 | 0/1 |
    | JN001 join/first | ✓ pass |  |
    | HB001 heartbeat/frame-form | ✗ fail | ✗ fail |
    | HB003 heartbeat/has-margin | ! weak | ! weak |
    | RC001 recover/joins-again | ? inconclusive | ? inconclusive |
    "#);
    let html = report::clients_html(&columns);
    assert!(html.contains("bot|&lt;b&gt;") && !html.contains("<script"));
    crate::html::assert_balanced(&html);
    insta::assert_snapshot!(crate::html::shown(&html));
}
