//! Correct clients that differ, in Python: `variants.py`, the second language beside the reference client's own variants.
//!
//! They need the virtual environment of `examples/clients/websockets-py`: `.ci/run` makes it and sets
//! `GLIMESH_JUDGE_PYTHON`. Without it the test says that it judged nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// How many runs at once: each is many clients that mostly sleep.
const AT_ONCE: usize = 4;

#[test]
fn no_check_fails_a_correct_client_in_python() {
    if std::env::var_os("GLIMESH_JUDGE_PYTHON").is_none() {
        eprintln!(
            "not judged: GLIMESH_JUDGE_PYTHON is not set; .ci/run makes the environment and sets it"
        );
        return;
    }
    let listed = python(&["--list"]).output().expect("Python starts");
    let names = String::from_utf8(listed.stdout).expect("names are text");
    let names: Vec<_> = names.lines().collect();
    assert!(names.len() >= 20, "{names:?}");
    let (next, failed) = (Mutex::new(names.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(name) = { next.lock().expect("nobody panics").next() } {
                    if let Err(said) = judge(name) {
                        failed.lock().expect("nobody panics").push(format!("{name}:\n{said}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("nobody panics");
    assert!(failed.is_empty(), "of {} variants:\n{}", names.len(), failed.join("\n"));
}

/// Runs the suite against a variant; an error holds what was printed.
fn judge(name: &str) -> Result<(), String> {
    let report = tempfile::tempdir().expect("a temporary folder");
    let client = python(&[name, "{url}", "{heartbeat_ms}"]);
    let run = Command::new(env!("CARGO_BIN_EXE_glimesh-conformance"))
        .args(["run", "--clock", "contract", "--progress", "none", "--report-dir"])
        .arg(report.path())
        .arg("--")
        .arg(client.get_program())
        .args(client.get_args())
        .stdin(Stdio::null())
        .output()
        .expect("the kit starts");
    // Nothing is failed, nothing inconclusive.
    match run.status.code() {
        Some(0) => Ok(()),
        _ => Err(String::from_utf8_lossy(&run.stderr).into_owned()),
    }
}

fn python(arguments: &[&str]) -> Command {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_clients = |path: &str| -> PathBuf { crate_root.join("../examples/clients").join(path) };
    let mut python = Command::new(in_clients("websockets-py/.venv/bin/python"));
    python.arg(crate_root.join("tests/variants/variants.py")).args(arguments);
    python
}
