//! Adapters with which nothing is wrong.

use serde_json::json;

use super::bent::Bent;
use super::command::check;
use super::explained::told;
use super::scripted::examine_scripted;
use super::{answer, hello};

#[tokio::test]
async fn the_adapter_in_rust_is_right() {
    let secure = Bent { tls: true, ..Bent::default() };
    let examined = Bent::default().examine().await;
    assert_eq!(secure.examine().await, examined);
    insta::assert_snapshot!(told(&examined), @r#"
    The adapter of tokio-tungstenite 0.30 (rust)

        ok  hello
        ok  an op that does not exist
        ok  state without a connection, with an unknown field and a large id
        ok  join without a connection
        ok  connect with a token that nobody has
        ok  connect with a token
        ok  join, connection a
        ok  state of connection a, which is joined
        ok  subscribe
        ok  a chat message comes
        ok  expect an event that has come
        ok  send_chat
        ok  query
        ok  expect an event that does not come
        ok  each message is told once
        ok  unsubscribe
        ok  a second connection, with a client id
        ok  join, connection b
        ok  send_chat with a client id, which may only read
        ok  the server closes a connection
        ok  state of connection b, which is closed
        ok  disconnect
        ok  state of connection a, which is closed
        ok  send_chat on a closed connection
        ok  bye

    25 steps taken: the adapter is right
    "#);
}

#[tokio::test]
async fn an_adapter_that_can_do_nothing_and_says_so_is_right() {
    let examined = examine_scripted(|request| match request["op"].as_str() {
        Some("hello") => vec!["a banner".to_owned(), answer(request, hello(&[]))],
        Some("bye") => vec![answer(request, json!({"ok": {}}))],
        _ => vec![answer(request, json!({"unsupported": "not yet"}))],
    });
    insta::assert_snapshot!(told(&examined.await), @r#"
    The adapter of scripted 1 (rust)

        ok  hello
        ok  an op that does not exist
        ok  state without a connection, with an unknown field and a large id
        ok  join without a connection
      skip  everything with a server: hello does not claim connect
        ok  bye

    5 steps taken, 1 skipped: the adapter is right
    "#);
}

#[test]
fn the_adapters_in_javascript_and_python_are_right() {
    let python = "websockets-py/.venv/bin/python";
    let adapters: [(&str, &[&str]); 3] = [
        ("GLIMESH_JUDGE_NODE", &["node", "phoenix-js/driver.js"]),
        ("GLIMESH_JUDGE_PYTHON", &[python, "websockets-py/driver.py"]),
        ("GLIMESH_JUDGE_PYTHON", &[python, "echo.py"]),
    ];
    for (installed, command) in adapters {
        if std::env::var_os(installed).is_none() {
            eprintln!("not checked: {installed} is not set");
            continue;
        }
        for options in [&[][..], &["--tls"]] {
            let (status, said) = check(options, command);
            assert_eq!(status, Some(0), "{said}");
            assert!(said.ends_with("the adapter is right\n"), "{said}");
            // All but the template can do everything.
            assert_eq!(said.contains("skip"), command.contains(&"echo.py"), "{said}");
        }
    }
}

#[test]
fn the_bundled_adapter_is_right() {
    let adapter = [env!("CARGO_BIN_EXE_glimesh-conformance"), "reference-client", "--driver"];
    for options in [&[][..], &["--tls"]] {
        let (status, said) = check(options, &adapter);
        assert_eq!(status, Some(0), "{said}");
        assert!(said.ends_with("24 steps taken, 2 skipped: the adapter is right\n"), "{said}");
    }
}
