//! `glimesh-mock` as a process: what it says, what it answers, and how it ends.

mod raw;

use std::process::Stdio;
use std::time::Duration;

use glimesh_mock::Trust;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use raw::{Line, Seen, upgrade_request};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

const HEARTBEAT: &str = r#"[null,"1","phoenix","heartbeat",{}]"#;

/// How long a process may take for anything.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn bad_flags_are_named() {
    check(
        &["serve", "--profile", "glimmesh"],
        2,
        "there is no profile \"glimmesh\"; there are glimesh, phoenix and literal",
    )
    .await;
    check(&["serve", "--stop", "now"], 2, "it ends by close, graceful or kill").await;
    check(&["serve", "--chatter", "0"], 2, "\"0\" is not a rate; ").await;
    check(
        &["serve", "--heartbeat-limit", "45"],
        2,
        "\"45\" is not a time; write a whole number and ms, s or m",
    )
    .await;
    check(&["serve", "--listen", "4000"], 2, "invalid socket address").await;
    check(
        &["serve", "--scenario", "quite"],
        1,
        "there is no scenario \"quite\"; did you mean quiet?",
    )
    .await;
    check(&["serve", "--scenario", "no/such.yaml"], 1, "cannot read the scenario no/such.yaml")
        .await;
    check(
        &["serve", "--listen", "127.0.0.1:0", "--record", "no/such/folder/x.jsonl"],
        1,
        "cannot write the transcript to no/such/folder/x.jsonl",
    )
    .await;
    check(&["replay", "no-such.yaml"], 1, "cannot read no-such.yaml").await;
    check(&["replay", "--gated"], 1, "--speed and --gated need a transcript").await;
    check(&["replay", "x", "--speed", "0"], 2, "\"0\" is not a speed; write a number over 0").await;
    check(&["proxy"], 2, "--upstream <URL>").await;
    check(&["proxy", "--upstream", "chat.example.com"], 2, "give ws://HOST:PORT or wss://").await;
    check(&["proxy", "--upstream", "ws://x", "--keep-secrets"], 2, "--record <FILE>").await;
    check(
        &["proxy", "--upstream", "wss://x", "--upstream-ca", "no/such.pem"],
        1,
        "cannot read the authority's certificate from no/such.pem",
    )
    .await;
    check(&["scenario", "from", "no-such.jsonl"], 1, "cannot read no-such.jsonl").await;
    check(&["scenario", "from", "Cargo.toml"], 1, "Cargo.toml is not a transcript").await;
    check(&["sing"], 2, "unrecognized subcommand 'sing'").await;
    check(&[], 2, "Usage: glimesh-mock <COMMAND>").await;
}

#[tokio::test]
async fn scenarios_are_checked() {
    check(
        &["scenario", "check", "quiet"],
        0,
        "Two quiet minutes with one chat message: 7 steps, 0 rules",
    )
    .await;
    check(&["scenario", "check", "../fixtures/scenarios/reset.yaml"], 0, "The connection is reset")
        .await;
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("wrong.yaml");
    let name = file.to_str().expect("it is UTF-8");
    let wrong = async |text: &str, expected: &str| {
        std::fs::write(&file, format!("title: t\nwhy: w\n{text}\n")).expect("there is room");
        check(&["scenario", "check", "quiet", name], 2, expected).await;
    };
    wrong(
        "timeline:\n  - awiat: {what: join, within: 3s}",
        "  - awiat: {what: join, within: 3s}\n  |     ^",
    )
    .await;
    wrong("timeline: [awiat]", "expected one of await, wait, pause, say, push, send,").await;
    wrong(
        "rules:\n  - {on: {event: x}}",
        "  - {on: {event: x}}\n  |     ^ a rule says what is done",
    )
    .await;
    wrong(
        "rules: [{on: {event: x, nht: 1}}]",
        "unknown field `nht`, expected one of event, topic,",
    )
    .await;
    wrong("rules: [{on: {event: x}, chance: 2}]", "2 is no probability; write one from 0 to 1")
        .await;
    wrong("timeline: [{say: {text: x, times: 0}}]", "0 is not from 1 to 10000").await;
    wrong("timeline: [{frame: {opcode: 16}}]", "16 is not from 0 to 15").await;
    wrong("timeline: [{again: {from: x, times: 2}}]", "no mark \"x\" stands before this `again`")
        .await;
    let again = "{again: {from: x, times: 2}}";
    wrong(&format!("timeline: [{{mark: x}}, {again}, {again}]"), "stands another `again`").await;
    wrong("upgrades: [{refuse: {status: 101}}]", "a status is from 200 to 599").await;
    wrong("tls: broken", "expected one of untrusted_authority, wrong_host,").await;
    wrong("token: short", "the token \"short\" has fewer than 8 bytes").await;
    wrong(
        "replay: {recording: join/norml}",
        "there is no recording \"join/norml\"; did you mean join/normal?",
    )
    .await;
    wrong("replay: {recording: http/batch}", "cannot replay http/batch: it asks for something")
        .await;
    wrong("replay: {recording: join/normal, speed: 0}", "\"0\" is not a speed; write").await;
    wrong("replay: {recording: join/normal, speed: 2, gated: true}", "leave out `speed`").await;
    wrong("replay: {recording: join/normal}\ntimeline: [reset]", "leave out `timeline`").await;
    wrong(
        "upgrades: [{on: {after: x}, delay: 1s}]",
        "a rule is for what comes after \"x\", and the timeline has no such `mark`",
    )
    .await;
    wrong("title: again", "wrong.yaml:3:1").await;
    wrong("colour: red", "error: 1 of 2 scenarios are not valid").await;
    check(&["scenario", "check", "no/such.yaml"], 2, "cannot read the scenario no/such.yaml").await;
    check(&["scenario", "check"], 2, "required arguments were not provided").await;
    let output = command(&["scenario", "list"]).output().await.expect("it starts");
    let list = String::from_utf8_lossy(&output.stdout);
    assert!(list.contains("\nquiet\tTwo quiet minutes with one chat message\n"), "{list}");
}

#[tokio::test]
async fn taken_port_is_said_to_be_taken() {
    let (mut first, _said, port) = start(&["serve"]).await;
    let listen = format!("127.0.0.1:{port}");
    let expected =
        format!("error: cannot start: cannot listen on {listen}; is another server running there?");
    check(&["serve", "--listen", &listen], 1, &expected).await;
    check(&["replay", "--listen", &listen], 1, &expected).await;
    first.kill().await.expect("it runs");
}

#[tokio::test]
async fn signals_end_it_in_order() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let (mut child, _said, port) = start(&["serve"]).await;
        let mut line = open(port).await;
        line.text(HEARTBEAT).await;
        line.next_text().await;
        let pid = child.id().expect("it runs");
        kill(Pid::from_raw(pid.cast_signed()), signal).expect("it runs");
        let closed = Seen::Close { code: Some(1000), reason: String::new() };
        assert_eq!(line.rest().await, [closed], "clients are told");
        drop(line);
        let ended = tokio::time::timeout(SOON, child.wait())
            .await
            .expect("it ends")
            .expect("it can be waited for");
        assert_eq!(ended.code(), Some(0), "after {signal}");
    }
}

#[tokio::test]
async fn orders_are_taken_and_the_end_is_chosen() {
    let (mut child, said, port) = start(&["serve", "--control", "--stop", "kill"]).await;
    let url = format!("orders            POST http://127.0.0.1:{port}/__control__/ACTION\n");
    assert!(said.start.contains(&url), "{}", said.start);
    let mut line = open(port).await;
    let mut order = Line::dial(("127.0.0.1", port)).await;
    let request = "POST /__control__/reset HTTP/1.1\r\nHost: localhost\r\n\r\n";
    order.send(request.as_bytes()).await;
    assert!(matches!(order.next().await, Seen::Http { status: 200, .. }));
    drop(order);
    let pid = child.id().expect("it runs");
    kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM).expect("it runs");
    assert_eq!(line.rest().await, [], "nobody is told");
    drop(line);
    let ended = tokio::time::timeout(SOON, child.wait()).await.expect("it ends");
    assert_eq!(ended.expect("it can be waited for").code(), Some(0));
}

#[tokio::test]
async fn replay_answers_the_documents_frames_byte_for_byte() {
    let (mut child, _said, port) = start(&["replay"]).await;
    let mut line = open(port).await;
    let document = include_str!("../../fixtures/document.yaml");
    let mut compared = 0;
    let mut from = "";
    for entry in document.lines() {
        if let Some(who) = entry.strip_prefix("- from: ") {
            from = who;
        }
        let Some(frame) = entry.strip_prefix("  frame: '").and_then(|rest| rest.strip_suffix('\''))
        else {
            continue;
        };
        if from == "client" {
            line.text(frame).await;
        } else {
            let mut text = line.next_text().await;
            // Whoever posts and is subscribed gets the own message before the reply; the document does not print it.
            if text != frame && text.contains("subscription:data") {
                text = line.next_text().await;
            }
            assert_eq!(text, frame);
            compared += 1;
        }
    }
    assert_eq!(compared, 6);
    // Nothing came that is not printed: the next answer is to this, which the document does not print.
    line.text(r#"["1","9","phoenix","heartbeat",{}]"#).await;
    assert_eq!(
        line.next_text().await,
        r#"["null","9","phoenix","phx_reply",{"response":{},"status":"ok"}]"#
    );
    child.kill().await.expect("it runs");
}

#[tokio::test]
async fn recordings_of_the_real_server_are_replayed_by_their_ids() {
    let args = ["replay", "--recording", "join/normal", "--rate", "100"];
    let (mut child, said, port) = start(&args).await;
    let expected = "replaying 1 connection of join/normal\n";
    assert!(said.start.starts_with(expected), "{}", said.start);
    let mut line = open(port).await;
    line.text(r#"["a","b","__absinthe__:control","phx_join",{}]"#).await;
    assert_eq!(
        line.next_text().await,
        r#"["a","b","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#
    );
    child.kill().await.expect("it runs");
    let expected = "there is no recording \"join/norml\"; did you mean join/normal?";
    check(&["replay", "--recording", "join/norml"], 1, expected).await;
    let expected = "cannot replay frame/big_70000: of a text of 70061 bytes, only the SHA-256";
    check(&["replay", "--recording", "frame/big_70000"], 1, expected).await;
}

#[tokio::test]
async fn session_goes_through_the_proxy_into_a_transcript_a_replay_and_a_scenario() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("session.jsonl");
    let name = file.to_str().expect("it is UTF-8");
    let (mut server, _said, port) = start(&["serve"]).await;
    let upstream = format!("ws://127.0.0.1:{port}");
    let args = ["proxy", "--upstream", &upstream, "--record", name, "--listen", "127.0.0.1:0"];
    let mut proxy = command(&args).spawn().expect("it starts");
    let mut lines = BufReader::new(proxy.stderr.take().expect("it is piped")).lines();
    let mut next = async || {
        let line = tokio::time::timeout(SOON, lines.next_line()).await.expect("it says something");
        line.expect("it can be read").expect("it has not ended")
    };
    assert_eq!(next().await, format!("passing on to     {upstream}"));
    let url = next().await;
    let port = url.strip_prefix("for clients       ws://127.0.0.1:").expect("it says so");
    let port = port.split('/').next().and_then(|port| port.parse().ok()).expect("a port");
    assert_eq!(next().await, format!("transcript        {name}"));
    let mut line = open(port).await;
    line.text(HEARTBEAT).await;
    line.next_text().await;
    line.text("{'event': 'heartbeat'}").await;
    assert_eq!(next().await, "error[J020]: a string in ', where JSON has \"");
    line.rest().await;
    drop(line);
    // One more stands open when the end comes.
    let mut line = open(port).await;
    for child in [&mut proxy, &mut server] {
        let pid = Pid::from_raw(child.id().expect("it runs").cast_signed());
        kill(pid, Signal::SIGTERM).expect("it runs");
        let ended = tokio::time::timeout(SOON, child.wait()).await.expect("it ends");
        assert_eq!(ended.expect("it can be waited for").code(), Some(0));
    }
    assert_eq!(line.rest().await, []);
    let written = std::fs::read_to_string(&file).expect("it was recorded");
    assert!(!written.contains("tok_mytho_chat"), "{written}");

    let output = command(&["scenario", "from", name]).output().await.expect("it starts");
    let made = folder.path().join("made.yaml");
    std::fs::write(&made, &output.stdout).expect("there is room");
    let made = made.to_str().expect("it is UTF-8");
    check(&["scenario", "check", made], 0, "What the server did in the session proxy: ").await;

    let (mut replay, said, port) = start(&["replay", name, "--speed", "100"]).await;
    assert!(said.start.starts_with(&format!("replaying 2 connections of {name}\n")));
    let mut line = open(port).await;
    line.text("{'event': 'heartbeat'}").await;
    assert_eq!(line.rest().await, [Seen::Close { code: Some(1011), reason: String::new() }]);
    replay.kill().await.expect("it runs");
}

#[tokio::test]
async fn proxy_to_a_dead_server_says_so_to_the_client_and_in_its_log() {
    let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let addr = dead.local_addr().expect("it has one");
    drop(dead);
    let args = ["proxy", "--upstream", &format!("ws://{addr}"), "--listen", "127.0.0.1:0"];
    let mut proxy = command(&args).spawn().expect("it starts");
    let mut lines = BufReader::new(proxy.stderr.take().expect("it is piped")).lines();
    let mut until = async |begin: &str| loop {
        let line = tokio::time::timeout(SOON, lines.next_line()).await.expect("it says something");
        let line = line.expect("it can be read").expect("it has not ended");
        if let Some((_, rest)) = line.split_once(begin) {
            return rest.to_owned();
        }
    };
    let port = until("for clients       ws://127.0.0.1:").await;
    let port = port.split('/').next().and_then(|port| port.parse().ok()).expect("a port");
    let mut line = Line::dial(("127.0.0.1", port)).await;
    line.send(upgrade_request("/api/graph/websocket?vsn=2.0.0&token=x").as_bytes()).await;
    let Seen::Http { status: 502, body, .. } = line.next().await else { panic!("no answer") };
    let expected = format!("cannot connect to ws://{addr}: ");
    assert!(body.contains(&expected), "{body}");
    let why = until(&expected).await;
    assert!(why.contains("is the server running there?"), "{why}");
    proxy.kill().await.expect("it runs");
}

#[tokio::test]
async fn start_says_what_is_served() {
    let (mut child, said, port) =
        start(&["serve", "--profile", "phoenix", "--grace", "250ms"]).await;
    child.kill().await.expect("it runs");
    let said = said.start.replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(said, @r#"
    profile phoenix
      limit.body = 8000000
      limit.body_timeout = 5s
      limit.connections = 20000
      limit.head = 65536
      limit.head_timeout = 5s
      limit.held = 4096
      limit.held_bytes = 33554432
      limit.mailbox = 16384
      limit.subscriptions = 10000
      limit.unsent = 8388608
      close.explained = false
      deflate.accepted = false
      frames.as_printed = false
      graph.schema = current
      heartbeat.armed_by = open
      heartbeat.drop = close:1000
      heartbeat.grace = 250ms
      heartbeat.limit = 60s
      heartbeat.reply_first = null
      heartbeat.restarted_by = any
      message.limit = 16777216
    with a token      ws://127.0.0.1:PORT/api/graph/websocket?vsn=2.0.0&token=tok_mytho_chat
    with a client id  ws://127.0.0.1:PORT/api/graph/websocket?vsn=2.0.0&client_id=4d4e4f50-0001-4000-8000-000000000001
    GraphQL over HTTP http://127.0.0.1:PORT/api/graph
    access tokens     http://127.0.0.1:PORT/api/oauth/token
    metrics           http://127.0.0.1:PORT/metrics
    "#);
}

#[tokio::test]
async fn every_row_of_the_profile_has_a_flag_that_goes_before_the_scenario() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("own.yaml");
    let scenario = "title: t\nwhy: w\nsettings: {heartbeat.limit: 40s, heartbeat.grace: 1s}\n";
    std::fs::write(&file, scenario).expect("there is room");
    let file = file.to_str().expect("it is UTF-8");
    let flags = [
        ["--heartbeat-limit", "45s", "heartbeat.limit = 45s"],
        ["--heartbeat-restarted-by", "any", "heartbeat.restarted_by = any"],
        ["--heartbeat-armed-by", "join", "heartbeat.armed_by = join"],
        ["--heartbeat-drop", "close:4000:too late", "heartbeat.drop = close:4000:too late"],
        ["--heartbeat-reply-first", "\"null\"", "heartbeat.reply_first = \"null\""],
        ["--graph-schema", "current", "graph.schema = current"],
        ["--message-limit", "1000", "message.limit = 1000"],
    ];
    let words = flags.iter().flat_map(|[flag, value, _]| [*flag, *value]);
    let words: Vec<_> =
        ["serve", "--accept-deflate", "--as-printed", "--explain-closes", "--scenario", file]
            .into_iter()
            .chain(words)
            .collect();
    let (mut child, said, _) = start(&words).await;
    child.kill().await.expect("it runs");
    let others = [
        "close.explained = true",
        "deflate.accepted = true",
        "frames.as_printed = true",
        "heartbeat.grace = 1s",
    ];
    for line in flags.iter().map(|[_, _, line]| *line).chain(others) {
        assert!(said.start.contains(&format!("  {line}\n")), "{line} is not in {}", said.start);
    }
    let wrong = ["serve", "--heartbeat-armed-by", "upgrade"];
    check(&wrong, 2, "\"upgrade\" is none of open, join, heartbeat").await;
}

#[tokio::test]
async fn start_with_tls_says_what_to_trust_ready_to_paste() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("the ca.pem");
    let path = path.to_str().expect("it is UTF-8");
    let mut child = command(&["serve", "--listen", "127.0.0.1:0", "--tls", "--ca-file", path])
        .args(["--handshake-timeout", "2s"])
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let mut said = Vec::new();
    while said.last().is_none_or(|line: &String| !line.starts_with("  export")) {
        let line = tokio::time::timeout(SOON, lines.next_line()).await.expect("it says so");
        said.push(line.expect("it can be read").expect("it has not ended"));
    }
    child.kill().await.expect("it runs");
    let has = |begin: &str| said.iter().any(|line| line.starts_with(begin));
    assert!(has("  tls.handshake_timeout = 2s"), "{said:#?}");
    assert!(has("with a token      wss://127.0.0.1:"), "{said:#?}");
    assert!(has("GraphQL over HTTP https://127.0.0.1:"), "{said:#?}");
    let export = said.last().expect("there is one").replace(path, "PATH");
    assert_eq!(
        export,
        "  export SSL_CERT_FILE='PATH' NODE_EXTRA_CA_CERTS='PATH' REQUESTS_CA_BUNDLE='PATH'"
    );
    let pem = std::fs::read_to_string(path).expect("it is there");
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    check(&["serve", "--ca-file", path], 2, "required arguments were not provided").await;
    check(&["serve", "--tls", "--ca-file", "no/such/ca.pem"], 1, "no/such/ca.pem").await;
}

#[tokio::test]
async fn replay_speaks_tls_with_a_client_that_trusts_its_authority() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("ca.pem");
    let file = path.to_str().expect("it is UTF-8");
    let (mut child, said, port) = start(&["replay", "--tls", "--ca-file", file]).await;
    assert!(said.start.contains("with a token      wss://127.0.0.1:"), "{}", said.start);
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
    let trust = Trust::file(&path).expect("it names the authority");
    let stream = trust.connect("localhost", stream).await.expect("the certificate is good");
    let mut line = Line::over(stream, false);
    line.send(upgrade_request("/api/graph/websocket?vsn=2.0.0&token=tok_mytho_chat").as_bytes())
        .await;
    assert!(matches!(line.next().await, Seen::Http { status: 101, .. }));
    line.text(HEARTBEAT).await;
    assert_eq!(
        line.next_text().await,
        r#"["null","1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#
    );
    child.kill().await.expect("it runs");
    check(&["replay", "--ca-file", file], 2, "required arguments were not provided").await;
}

#[tokio::test]
async fn world_of_ones_own_is_served() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("world.json");
    let name = file.to_str().expect("it is UTF-8");
    std::fs::write(&file, OWN_WORLD).expect("there is room");
    let (mut child, said, port) = start(&["serve", "--world", name]).await;
    assert!(said.start.contains("&token=tok_ada"), "{}", said.start);
    assert!(said.start.contains("&client_id=00000000-0000-4000-8000-000000000001"));
    let mut line =
        Line::open(("127.0.0.1", port), "/api/graph/websocket?vsn=2.0.0&token=tok_ada").await;
    line.text(r#"["1","1","__absinthe__:control","phx_join",{}]"#).await;
    line.next_text().await;
    line.text(r#"["1","2","__absinthe__:control","doc",{"query":"{myself{username} channel(id:3){title}}"}]"#)
        .await;
    let answer = line.next_text().await;
    assert!(
        answer.contains(r#"{"channel":{"title":"Engines"},"myself":{"username":"ada"}}"#),
        "{answer}"
    );
    child.kill().await.expect("it runs");
}

#[tokio::test]
async fn faults_of_a_world_are_named_with_their_place() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("world.json");
    let name = file.to_str().expect("it is UTF-8");
    let wrong = OWN_WORLD.replace("\"streamerId\"", "\"streamer\"");
    std::fs::write(&file, wrong).expect("there is room");
    let expected =
        format!("{name}:15:22: unknown field `streamer`, expected one of `id`, `streamerId`, ");
    check(&["serve", "--world", name], 1, &expected).await;
    std::fs::write(&file, OWN_WORLD.replace("\"userId\": 7", "\"userId\": 8"))
        .expect("there is room");
    let expected = format!("error: {name}:6:35: there is no user 8; there are 7");
    check(&["serve", "--world", name], 1, &expected).await;
    check(&["serve", "--world", "nowhere.json"], 1, "cannot read the world nowhere.json").await;
}

/// The least that a world may be.
const OWN_WORLD: &str = r#"{
 "host": "http://localhost",
 "madeAt": "2026-01-01T00:00:00",
 "firstNewFollowerId": 1,
 "clients": ["00000000-0000-4000-8000-000000000001"],
 "tokens": {"tok_ada": {"userId": 7, "scopes": ["public", "chat"]}},
 "users": [
  {"id": 7, "username": "ada", "displayname": "Ada", "email": "ada@example.test",
   "isAdmin": false, "isBanned": false, "avatar": "/ada.png"}
 ],
 "categories": [{"id": 1, "name": "Tech", "slug": "tech"}],
 "edge": {"id": 1, "hostname": "edge", "url": "http://localhost", "priority": 1,
          "available": 1, "countryCodes": []},
 "channels": [
  {"id": 3, "streamerId": 7, "categoryId": 1, "tagIds": [], "status": "OFFLINE",
   "language": "en", "backend": "ftl", "hmacKey": "k", "streamKey": "3-k",
   "title": "Engines", "matureContent": false, "showOnHomepage": false,
   "inaccessible": false, "disableHyperlinks": false, "blockLinks": false,
   "requireConfirmedEmail": false, "minimumAccountAge": 0,
   "showRecentChatMessagesOnly": false}
 ]
}
"#;

#[tokio::test]
async fn refused_client_is_told_why_in_the_log_without_colour() {
    let (mut child, said, port) = start(&["serve"]).await;
    let mut line = Line::dial(("127.0.0.1", port)).await;
    line.send(upgrade_request("/api/graph/websocket?vsn=2.0.0&token=TOKEN_HERE").as_bytes()).await;
    assert!(matches!(line.next().await, Seen::Http { status: 403, .. }));
    child.kill().await.expect("it runs");
    let rest = tokio::time::timeout(SOON, said.rest).await.expect("it ends").expect("it reads");
    let [line] = &rest[..] else { panic!("expected one line: {rest:?}") };
    assert!(
        line.contains("refused with 403: the token is not known: it is the document's placeholder"),
        "{line}"
    );
    assert!(!line.contains('\x1b'), "{line}");
}

/// Runs the program to its end.
async fn check(args: &[&str], code: i32, expected: &str) {
    let mut command = command(args);
    let output =
        tokio::time::timeout(SOON, command.output()).await.expect("it ends").expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    assert!(said.contains(expected), "{args:?} says:\n{said}\nwithout:\n{expected}");
    assert!(output.stdout.is_empty(), "stdout is for data");
}

/// What a server said on stderr.
struct Said {
    start: String,
    rest: JoinHandle<Vec<String>>,
}

/// Starts a server on a free port; gives it, what it said, and the port.
async fn start(args: &[&str]) -> (Child, Said, u16) {
    let mut child = command(args).args(["--listen", "127.0.0.1:0"]).spawn().expect("it starts");
    let stderr: ChildStderr = child.stderr.take().expect("it is piped");
    let mut lines = BufReader::new(stderr).lines();
    let mut said = String::new();
    loop {
        let line =
            tokio::time::timeout(SOON, lines.next_line()).await.expect("it says where it listens");
        let line = line.expect("it can be read").expect("it has not ended");
        said.push_str(&line);
        said.push('\n');
        let metrics = line.strip_prefix("metrics           ");
        if let Some((_, rest)) = metrics.and_then(|url| url.split_once("://127.0.0.1:")) {
            let port = rest.split('/').next().and_then(|port| port.parse().ok());
            // Whoever says something later must not wait for us.
            let rest = tokio::spawn(async move {
                let mut rest = Vec::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    rest.push(line);
                }
                rest
            });
            return (child, Said { start: said, rest }, port.expect("a port stands there"));
        }
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glimesh-mock"));
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn open(port: u16) -> Line {
    Line::open(("127.0.0.1", port), "/api/graph/websocket?vsn=2.0.0&token=tok_mytho_chat").await
}
