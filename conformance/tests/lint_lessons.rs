//! The code that `explain` shows is code: the Rust of it is compiled, the others' interpreters read it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says where it failed; a lesson prints"
)]

use std::fs;
use std::io::ErrorKind;
use std::process::{Command, Stdio};

use glimesh_conformance::check;
use glimesh_conformance::lint::{catalogue, lesson};
use glimesh_conformance::report;

/// Whether an interpreter accepts a text. `None`: there is no such interpreter here.
fn accepts(program: &str, args: &[&str], name: &str, text: &str) -> Option<bool> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, text).unwrap();
    let ran = match Command::new(program).args(args).arg(&file).stdin(Stdio::null()).output() {
        Ok(ran) => ran,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: there is no {program} here to read {name}");
            return None;
        }
        Err(error) => panic!("cannot start {program}: {error}"),
    };
    if !ran.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&ran.stderr));
    }
    Some(ran.status.success())
}

#[test]
fn javascript_is_read_by_node() {
    for lesson in lesson::ALL {
        let Some(accepted) = accepts("node", &["--check"], "lesson.mjs", lesson.javascript) else {
            return;
        };
        assert!(accepted, "{}.js", lesson.name);
    }
}

#[test]
fn python_is_read_by_python() {
    for lesson in lesson::ALL {
        let lines = lesson.python.lines().map(|line| format!("    {line}\n"));
        let body = format!("async def lesson():\n{}", lines.collect::<String>());
        let Some(accepted) = accepts("python3", &["-m", "py_compile"], "lesson.py", &body) else {
            return;
        };
        assert!(accepted, "{}.py", lesson.name);
    }
}

#[test]
fn every_check_and_diagnostic_is_explained() {
    for check in check::catalogue() {
        let mut out = Vec::new();
        report::explain(check, &mut out).unwrap();
        report::examples(check, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("In Rust"), "{}", check.id);
    }
    for code in catalogue::all() {
        let mut out = Vec::new();
        report::explain_code(code, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let parts =
            ["What", "Why", "Wrong", "Right", "Server", "In JavaScript", "In Python", "In Rust"];
        for part in parts {
            assert!(text.contains(part), "{code:?} lacks {part}");
        }
        assert!(!code.what.is_empty() && !code.why.is_empty() && !code.bad.is_empty());
    }
}

#[test]
fn what_was_meant_is_found() {
    let known = || catalogue::all().flat_map(|code| [code.id, code.slug]);
    assert_eq!(report::similar("singel-quotes", known())[0], "single-quotes");
    assert_eq!(report::similar("j02", known()).len(), 3);
    assert_eq!(report::similar("nothing like it at all", known()), [""; 0]);
}

#[test]
fn the_compiled_rust_is_what_is_shown() {
    let here = include_str!("lint_lessons.rs");
    // Formatting breaks lines, and puts braces around what is long.
    let squeezed = |text: &str| {
        text.chars().filter(|c| !c.is_whitespace() && !"{},;".contains(*c)).collect::<String>()
    };
    let here = squeezed(here);
    for lesson in lesson::ALL {
        assert!(here.contains(&squeezed(lesson.rust)), "{}.rs", lesson.name);
    }
}

/// The Rust snippets, compiled and never run.
#[expect(dead_code, unused_mut, unused_variables, reason = "snippets are only compiled")]
mod compiled {
    use std::error::Error;
    use std::time::Duration;

    use futures_util::{SinkExt, StreamExt};
    use serde_json::{Value, json};
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;

    type Socket = WebSocketStream<tokio::net::TcpStream>;
    type Done = Result<(), Box<dyn Error>>;

    async fn session(url: &str) -> bool {
        !url.is_empty()
    }

    // lesson: frame
    async fn frame(mut socket: Socket, mut counter: u64, given: [&str; 6], payload: Value) -> Done {
        let [join_ref, msg_ref, topic, event, token, url] = given;
        // json! writes quotes, commas and escapes; Message::text sends text.
        let frame = json!(["1", "2", "__absinthe__:control", "doc", payload]);
        socket.send(Message::text(frame.to_string())).await?;
        Ok(())
    }

    // lesson: refs
    async fn refs(mut socket: Socket, mut counter: u64, given: [&str; 6], payload: Value) -> Done {
        let [join_ref, msg_ref, topic, event, token, url] = given;
        counter += 1;
        let msg_ref = counter.to_string(); // "2", not 2
        let frame = json!([join_ref, msg_ref, topic, event, payload]);
        socket.send(Message::text(frame.to_string())).await?;
        Ok(())
    }

    // lesson: text
    async fn text(mut socket: Socket, mut counter: u64, given: [&str; 6], payload: Value) -> Done {
        let [join_ref, msg_ref, topic, event, token, url] = given;
        // What a user typed goes into variables, where json! escapes it.
        let query = "mutation($m: ChatMessageInput!) { createChatMessage(channelId: 6, message: $m) { id } }";
        let payload = json!({"query": query, "variables": {"m": {"message": "say \"hi\""}}});
        let frame = json!([join_ref, msg_ref, topic, "doc", payload]);
        socket.send(Message::text(frame.to_string())).await?;
        Ok(())
    }

    // lesson: join
    async fn join(mut socket: Socket, mut counter: u64, given: [&str; 6], payload: Value) -> Done {
        let [join_ref, msg_ref, topic, event, token, url] = given;
        let join = json!(["1", "1", "__absinthe__:control", "phx_join", {}]);
        socket.send(Message::text(join.to_string())).await?;
        let reply = socket.next().await.ok_or("the connection ended")??;
        let reply: Value = serde_json::from_str(reply.to_text()?)?;
        if reply[1] != "1" || reply[4]["status"] != "ok" {
            return Err(format!("the join was refused: {reply}").into());
        }
        Ok(())
    }

    // lesson: heartbeat
    async fn heartbeat(
        mut socket: Socket,
        mut counter: u64,
        given: [&str; 6],
        payload: Value,
    ) -> Done {
        let [join_ref, msg_ref, topic, event, token, url] = given;
        let mut beats = tokio::time::interval(Duration::from_secs(25));
        beats.tick().await; // The first one is due at once.
        loop {
            beats.tick().await;
            counter += 1;
            let beat = json!([null, counter.to_string(), "phoenix", "heartbeat", {}]);
            socket.send(Message::text(beat.to_string())).await?;
        }
    }

    // lesson: subscribe
    async fn subscribe(
        mut socket: Socket,
        mut counter: u64,
        given: [&str; 6],
        payload: Value,
    ) -> Done {
        let [join_ref, msg_ref, topic, event, token, url] = given;
        let query =
            "subscription($id: ID) { chatMessage(channelId: $id) { user { username } message } }";
        let payload = json!({"query": query, "variables": {"id": "6"}});
        let frame = json!([join_ref, msg_ref, "__absinthe__:control", "doc", payload]);
        socket.send(Message::text(frame.to_string())).await?;
        while let Some(message) = socket.next().await {
            let frame: Value = serde_json::from_str(message?.to_text()?)?;
            match frame[3].as_str() {
                Some("phx_reply") if frame[4]["status"] != "ok" => {
                    return Err(frame.to_string().into());
                }
                Some("subscription:data") => println!("{}", frame[4]["result"]),
                _ => {}
            }
        }
        Ok(())
    }

    // lesson: url
    async fn url(mut socket: Socket, mut counter: u64, given: [&str; 6], payload: Value) -> Done {
        let [join_ref, msg_ref, topic, event, token, url] = given;
        let token = glimesh_proto::connect::encode_query_value(token);
        let url = format!("wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token={token}");
        Ok(())
    }

    // lesson: recover
    async fn recover(
        mut socket: Socket,
        mut counter: u64,
        given: [&str; 6],
        payload: Value,
    ) -> Done {
        let [join_ref, msg_ref, topic, event, token, url] = given;
        let mut delay = Duration::from_secs(1);
        loop {
            // Returns whether it was joined.
            let was_joined = session(url).await;
            if was_joined {
                delay = Duration::from_secs(1);
            }
            tokio::time::sleep(delay).await;
            delay = (2 * delay).min(Duration::from_secs(30));
        }
    }
}
