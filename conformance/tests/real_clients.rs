//! The clients of `examples/clients`, judged as real programs in real and in accelerated time, with the outcome as a
//! snapshot: it must be the same.
//!
//! They need Node, Python or Go, an installation from the package registries, and libfaketime: `.ci/run` does that and
//! sets `GLIMESH_JUDGE_NODE`, `GLIMESH_JUDGE_PYTHON`, `GLIMESH_JUDGE_GO` and `GLIMESH_JUDGE_FAKETIME`. Without these
//! the tests say that they judged nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use glimesh_conformance::check::Level;
use glimesh_conformance::results::{Results, Verdict};

/// In real time clients mostly wait, so all runs go side by side; those that hurry want the processor, so one at a time.
static HURRY: Mutex<()> = Mutex::new(());

#[test]
fn the_documents_own_client_in_javascript() {
    let command = ["node", "document-js/client.js", "{url}"];
    let Some(seen) = judge("GLIMESH_JUDGE_NODE", &command) else { return };
    insta::assert_snapshot!(seen, @r#"
    exit code 5, 65 pass
    PR002 weak
    PR007 inconclusive
    CN007 not-applicable
    CN008 not-applicable
    CN009 not-applicable
    CN011 not-applicable
    CN013 weak
    FR008 note
    JN005 weak
    JN006 inconclusive
    JN008 weak
    SB008 inconclusive
    MS008 weak
    HB001 weak
    HB003 weak
    HB009 weak
    HB010 weak
    HB013 weak
    HB014 note
    HB015 weak
    HB018 inconclusive
    HB019 inconclusive
    HB020 inconclusive
    RC001 weak
    RC002 weak
    RC003 note
    RC004 inconclusive
    RC005 inconclusive
    RC007 weak
    RC008 inconclusive
    RC009 note
    RC012 note
    RC013 inconclusive
    FT001 weak
    FT003 inconclusive
    FT005 inconclusive
    FT007 inconclusive
    FT009 weak
    "#);
}

#[test]
fn a_client_on_phoenix_js() {
    let Some(seen) = judge("GLIMESH_JUDGE_NODE", &["node", "phoenix-js/client.js"]) else {
        return;
    };
    insta::assert_snapshot!(seen, @r#"
    exit code 0, 89 pass
    CN007 not-applicable
    CN008 not-applicable
    CN009 not-applicable
    CN011 not-applicable
    CN013 weak
    HB001 weak
    HB003 weak
    HB014 note
    RC008 weak
    RC009 weak
    RC012 weak
    FT001 weak
    FT003 note
    FT009 weak
    "#);
}

#[test]
fn a_client_on_python_websockets() {
    let python = "websockets-py/.venv/bin/python";
    let command = [python, "websockets-py/client.py", "{url}"];
    let Some(seen) = judge("GLIMESH_JUDGE_PYTHON", &command) else { return };
    insta::assert_snapshot!(seen, @r#"
    exit code 0, 97 pass
    CN007 not-applicable
    CN008 not-applicable
    CN009 not-applicable
    CN011 not-applicable
    HB009 note
    HB010 note
    "#);
}

/// Go's programs ask the system for the time past the C library, so no libfaketime reaches them: the kit finds that out
/// and takes its time.
#[test]
fn a_client_on_gorilla_websocket() {
    if !installed("GLIMESH_JUDGE_GO") {
        return;
    }
    let results = run("auto", &["gorilla-go/gorilla-go", "{url}"]);
    assert_eq!(results.clock.mode, "real", "{}", results.clock.why);
    insta::assert_snapshot!(verdicts(&results), @r#"
    exit code 0, 95 pass
    CN007 not-applicable
    CN008 not-applicable
    CN009 not-applicable
    CN011 not-applicable
    CN015 not-applicable
    HB009 note
    HB010 note
    FT004 weak
    "#);
}

/// The adapters of `examples/drivers` are right, so no check at L1 may say anything else.
#[test]
fn adapters_in_javascript_and_python() {
    let python = "websockets-py/.venv/bin/python";
    let adapters: [(&str, &[&str]); 2] = [
        ("GLIMESH_JUDGE_NODE", &["node", "../drivers/phoenix-js/driver.js"]),
        ("GLIMESH_JUDGE_PYTHON", &[python, "../drivers/websockets-py/driver.py"]),
    ];
    for (variable, command) in adapters.iter().filter(|(variable, _)| installed(variable)) {
        let results = run_with(&["--level", "L1"], command);
        assert_eq!(verdicts(&results), "exit code 0, 33 pass", "{variable}");
    }
}

/// What a run in real time saw; an accelerated one has seen the same of every MUST. `None` where the client was not installed.
fn judge(variable: &str, command: &[&str]) -> Option<String> {
    if !installed(variable) {
        return None;
    }
    // Side by side: both mostly wait.
    let (real, accelerated) = std::thread::scope(|scope| {
        let real = scope.spawn(|| run("real", command));
        let accelerated = accelerates().then(|| run("accel", command));
        (real.join().expect("the run ends"), accelerated)
    });
    let seen = verdicts(&real);
    if let Some(accelerated) = accelerated {
        assert_eq!(accelerated.clock.mode, "accel", "{}", accelerated.clock.why);
        // What is only weak or noted may differ: the machine's own work is not accelerated, so a client's timers can
        // overtake it.
        assert_eq!(musts(&accelerated), musts(&real), "{}", accelerated.clock.why);
    }
    Some(seen)
}

fn installed(variable: &str) -> bool {
    let set = std::env::var_os(variable).is_some();
    if !set {
        eprintln!("not judged: {variable} is not set; .ci/run installs the client and sets it");
    }
    set
}

fn accelerates() -> bool {
    let installed = std::env::var_os("GLIMESH_JUDGE_FAKETIME").is_some();
    if !installed {
        eprintln!("not judged in accelerated time: GLIMESH_JUDGE_FAKETIME is not set");
    }
    installed
}

fn run(clock: &str, command: &[&str]) -> Results {
    run_with(&["--clock", clock], command)
}

fn run_with(options: &[&str], command: &[&str]) -> Results {
    let hurries = !options.contains(&"real");
    let _one_at_a_time = hurries.then(|| HURRY.lock().unwrap_or_else(PoisonError::into_inner));
    let report = tempfile::tempdir().expect("a temporary folder");
    let run = Command::new(env!("CARGO_BIN_EXE_glimesh-conformance"))
        .args(["run", "--format", "json", "--report-dir"])
        .arg(report.path())
        .args(options)
        .arg("--")
        .args(command)
        .current_dir(clients())
        .stdin(Stdio::null())
        .output()
        .expect("the kit starts");
    let text = String::from_utf8(run.stdout).expect("JSON is text");
    let results: Results = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text}\n{}", String::from_utf8_lossy(&run.stderr))
    });
    assert_eq!(run.status.code(), Some(i32::from(results.exit_code)));
    results
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/clients")
}

/// The exit code, and the verdict of every check whose level is MUST.
fn musts(results: &Results) -> (u8, Vec<(&str, Verdict)>) {
    let musts = results.checks.iter().filter(|finding| finding.level == Level::Must);
    (results.exit_code, musts.map(|finding| (&*finding.id, finding.verdict)).collect())
}

/// The exit code, how many checks pass, and a line for each that does not.
fn verdicts(results: &Results) -> String {
    let (pass, others): (Vec<_>, Vec<_>) =
        results.checks.iter().partition(|finding| finding.verdict == Verdict::Pass);
    let head = format!("exit code {}, {} pass", results.exit_code, pass.len());
    let lines = others.iter().map(|finding| format!("{} {}", finding.id, finding.verdict.as_str()));
    [head].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}
