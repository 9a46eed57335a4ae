//! The command, with its status and formats.

use std::process::Stdio;

use serde_json::{Value, json};

use super::{answer, hello};

#[test]
fn how_a_process_ends_is_a_part_of_it() {
    let dies = "echo no client here >&2; kill -SEGV $$";
    let (status, said) = check(&[], &["sh", "-c", dies]);
    assert_eq!(status, Some(1));
    insta::assert_snapshot!(said, @r#"
     WRONG  hello
      skip  an op that does not exist: the adapter is gone
      skip  state without a connection, with an unknown field and a large id: the
            adapter is gone
      skip  join without a connection: the adapter is gone
      skip  everything with a server: hello has said nothing that can be used
      skip  bye: the adapter is gone
     WRONG  the adapter ends

    error[gone]: the adapter's output ended, and this was not answered
     |
     = asked: {"op":"hello","protocol":1,"run":"check","deadline_ms":60000}
     = contract: an adapter lives until it has answered bye, or its input ends
     = help: read requests until bye, or until standard input ends; the log may
             say why it ended
     = log: no client here

    error[not-ended]: the adapter was ended by SIGSEGV
     |
     = contract: after the reply to bye the adapter ends, with status 0
     = log: no client here

    2 steps taken, 5 skipped: 2 errors
    "#);
    // It answers what it is asked, in order, and does not go.
    let lines = [
        hello(&[]),
        json!({"unsupported": "no"}),
        json!({"unsupported": "no"}),
        json!({"unsupported": "no"}),
        json!({"ok": {}}),
    ];
    let answers = lines.iter().zip([1, (1_u64 << 53) - 2, (1 << 53) - 1, 2, 3]);
    let answers = answers.map(|(line, id)| {
        let line = answer(&json!({"id": id}), line.clone());
        format!("read -r request; echo '{line}'\n")
    });
    let stays = answers.collect::<String>() + "trap '' TERM; while :; do sleep 1; done";
    let (status, said) = check(&["--grace", "300ms"], &["sh", "-c", &stays]);
    assert_eq!(status, Some(1));
    insta::assert_snapshot!(said, @r#"
    The adapter of scripted 1 (rust)

        ok  hello
        ok  an op that does not exist
        ok  state without a connection, with an unknown field and a large id
        ok  join without a connection
      skip  everything with a server: hello does not claim connect
        ok  bye
     WRONG  the adapter ends

    error[not-ended]: the adapter has not ended 0.3 s after bye
     |
     = contract: after the reply to bye the adapter ends, with status 0

    6 steps taken, 1 skipped: 1 error
    "#);
}

#[test]
fn a_command_that_cannot_be_started_is_no_verdict() {
    let (status, said) = check(&[], &["no-such-adapter"]);
    let why = "error: cannot start \"no-such-adapter\": no such program in PATH\n";
    assert_eq!((status, &*said), (Some(7), why));
    assert_eq!(check(&[], &["adapter", "{uri}"]).0, Some(2));
}

#[test]
fn json_has_a_format() {
    let script = "read -r request; echo '@gck {\"id\":1}'";
    let (status, said) = check(&["--format", "json"], &["sh", "-c", script]);
    assert_eq!(status, Some(1));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["format"], 1);
    assert_eq!(said["steps"][0], json!({"name": "hello", "outcome": "wrong"}));
    let finding = &said["findings"][0];
    assert_eq!((&finding["code"], &finding["severity"]), (&json!("no-outcome"), &json!("error")));
    let line = json!({"number": 1, "text": "@gck {\"id\":1}", "span": {"start": 5, "end": 13}});
    assert_eq!(finding["line"], line);
}

/// The command, run with some options on an adapter: its status, and what it has said.
pub(super) fn check(options: &[&str], adapter: &[&str]) -> (Option<i32>, String) {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_glimesh-conformance"))
        .args(["driver", "check", "--deadline", "60s"])
        .args(options)
        .arg("--")
        .args(adapter)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/drivers"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].concat();
    (run.status.code(), String::from_utf8(said).unwrap())
}
