//! The command as people use it: every kind of input, every kind of output, exit codes, mending.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers are tests, too")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use glimesh_conformance::lint::{Input, InputKind, Options, Places, human, json, lint, sarif};
use serde_json::Value;

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(path)
}

fn command(args: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_glimesh-conformance"))
        .arg("lint")
        .args(args)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who is told a file reads nothing.
    child.stdin.take().unwrap().write_all(stdin).ok();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a person sees, without colours.
fn seen(name: &str, bytes: &[u8]) -> String {
    let input = Input::read(name.to_owned(), bytes, None).unwrap();
    let report = lint(&input, &Options::default()).unwrap();
    let mut out = anstream::StripStream::new(Vec::new());
    human(&report, &Places::new(&input), &mut out).unwrap();
    text(&out.into_inner())
}

fn seen_file(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap();
    seen(name, &fs::read(fixture(path)).unwrap())
}

#[test]
fn the_three_mistakes_of_the_document_lead_to_their_mending() {
    let double = seen("frame.json", br#""[\"1\",\"1\",\"__absinthe__:control\",\"phx_join\",{}]""#);
    insta::assert_snapshot!(double, @r#"
error[F001]: expected an array, found a string that holds one
 --> frame.json:1:1
  |
1 | "[\"1\",\"1\",\"__absinthe__:control\",\"phx_join\",{}]"
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: send the inside of the string: encode the array once, not twice
  = server: closes the connection with 1011, without a reason
  = mended: ["1","1","__absinthe__:control","phx_join",{}]

1 error in 1 message (frame)
more: glimesh-conformance explain F001
"#);
    let unescaped = br#"["1","1","__absinthe__:control","doc",{"query":"mutation {createChatMessage(channelId:6, message: {message: "Hello There!"}) {message }}","variables":{}}]"#;
    insta::assert_snapshot!(seen("frame.json", unescaped), @r#"
error[J027]: this quote ends the string too early: it lacks its backslash
 --> frame.json:1:109
  |
1 | …nnelId:6, message: {message: "Hello There!"}) {message }}","variables":{}}]
  |                               ^                           - (1)
  |
  = (1): the string probably ends here
  = help: write \" for each quote inside the string, or hand the text over in
          variables
  = server: closes the connection with 1011, without a reason
  = mended: ["1","1","__absinthe__:control","doc",{"query":"mutation {createChatMessage(channelId:6, message: {message: \"Hello There!\"}) {message }}","variables":{}}]

1 error in 1 message (frame)
more: glimesh-conformance explain J027
"#);
    let numeric = seen("frame.json", br#"[1,1,"__absinthe__:control","phx_join",{}]"#);
    insta::assert_snapshot!(numeric, @r#"
error[F008]: expected a string as join ref, found a number
 --> frame.json:1:2
  |
1 | [1,1,"__absinthe__:control","phx_join",{}]
  |  ^
  |
  = help: surround it with double quotes
  = server: accepts it

error[F008]: expected a string as ref, found a number
 --> frame.json:1:4
  |
1 | [1,1,"__absinthe__:control","phx_join",{}]
  |    ^
  |
  = help: surround it with double quotes
  = server: accepts it
  = mended: ["1","1","__absinthe__:control","phx_join",{}]

2 errors in 1 message (frame)
more: glimesh-conformance explain F008
"#);
}

#[test]
fn a_har_of_chrome() {
    insta::assert_snapshot!(seen_file("lint/captures/chat.har"), @r#"
warning[G003]: valid only on the older API: Cannot query field "avatar" on type
               "User"
 --> chat.har: connection 1, message 3 from the client, at 0.335 s
  |
1 | …age(channelId: 6) { user { username avatar } message } }","variables":{} }]
  |                                      ^^^^^^
  |
  = help: write avatarUrl, as the current API calls it
  = server: answers it by the older API (the deployed server: with status
            "error")

error[F008]: expected a string as ref, found a number
 --> chat.har: connection 1, message 5 from the client, at 0.636 s
  |
1 | [null,3,"phoenix","heartbeat",{}]
  |       ^
  |
  = help: surround it with double quotes
  = server: accepts it
  = mended: [null,"3","phoenix","heartbeat",{}]

error[J027]: this quote ends the string too early: it lacks its backslash
 --> chat.har: connection 1, message 7 from the client, at 0.936 s
  |
1 | …nnelId:6, message: {message: "Hello There!"}) {message }}","variables":{}}]
  |                               ^                           - (1)
  |
  = (1): the string probably ends here
  = help: write \" for each quote inside the string, or hand the text over in
          variables
  = server: closes the connection with 1011, without a reason
  = mended: ["1","4","__absinthe__:control","doc",{"query":"mutation {createChatMessage(channelId:6, message: {message: \"Hello There!\"}) {message }}","variables":{}}]

2 errors, 1 warning in 7 messages (har)
more: glimesh-conformance explain F008 | G003 | J027
"#);
}

#[test]
fn a_log_with_frames_in_it() {
    insta::assert_snapshot!(seen_file("lint/chat.log"), @r#"
error[G002]: Cannot query field "mesage" on type "ChatMessage"
 --> chat.log:4:158
  |
4 | …:"subscription{ chatMessage(channelId: 6) { user { username } mesage } }"}]
  |                                                                ^^^^^^
  |
  = help: did you mean "message"?
  = server: answers with status "error"

error[F008]: expected a string as ref, found a number
 --> chat.log:6:45
  |
6 | [null,3,"phoenix","heartbeat",{}]
  |       ^
  |
  = help: surround it with double quotes
  = server: accepts it
  = mended: [null,"3","phoenix","heartbeat",{}]

error[S001]: the heartbeat came 35.120 s after the open
 --> chat.log:6:39
  |
6 | [null,3,"phoenix","heartbeat",{}]
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: send [null,REF,"phoenix","heartbeat",{}] every 25 s, whatever else is
          sent
  = server: closes the connection with 1000, without a reason

3 errors in 6 messages (log)
more: glimesh-conformance explain F008 | G002 | S001
"#);
}

#[test]
fn a_url() {
    let url = b"wss://glimesh.tv/api/graph/websocket?vsn=2.0.0token=5ecr3t";
    insta::assert_snapshot!(seen("url.txt", url), @r#"
error[U005]: no & between vsn and token
 --> url.txt:1:47
  |
1 | wss://glimesh.tv/api/graph/websocket?vsn=2.0.0token=xxxxxx
  |                                          -----^----------- (1)
  |
  = (1): all of this is the value of vsn
  = help: write & before token
  = server: refuses the upgrade with HTTP 403
  = mended: wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=xxxxxx

1 error in 1 URL (url)
more: glimesh-conformance explain U005
"#);
}

#[test]
fn captures_of_tcpdump_and_tshark_hold_the_same() {
    for name in ["chat.pcap", "chat.pcapng"] {
        let bytes = fs::read(fixture("lint/captures").join(name)).unwrap();
        let input = Input::read(name.to_owned(), &bytes[..], None).unwrap();
        assert_eq!(input.kind, InputKind::Capture);
        let report = lint(&input, &Options::default()).unwrap();
        let codes: Vec<_> = report.findings.iter().map(|finding| finding.code.id).collect();
        assert_eq!(codes, ["G002", "G002", "G002", "F008", "F001", "F014"], "{name}");
        assert_eq!(report.connections, 3);
        assert_eq!(report.notes, [""; 0]);
    }
}

#[test]
fn a_long_line_fits_on_the_terminal() {
    let filler = "x".repeat(32 * 1024);
    let frame =
        format!(r#"["1","2","__absinthe__:control","doc",{{"query":"{filler}"say"{filler}"}}]"#);
    let shown = seen("long.json", frame.as_bytes());
    assert!(shown.contains("error[J027]"));
    for line in shown.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_transcript_of_the_kit() {
    let header = r#"{"format":1,"session":"s","scenario":"s","profile":"glimesh","settings":{},"clock":{"mode":"real","rate":1},"given":{"auth":"token","channel_id":"6"}}"#;
    let upgrade = r#"{"at_ms":0,"conn":1,"what":{"kind":"upgrade","method":"GET","path":"/api/graph/websocket","query":[["vsn","2.0.0"],["token","<token>"]],"headers":[],"status":101}}"#;
    let say = |at: u64, from: &str, data: &str| {
        let len = data.len();
        let data = Value::from(data);
        format!(
            r#"{{"at_ms":{at},"conn":1,"what":{{"kind":"text","from":"{from}","data":{data},"len":{len}}}}}"#
        )
    };
    let beat = say(20_000, "client", r#"[null,"1","phoenix","heartbeat",{}]"#);
    let answer =
        say(20_010, "server", r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#);
    let close = r#"{"at_ms":21000,"conn":1,"what":{"kind":"close","from":"server","code":1012,"reason":""}}"#;
    let codes = |lines: &[&str]| {
        let bytes = lines.join("\n") + "\n";
        let input = Input::read("t.jsonl".to_owned(), bytes.as_bytes(), None).unwrap();
        assert_eq!(input.kind, InputKind::Transcript);
        let report = lint(&input, &Options::default()).unwrap();
        report.findings.iter().map(|finding| finding.code.id).collect::<Vec<_>>()
    };
    assert_eq!(codes(&[header, upgrade, &beat, &answer]), ["S010"]);
    let join = say(1, "client", r#"["1","1","__absinthe__:control","phx_join",{}]"#);
    let joined = say(
        2,
        "server",
        r#"["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#,
    );
    assert_eq!(codes(&[header, upgrade, &join, &joined, &beat, &answer, close]), ["S011"]);
}

#[test]
fn exit_codes_say_what_came_of_it() {
    let good = br#"["1","1","__absinthe__:control","phx_join",{}]"#;
    let code = |args: &[&str], stdin: &[u8]| command(args, stdin).status.code();
    assert_eq!(code(&[], good), Some(0));
    assert_eq!(code(&["-"], good), Some(0));
    assert_eq!(code(&["-"], b"[1,1,\"__absinthe__:control\",\"phx_join\",{}]"), Some(1));
    assert_eq!(
        code(&["--profile", "phoenix"], b"[1,1,\"__absinthe__:control\",\"phx_join\",{}]"),
        Some(0)
    );
    assert_eq!(code(&["no-such-file"], b""), Some(2));
    assert_eq!(code(&["--input", "har"], b"{}"), Some(2));
    assert_eq!(code(&["--input", "capture"], b"junk"), Some(2));
    assert_eq!(code(&["--fix", "--input", "log"], good), Some(2));
}

#[test]
fn json_has_its_shape() {
    let ran = command(&["--format", "json"], b"[null,3,\"phoenix\",\"heartbeat\",{}]\n");
    insta::assert_snapshot!(text(&ran.stdout), @r#"
{
  "format": 1,
  "input": {
    "name": "<stdin>",
    "kind": "frame"
  },
  "profile": "glimesh",
  "messages": 1,
  "connections": 1,
  "counts": {
    "errors": 1,
    "warnings": 0,
    "notes": 0
  },
  "findings": [
    {
      "code": "F008",
      "slug": "ref-not-string",
      "severity": "error",
      "message": "expected a string as ref, found a number",
      "help": "surround it with double quotes",
      "server": "accepts it",
      "said": null,
      "clause": "GCW-FR-04",
      "connection": 1,
      "number": 1,
      "from": "client",
      "at_ms": null,
      "place": {
        "line": 1,
        "column": 7,
        "end_line": 1,
        "end_column": 8,
        "bytes": [
          6,
          7
        ]
      },
      "span": [
        6,
        7
      ],
      "text": "[null,3,\"phoenix\",\"heartbeat\",{}]",
      "labels": [],
      "fix": "[null,\"3\",\"phoenix\",\"heartbeat\",{}]"
    }
  ],
  "untold": 0,
  "notes": []
}
"#);
}

#[test]
fn sarif_is_sarif() {
    let schema = fs::read(fixture("sarif-2.1.0.schema.json")).unwrap();
    let mut schema: Value = serde_json::from_slice(&schema).unwrap();
    // A pattern with a bracket that closes nothing, of a member that is not written.
    for holder in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][holder]["properties"]["language"];
        assert!(language.as_object_mut().unwrap().remove("pattern").is_some());
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    for path in
        ["lint/captures/chat.har", "lint/captures/chat.pcap", "lint/chat.log", "lint/documents.txt"]
    {
        let bytes = fs::read(fixture(path)).unwrap();
        let input = Input::read(path.to_owned(), &bytes[..], None).unwrap();
        let report = lint(&input, &Options::default()).unwrap();
        let mut out = Vec::new();
        sarif(&report, &Places::new(&input), &mut out).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        let complaints: Vec<_> = validator.iter_errors(&value).map(|one| one.to_string()).collect();
        assert_eq!(complaints, Vec::<String>::new(), "{path}");
        let mut wrong = value;
        wrong["runs"][0]["results"][0]["level"] = "fatal".into();
        assert!(!validator.is_valid(&wrong), "{path}");
        let log: serde_sarif::sarif::Sarif = serde_json::from_slice(&out).unwrap();
        let results = log.runs[0].results.as_ref().unwrap();
        assert_eq!(results.len(), report.findings.len(), "{path}");
    }
}

#[test]
fn places_lead_into_the_file() {
    let bytes = fs::read(fixture("lint/chat.log")).unwrap();
    let input = Input::read("chat.log".to_owned(), &bytes[..], None).unwrap();
    let report = lint(&input, &Options::default()).unwrap();
    let mut out = Vec::new();
    json(&report, &Places::new(&input), &mut out).unwrap();
    let written: Value = serde_json::from_slice(&out).unwrap();
    let place = &written["findings"][0]["place"];
    let byte = |index: usize| usize::try_from(place["bytes"][index].as_u64().unwrap()).unwrap();
    assert_eq!(text(&bytes[byte(0)..byte(1)]), "mesage");
    assert_eq!(place["line"], 4);
}

#[test]
fn credentials_are_in_no_output() {
    let har = fs::read_to_string(fixture("lint/captures/chat.har")).unwrap();
    let har = har.replace("vsn=2.0.0&token=tok_mytho_chat", "vsn=2.0.0token=pl4nted-s3cret");
    let url = "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&accessToken=pl4nted-s3cret";
    for (input, bytes) in [("har", har.as_bytes()), ("url", url.as_bytes())] {
        for format in ["human", "json", "sarif"] {
            let ran = command(&["--input", input, "--format", format], bytes);
            assert_eq!(ran.status.code(), Some(1));
            let all = text(&ran.stdout) + &text(&ran.stderr);
            assert!(!all.contains("pl4nted") && !all.contains("s3cret"), "{input} {format}\n{all}");
        }
    }
}

#[test]
fn a_wrong_argument_is_told_what_was_probably_meant() {
    let frame = br#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channel:6){message}}"}]"#;
    let told = text(&command(&[], frame).stdout);
    assert!(told.contains("error[G004]: Unknown argument \"channel\""), "{told}");
    assert!(told.contains("help: did you mean \"channelId\"?"), "{told}");
}

#[test]
fn mending_touches_only_what_is_certain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.txt");
    let before = "> [1,1,\"__absinthe__:control\",\"phx_join\",{},]\r\n# a comment\n> {\"query\":\"{myself{id}}\"}\n";
    fs::write(&path, before).unwrap();
    let ran = command(&["--fix", path.to_str().unwrap()], b"");
    let after = "> [\"1\",\"1\",\"__absinthe__:control\",\"phx_join\",{}]\r\n# a comment\n> {\"query\":\"{myself{id}}\"}\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), after);
    // What remains is told.
    assert_eq!(ran.status.code(), Some(1));
    assert!(text(&ran.stdout).contains("F004"));
    assert_eq!(text(&ran.stderr), format!("1 place mended in {}\n", path.display()));
    let again = command(&["--fix", path.to_str().unwrap()], b"");
    assert_eq!(text(&again.stderr), format!("nothing to mend for certain in {}\n", path.display()));
    let piped = command(&["--fix"], b"[null,3,\"phoenix\",\"hearbeat\",{}]");
    assert_eq!(text(&piped.stdout), r#"[null,"3","phoenix","heartbeat",{}]"#);
    assert_eq!(piped.status.code(), Some(0));
}

#[test]
fn explain_knows_what_was_meant() {
    let explain = |code: &str| {
        let program = env!("CARGO_BIN_EXE_glimesh-conformance");
        Command::new(program).args(["explain", code]).env("NO_COLOR", "1").output().unwrap()
    };
    insta::assert_snapshot!(text(&explain("g003").stdout), @r#"
G003  a document that is valid only on the older API
  Severity  warning (phoenix: error)
  Name      older-api-only
  Points at what the current API does not know
  Server    accepts it (profile phoenix: answers with status "error")

What
  The protocol document's examples were written for the older API (/api/socket):
  user { avatar }, and followers(streamerUsername: ..) without edges. The
  current API, at /api/graph, has other names for them.

Why
  The server as it was deployed refused them. The mock's profiles glimesh and
  literal answer by the older API, so that the document's examples work.

Wrong
  ["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){user{avatar}}}"}]

Right
  ["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){user{avatarUrl}}}"}]

Clause
  GCW-SB-04  Subscribe: event doc on the control topic, payload with query
             holding a subscription document.

In JavaScript (phoenix.js)
  const query = "subscription($id: ID) { chatMessage(channelId: $id) { user { username } message } }";
  channel.push("doc", { query, variables: { id: "6" } })
    .receive("ok", ({ subscriptionId }) => ids.add(subscriptionId))
    .receive("error", ({ errors }) => console.log(errors));
  // phoenix.js drops what comes on a subscription's topic, unless somebody looks at it:
  socket.onMessage(({ event, payload }) => event === "subscription:data" && show(payload.result));

In Python (websockets)
  query = "subscription($id: ID) { chatMessage(channelId: $id) { user { username } message } }"
  payload = {"query": query, "variables": {"id": "6"}}
  await socket.send(json.dumps([join_ref, msg_ref, "__absinthe__:control", "doc", payload]))
  async for text in socket:
      _, ref, topic, event, payload = json.loads(text)
      if event == "phx_reply" and ref == msg_ref and payload["status"] != "ok":
          raise ValueError(payload["response"]["errors"])
      if event == "subscription:data":
          show(payload["subscriptionId"], payload["result"])

In Rust (tokio-tungstenite)
  let query = "subscription($id: ID) { chatMessage(channelId: $id) { user { username } message } }";
  let payload = json!({"query": query, "variables": {"id": "6"}});
  let frame = json!([join_ref, msg_ref, "__absinthe__:control", "doc", payload]);
  socket.send(Message::text(frame.to_string())).await?;
  while let Some(message) = socket.next().await {
      let frame: Value = serde_json::from_str(message?.to_text()?)?;
      match frame[3].as_str() {
          Some("phx_reply") if frame[4]["status"] != "ok" => return Err(frame.to_string().into()),
          Some("subscription:data") => println!("{}", frame[4]["result"]),
          _ => {}
      }
  }
"#);
    let unknown = explain("singel-quotes");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("did you mean single-quotes"), "{unknown:?}");
}
