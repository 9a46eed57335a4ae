//! Nothing secret in anything that a run writes: a client tells its credential to everybody, and every byte is searched.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "the helpers of tests stop at a surprise as tests do")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The kit's own program.
const KIT: &str = env!("CARGO_BIN_EXE_glimesh-conformance");

/// Notes its credential where only the test looks, prints it, and sends it in the upgrade's query.
const CLIENT: &str = r#"
    for secret in "$GLIMESH_TOKEN" "$GLIMESH_CLIENT_ID" "$GLIMESH_CLIENT_SECRET"; do
        [ -n "$secret" ] && echo "$secret" >> "$SEEN"
    done
    echo "url $1 token $GLIMESH_TOKEN"
    echo "url $1 token $GLIMESH_TOKEN" >&2
    exec "$KIT" reference-client --url "$1" --heartbeat-ms "$2" --mutant numeric-refs
"#;

#[test]
fn no_form_of_a_report_holds_a_credential() {
    let formats = ["human", "json", "junit", "sarif", "tap", "github"];
    std::thread::scope(|scope| {
        for format in formats {
            scope.spawn(move || check(format));
        }
    });
}

#[track_caller]
fn check(format: &str) {
    let home = tempfile::tempdir().unwrap();
    let (report, seen) = (home.path().join("report"), home.path().join("seen"));
    let ran = Command::new(KIT)
        .args(["run", "-E", "FR005,CN003", "--verbose", "--format", format, "--report-dir"])
        .arg(&report)
        .arg("--env")
        .arg(format!("SEEN={}", seen.display()))
        .args(["--env", &format!("KIT={KIT}")])
        .args(["--", "sh", "-c", CLIENT, "sh", "{url}", "{heartbeat_ms}"])
        .env("GITHUB_STEP_SUMMARY", report.join("summary.md"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(1), "{format}: {}", String::from_utf8_lossy(&ran.stderr));
    let secrets: Vec<_> = fs::read_to_string(&seen).unwrap().lines().map(str::to_owned).collect();
    assert!(secrets.iter().any(|secret| secret.len() > 20), "{secrets:?}");
    let mut texts =
        vec![("standard output".to_owned(), ran.stdout), ("standard error".to_owned(), ran.stderr)];
    for (name, command) in [
        ("html", ["report", "html"].as_slice()),
        ("har", &["report", "har"]),
        ("matrix", &["report", "matrix", "--format", "html"]),
        ("markdown", &["report", "matrix"]),
    ] {
        texts.push((name.to_owned(), again(command, &report).stdout));
    }
    files(&report, &mut texts);
    assert!(texts.iter().any(|(name, _)| name.ends_with(".stdout")));
    for (name, text) in texts {
        for secret in &secrets {
            let found = text.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{name} of the format {format} holds a credential");
        }
    }
}

fn again(command: &[&str], report: &Path) -> Output {
    let output = Command::new(KIT).args(command).arg(report).output().unwrap();
    assert!(output.status.success() && !output.stdout.is_empty(), "{command:?}");
    output
}

fn files(folder: &Path, texts: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, texts);
        } else {
            texts.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}
