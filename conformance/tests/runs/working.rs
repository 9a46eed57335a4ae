//! Working with results: shards, baselines, retries, transcripts judged anew, and clients that somebody else starts.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const KIT: &str = env!("CARGO_BIN_EXE_glimesh-conformance");

/// Checks of two short sessions.
const SHORT: &str = "tag:held-join, tag:client-id, FR*";

/// The bundled client, with a broken one's option.
const BROKEN: [&str; 8] = [
    KIT,
    "reference-client",
    "--url",
    "{url}",
    "--heartbeat-ms",
    "{heartbeat_ms}",
    "--mutant",
    "numeric-refs",
];

fn kit(words: &[&str]) -> Output {
    Command::new(KIT).args(words).stdin(Stdio::null()).output().expect("the kit starts")
}

/// Runs with a report in `folder`; the exit code and the results.
fn run(folder: &Path, words: &[&str]) -> (i32, Value) {
    let folder = folder.to_str().expect("a path in UTF-8");
    let all = [&["run", "--format", "json", "--report-dir", folder], words].concat();
    read(&kit(&all))
}

#[track_caller]
fn read(output: &Output) -> (i32, Value) {
    let told = String::from_utf8_lossy(&output.stderr);
    let value = serde_json::from_slice(&output.stdout);
    (output.status.code().expect("no signal"), value.unwrap_or_else(|e| panic!("{e}: {told}")))
}

/// Without what no two runs have in common: times, and with them the places in the transcript.
fn timeless(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| {
                !key.ends_with("_ms") && !["frame", "span", "why"].contains(&key.as_str())
            });
            kept.map(|(key, value)| (key.clone(), timeless(value))).collect()
        }
        Value::Array(items) => items.iter().map(timeless).collect(),
        Value::String(text) => {
            Value::String(text.replace(|c: char| c.is_ascii_digit() || c == '.', ""))
        }
        other => other.clone(),
    }
}

#[test]
fn shards_that_are_merged_are_the_same_as_one_run() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let whole = run(&at("whole"), &["-E", SHORT]);
    assert_eq!(run(&at("one"), &["-E", SHORT, "--shard", "1/2"]).0, 0);
    assert_eq!(run(&at("two"), &["-E", SHORT, "--shard", "2/2"]).0, 0);
    let [one, two, all] = ["one", "two", "all"].map(|name| at(name).display().to_string());
    let words = ["report", "merge", &two, &one, "--report-dir", &all, "--format", "json"];
    let merged = read(&kit(&words));
    assert_eq!(merged.0, whole.0);
    let text = |value: &Value| serde_json::to_string_pretty(&timeless(value)).unwrap();
    assert_eq!(text(&merged.1), text(&whole.1));
    for file in ["report.html", "transcripts/held-join.jsonl", "output/client-id.stdout"] {
        assert!(at("all").join(file).is_file(), "{file}");
    }
    let twice = kit(&["report", "merge", &one, &one, "--report-dir", &all]);
    assert_eq!(twice.status.code(), Some(2));
    let empty = kit(&["run", "-E", SHORT, "--shard", "3/3", "--report-dir", &all]);
    assert_eq!(empty.status.code(), Some(2), "{}", String::from_utf8_lossy(&empty.stderr));
}

#[test]
fn transcripts_give_the_findings_of_the_run_that_wrote_them() {
    let folder = TempDir::new().unwrap();
    let words = ["-E", SHORT, "--capabilities", "subscribe", "--"];
    let (_, results) = run(folder.path(), &[&words[..], &BROKEN].concat());
    let sessions = results["sessions"].as_array().unwrap();
    let mut words = vec!["judge".to_owned(), "--format".to_owned(), "json".to_owned()];
    let path = |session: &Value| folder.path().join(session["transcript"].as_str().unwrap());
    words.extend(sessions.iter().map(|session| path(session).display().to_string()));
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let judged = read(&kit(&words)).1;
    let again = |id: &Value| judged.as_array().unwrap().iter().find(|it| it["id"] == *id);
    let seen = results["checks"].as_array().unwrap().iter().filter(|it| !it["session"].is_null());
    let seen: Vec<_> = seen.collect();
    assert!(seen.len() > 5, "{results}");
    for finding in seen {
        assert_eq!(again(&finding["id"]), Some(finding));
    }
}

#[test]
fn a_baseline_bites_both_ways() {
    let folder = TempDir::new().unwrap();
    let report = folder.path().join("report");
    let file = folder.path().join("baseline.toml").display().to_string();
    let broken = [&["-E", "FR005", "--"][..], &BROKEN].concat();
    assert_eq!(run(&report, &broken).0, 1);
    let dir = report.display().to_string();
    let write = ["baseline", "write", &file, "--report-dir", &dir];
    assert_eq!(kit(&write).status.code(), Some(0));
    assert_eq!(kit(&write).status.code(), Some(2), "it is not replaced unasked");
    insta::assert_snapshot!(fs::read_to_string(&file).unwrap(), @r#"
    [[expect]]
    check = "FR005"
    outcome = "fail"
    message = "the join ref is a number: "
    "#);
    assert_eq!(kit(&["baseline", "check", &file, "--report-dir", &dir]).status.code(), Some(0));
    let known = [&["--baseline", &file][..], &broken].concat();
    let (exit, results) = run(&report, &known);
    assert_eq!((exit, &results["checks"][0]["baseline"]), (0, &Value::from("xfail")));
    // The client is mended, and the baseline is stale.
    let (exit, results) = run(&report, &["--baseline", &file, "-E", "FR005"]);
    assert_eq!((exit, &results["checks"][0]["baseline"]), (3, &Value::from("xpass")));
    assert_eq!(results["baseline"]["stale"].as_array().unwrap().len(), 1);
    assert_eq!(kit(&["baseline", "check", &file, "--report-dir", &dir]).status.code(), Some(3));
    // Whatever failed in another way, or was not known, is news.
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("FR005", "FR999")).unwrap();
    assert_eq!(run(&report, &known).0, 1);
    for (wrong, told) in [
        ("[[expect]]\ncheck = \"*\"\noutcome = \"fail\"\n", "more than 20"),
        ("[[expect]]\nchek = \"FR005\"\n", "unknown field `chek`"),
        ("[[expect]]\ncheck = \"FR005\"\noutcome = \"fail\"\nexpires = \"soon\"\n", "is no day"),
    ] {
        fs::write(&file, wrong).unwrap();
        let output = kit(&["run", "--baseline", &file, "--report-dir", &dir]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(told), "{stderr}");
    }
}

#[test]
fn what_passes_at_the_second_try_is_flaky() {
    let folder = TempDir::new().unwrap();
    // Broken once, and well ever after.
    let script =
        "if mkdir \"$ONCE\" 2>/dev/null; then set -- --mutant numeric-refs; else set --; fi
        exec \"$KIT\" reference-client --url \"$GLIMESH_WS_URL\" --heartbeat-ms \"$EVERY\" \"$@\"";
    let once = |name: &str| format!("ONCE={}", folder.path().join(name).display());
    let kit = format!("KIT={KIT}");
    let flaky = |name: &str, more: &[&str]| {
        let once = once(name);
        let words = [
            &["-E", "FR005", "--env", &once, "--env", &kit, "--env", "EVERY={heartbeat_ms}"][..],
            more,
            &["--", "sh", "-c", script],
        ];
        run(&folder.path().join(format!("{name}-report")), &words.concat())
    };
    assert_eq!(flaky("never", &[]).0, 1);
    let (exit, results) = flaky("again", &["--retries", "2"]);
    let finding = &results["checks"][0];
    assert_eq!((exit, &finding["verdict"]), (0, &Value::from("pass")), "{finding}");
    let looks: Vec<_> =
        finding["flaky"]["looks"].as_array().unwrap().iter().map(|it| &it["verdict"]).collect();
    assert_eq!(looks, ["fail", "pass"]);
    assert_eq!(finding["flaky"]["reason"], "retry");
    assert_eq!(flaky("strict", &["--retries", "1", "--flaky", "fail"]).0, 6);
}

#[test]
fn a_client_that_somebody_else_starts_is_judged_by_the_wire_alone() {
    let folder = TempDir::new().unwrap();
    let report = folder.path().join("attached");
    let mut run = Command::new(KIT)
        .args(["run", "--attach", "-E", "CN004, PR*", "--report-dir"])
        .arg(&report)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the kit starts");
    let mut lines = BufReader::new(run.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mark = "GLIMESH_WS_URL='";
    let url = lines.find_map(|line| Some(line.split_once(mark)?.1.split('\'').next()?.to_owned()));
    let mut client = Command::new(KIT)
        .args(["reference-client", "--url", &url.expect("it says where")])
        .stdout(Stdio::null())
        .spawn()
        .expect("the client starts");
    // Whoever writes must not wait for a reader.
    let told: Vec<_> = lines.collect();
    let status = run.wait().expect("the run ends");
    client.kill().ok();
    client.wait().ok();
    assert_eq!(status.code(), Some(0), "{told:#?}");
    let text = fs::read_to_string(report.join("results.json")).unwrap();
    let results: Value = serde_json::from_str(&text).unwrap();
    let ids: Vec<_> = results["checks"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, ["CN004"]);
}

#[test]
fn a_client_that_runs_elsewhere_is_triggered() {
    let folder = TempDir::new().unwrap();
    // What the trigger starts may go on; how the trigger ends says nothing.
    let script = format!("{KIT} reference-client --url \"$1\" & sleep 0.1; exit 3");
    let words = ["--trigger", "-E", "tag:client-id", "--", "sh", "-c", &script, "sh", "{url}"];
    let (exit, results) = run(folder.path(), &words);
    assert_eq!(exit, 0, "{results}");
    assert_eq!(results["sessions"][0]["process"], "unknown");
}

#[test]
fn a_file_says_what_is_the_same_in_every_run() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("conformance.toml");
    let command = serde_json::to_string(&BROKEN).unwrap();
    fs::write(&file, format!("[client]\ncommand = {command}\n")).unwrap();
    let path = file.to_str().unwrap();
    assert_eq!(run(&folder.path().join("r"), &["--config", path, "-E", "FR005"]).0, 1);
    fs::write(&file, "[client]\ncomand = [\"bot\"]\n").unwrap();
    let output = kit(&["run", "--config", path]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("line 2, column 1") && told.contains("unknown field `comand`"), "{told}");
}

#[test]
fn a_clock_that_cannot_be_had_is_said_so() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().to_str().unwrap();
    let words =
        ["run", "--report-dir", dir, "--clock", "accel", "--faketime", "/no/such/lib", "--"];
    let output = kit(&[&words[..], &["sh", "-c", "exit 0", "{url}"]].concat());
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("there is no libfaketime at /no/such/lib"), "{told}");
}
