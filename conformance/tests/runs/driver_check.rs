//! `driver check` finds nothing wrong with the adapters of `examples/drivers`, and explains what is wrong with one that
//! is bent.
//!
//! The adapter in Rust is always there; those in JavaScript and Python are installed by `.ci/run`, which sets
//! `GLIMESH_JUDGE_NODE` and `GLIMESH_JUDGE_PYTHON`.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers are tests, too")]

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use glimesh_conformance::driver::check::{Examined, examine, human};
use glimesh_mock::MockServer;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, duplex, split};
use tokio::process::Command;

/// The adapter itself, the file that people copy.
mod adapter {
    include!("../../../examples/drivers/tungstenite-rs/src/main.rs");

    pub(super) fn play() {
        main();
    }
}

/// In the environment of the process that is the adapter.
const PLAYED: &str = "DRIVER_CHECK_PLAYED";

const PREFIX: &str = "@gck ";

/// How long a reply may take, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// No test of its own: the tests start it in a process of its own.
#[test]
fn plays_the_adapter() {
    if std::env::var_os(PLAYED).is_some() {
        // The harness has begun a line; what the adapter says begins with the next one.
        std::io::stdout().write_all(b"\n").unwrap();
        adapter::play();
    }
}

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

#[tokio::test]
async fn what_cannot_be_read_is_shown_where_it_stands() {
    let quoted = examine_scripted(|request| vec![right(request).replace('"', "'")]);
    let pretty = examine_scripted(|request| {
        let json = json_of(&right(request)).unwrap();
        let pretty = serde_json::to_string_pretty(&json).unwrap();
        format!("{PREFIX}{pretty}").lines().map(str::to_owned).collect()
    });
    let in_doubles = examine_scripted(|request| {
        vec![right(request).replace("9007199254740991", "9.007199254740991e15")]
    });
    let unknown_kind = examine_scripted(|request| vec![right(request).replace("usage", "network")]);
    let all = [quoted.await, pretty.await, in_doubles.await, unknown_kind.await];
    insta::assert_snapshot!(explained(&all), @r#"
    error[not-json]: the line is not JSON: key must be a string
     --> the adapter's standard output:1
      |
    1 | @gck {'id':1,'ok':{'client':{'language':'rust','name':'scripted','version':…
      |       ^
      |
      = contract: a line that begins with "@gck " goes on with one JSON object,
                  and ends with it
      = help: write one JSON object on one line, with a JSON library, and flush it
      = lines: 4 more: 2 3 4 5

    5 steps taken, 1 skipped: 5 errors

    ===

    error[not-json]: the line is not JSON: EOF while parsing an object
     --> the adapter's standard output:1
      |
    1 | @gck {
      |      ^
      |
      = contract: a line that begins with "@gck " goes on with one JSON object,
                  and ends with it
      = help: write one JSON object on one line, with a JSON library, and flush it
      = lines: 4 more: 16 20 27 34

    5 steps taken, 1 skipped: 5 errors

    ===

    error[wrong-id]: the id is not an integer
     --> the adapter's standard output:3
      |
    3 | …rror":{"kind":"usage","message":"no connection"},"id":9.007199254740991e15}
      |                                                        ^^^^^^^^^^^^^^^^^^^^
      |
      = contract: each request is answered once, with its own id as the same JSON
                  number
      = help: a reply repeats its request's id as the same JSON number, without
              quotes

    5 steps taken, 1 skipped: 1 error

    ===

    error[wrong-field]: unknown variant `network`, expected one of `transport`,
                        `handshake`, `auth`, `timeout`, `server`, `decode`,
                        `closed`, `usage`, `internal`
     --> the adapter's standard output:3
      |
    3 | …"error":{"kind":"network","message":"no connection"},"id":9007199254740991}
      |                          ^
      |
      = contract: fields have the names and types of fixtures/driver.schema.json
      = lines: 1 more: 4

    5 steps taken, 1 skipped: 2 errors
    "#);
}

#[tokio::test]
async fn what_is_said_at_the_wrong_time_is_explained() {
    let twice = examine_scripted(|request| {
        let again = request["op"] == "join";
        vec![right(request); if again { 2 } else { 1 }]
    });
    let silent =
        examine_patiently(Duration::from_secs(8), |request| match request["op"].as_str() {
            Some("juggle") => vec!["KeyError: 'juggle'".to_owned()],
            _ => vec![right(request)],
        });
    let gone = examine_scripted(|request| match request["op"].as_str() {
        Some("state") => vec!["Traceback".to_owned(), LEAVES.to_owned()],
        _ => vec![right(request)],
    });
    insta::assert_snapshot!(explained(&[twice.await, silent.await, gone.await]), @r#"
    error[wrong-id]: no request with the id 2 waits for a reply
     --> the adapter's standard output:5
      |
    5 | @gck {"error":{"kind":"usage","message":"no connection"},"id":2}
      |                                                               ^
      |
      = contract: each request is answered once, with its own id as the same JSON
                  number
      = help: reply once to each request, with its own id

    5 steps taken, 1 skipped: 1 error

    ===

    error[unanswered]: no reply to this request in 8 s
     |
     = asked: {"balls":3,"op":"juggle"}
     = contract: every request is answered once, in time, with its own id
     = help: write the reply as one line, with the prefix "@gck ", and flush it;
             answer an op that is not there with unsupported
     = log: KeyError: 'juggle'

    5 steps taken, 1 skipped: 1 error

    ===

    error[gone]: the adapter's output ended, and this was not answered
     |
     = asked: {"conn":"nobody","op":"state","since":{"ever":[1,null]}}
     = contract: an adapter lives until it has answered bye, or its input ends
     = help: read requests until bye, or until standard input ends; the log may
             say why it ended
     = log: Traceback

    3 steps taken, 3 skipped: 1 error
    "#);
}

#[tokio::test]
async fn what_is_answered_wrongly_is_explained() {
    let eager = examine_scripted(|request| match request["op"].as_str() {
        Some("hello") => vec![right(request)],
        _ => vec![answer(request, json!({"ok": {}}))],
    });
    let vague = examine_scripted(|request| match request["op"].as_str() {
        Some("hello") => vec![answer(request, hello(&["subcribe", "join"]))],
        Some("join") => vec![answer(request, json!({"unsupported": "it joins by itself"}))],
        _ => vec![right(request).replace("usage", "internal")],
    });
    let nameless = examine_scripted(|request| match request["op"].as_str() {
        Some("hello") => vec![answer(request, json!({"ok": {"protocol": 1, "ops": []}}))],
        _ => vec![right(request)],
    });
    let newer = examine_scripted(|request| match request["op"].as_str() {
        Some("hello") => vec![right(request).replace("\"protocol\":1", "\"protocol\":2")],
        _ => vec![right(request)],
    });
    let all = [eager.await, vague.await, nameless.await, newer.await];
    insta::assert_snapshot!(explained(&all), @r#"
    error[wrong-outcome]: an unknown op is answered with unsupported
     --> the adapter's standard output:2
      |
    2 | @gck {"id":9007199254740990,"ok":{}}
      |                                  ^^
      |
      = asked: {"balls":3,"op":"juggle"}
      = contract: ok: it was done; error: it was tried and failed; unsupported:
                  this client has nothing for it, which is also the reply to an
                  unknown op
      = help: let the last branch of the dispatch answer {"id": 7, "unsupported":
              "no such op"}

    error[wrong-ok]: a connection that was never opened is closed
     --> the adapter's standard output:3
      |
    3 | @gck {"id":9007199254740991,"ok":{}}
      |                                  ^^
      |
      = asked: {"conn":"nobody","op":"state","since":{"ever":[1,null]}}
      = contract: ok holds what the request asks for: hello who the adapter is,
                  subscribe the subscription_id, state the state, query the
                  server's response; else it is {}
      = help: answer an error of the kind usage, or the state closed

    error[wrong-outcome]: a join without a connection cannot succeed
     --> the adapter's standard output:4
      |
    4 | @gck {"id":2,"ok":{}}
      |                   ^^
      |
      = asked: {"op":"join","conn":"nobody"}
      = contract: ok: it was done; error: it was tried and failed; unsupported:
                  this client has nothing for it, which is also the reply to an
                  unknown op
      = help: answer {"id": 7, "error": {"kind": "usage", "message": "no
              connection"}}

    5 steps taken, 1 skipped: 3 errors

    ===

    warning[wrong-ok]: hello claims "subcribe", which is never asked for
     --> the adapter's standard output:1
      |
    1 | …","name":"scripted","version":"1"},"ops":["subcribe","join"],"protocol":1}}
      |                                           ^^^^^^^^^^^^^^^^^^^
      |
      = asked: {"op":"hello","protocol":1,"run":"check","deadline_ms":60000}
      = contract: ok holds what the request asks for: hello who the adapter is,
                  subscribe the subscription_id, state the state, query the
                  server's response; else it is {}
      = help: did you mean "subscribe"?

    error[wrong-kind]: what makes no sense without a connection is an error of the
                       kind usage or closed
     --> the adapter's standard output:3
      |
    3 | @gck {"error":{"kind":"internal","message":"no connection"},"id":9007199254…
      |                       ^^^^^^^^^^
      |
      = asked: {"conn":"nobody","op":"state","since":{"ever":[1,null]}}
      = contract: kinds are transport (TCP, TLS), handshake (the upgrade), auth
                  (the credential), timeout, server (it answered with an error),
                  decode, closed, usage (it makes no sense now) and internal

    error[wrong-outcome]: hello claims join, and here it is unsupported
     --> the adapter's standard output:4
      |
    4 | @gck {"id":2,"unsupported":"it joins by itself"}
      |                            ^^^^^^^^^^^^^^^^^^^^
      |
      = asked: {"op":"join","conn":"nobody"}
      = contract: ok: it was done; error: it was tried and failed; unsupported:
                  this client has nothing for it, which is also the reply to an
                  unknown op
      = help: take it out of the ops of hello, or answer it

    5 steps taken, 1 skipped: 2 errors and 1 warning

    ===

    error[wrong-ok]: the ok of hello cannot be read: missing field `client`
     --> the adapter's standard output:1
      |
    1 | @gck {"id":1,"ok":{"ops":[],"protocol":1}}
      |                   ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = asked: {"op":"hello","protocol":1,"run":"check","deadline_ms":60000}
      = contract: ok holds what the request asks for: hello who the adapter is,
                  subscribe the subscription_id, state the state, query the
                  server's response; else it is {}
      = help: such as {"protocol": 1, "client": {"name": "acme-bot", "version":
              "0.3.1", "language": "rust"}, "ops": ["connect"]}

    5 steps taken, 1 skipped: 1 error

    ===

    error[wrong-ok]: the adapter speaks protocol 2, the kit speaks 1
     --> the adapter's standard output:1
      |
    1 | …ust","name":"scripted","version":"1"},"ops":["join","state"],"protocol":2}}
      |                                                                          ^
      |
      = asked: {"op":"hello","protocol":1,"run":"check","deadline_ms":60000}
      = contract: ok holds what the request asks for: hello who the adapter is,
                  subscribe the subscription_id, state the state, query the
                  server's response; else it is {}

    5 steps taken, 1 skipped: 1 error
    "#);
}

#[tokio::test]
async fn claims_that_the_wire_contradicts_are_explained() {
    let joined = Bent {
        request: |request| match request["op"].as_str() {
            Some("join") if request["conn"] == "a" => {
                (None, vec![answer(&request, json!({"ok": {}}))])
            }
            _ => (Some(request), Vec::new()),
        },
        ..Bent::default()
    };
    let posted = Bent {
        request: |mut request| match request["op"].as_str() {
            Some("send_chat") if request["conn"] == "b" => {
                (None, vec![answer(&request, json!({"ok": {}}))])
            }
            Some("send_chat") => {
                request["text"] = json!("say hi");
                (Some(request), Vec::new())
            }
            Some("disconnect" | "unsubscribe") => (None, vec![answer(&request, json!({"ok": {}}))]),
            _ => (Some(request), Vec::new()),
        },
        ..Bent::default()
    };
    let refused = Bent {
        line: |line| match line["error"]["kind"].as_str() {
            Some("server" | "auth" | "timeout") => vec![answer(&line, json!({"ok": {}}))],
            _ => vec![said(&line)],
        },
        ..Bent::default()
    };
    let all = [joined.examine().await, posted.examine().await, refused.examine().await];
    insta::assert_snapshot!(explained(&all), @r#"
    error[contradicts-wire]: the adapter says ok; on the wire, a join of the
                             control topic was never sent
      --> the adapter's standard output:11
       |
    11 | @gck {"id":5,"ok":{}}
       |                   ^^
       |
       = asked: {"op":"join","conn":"a"}
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: say ok when the server's reply with the same ref has come
       = wire: #1 - unknown-credential: refused with 403: the token is not known:…
               #1 > GET /api/graph/websocket?vsn=2.0.0&token=<other:13> answered …
               #2 > GET /api/graph/websocket?vsn=2.0.0&token=<token> answered wit…

    16 steps taken: 1 error

    ===

    error[contradicts-wire]: what was posted is another text: "say hi"
      --> the adapter's standard output:21
       |
    21 | @gck {"id":9,"ok":{}}
       |                   ^^
       |
       = asked: {"op":"send_chat","conn":"a","channel_id":"6","text":"say \"hi\" …
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: hand the text over in variables; inside a document it has to be
               escaped twice
       = wire: #2 > ["1","3","__absinthe__:control","doc",{"query":"mutation($id:…
               #2 < [null,null,"__absinthe__:doc:…E44E05A3B0…
               #2 < ["1","3","__absinthe__:control","phx_reply",{"response":{"dat…

    error[contradicts-wire]: the adapter says ok; on the wire, an unsubscribe was
                             never sent
      --> the adapter's standard output:25
       |
    25 | @gck {"id":12,"ok":{}}
       |                    ^^
       |
       = asked: {"op":"unsubscribe","conn":"a","sub":"s1"}
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: say ok when the server's reply with the same ref has come
       = wire: nothing

    error[contradicts-wire]: the adapter says ok; on the wire, a mutation was
                             never sent
      --> the adapter's standard output:32
       |
    32 | @gck {"id":15,"ok":{}}
       |                    ^^
       |
       = asked: {"op":"send_chat","conn":"b","channel_id":"6","text":"say \"hi\" …
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: the reply's status is ok, and its response has errors: look for
               them
       = wire: nothing

    error[contradicts-wire]: the adapter says ok; on the wire it is not so that
                             the client has ended the connection
      --> the adapter's standard output:36
       |
    36 | @gck {"id":17,"ok":{}}
       |                    ^^
       |
       = asked: {"op":"disconnect","conn":"a"}
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: say ok when it is done
       = wire: nothing

    23 steps taken: 4 errors

    ===

    error[contradicts-wire]: the adapter says that it is connected; the server has
                             refused it
     --> the adapter's standard output:7
      |
    7 | @gck {"id":3,"ok":{}}
      |                   ^^
      |
      = asked: {"op":"connect","conn":"n","url":"ws://127.0.0.1:…/api/graph/w…
      = contract: the wire outranks the adapter: ok is said when the server has
                  answered, and events tell what has come
      = help: say ok when the WebSocket is open
      = wire: #1 - unknown-credential: refused with 403: the token is not known: …
              #1 > GET /api/graph/websocket?vsn=2.0.0&token=<other:13> answered w…

    error[wrong-outcome]: no such event was told, so expect fails after its time,
                          here 200 ms
      --> the adapter's standard output:24
       |
    24 | @gck {"id":11,"ok":{}}
       |                    ^^
       |
       = asked: {"op":"expect","conn":"a","event":"closed","count":1,"within_ms":…
       = contract: ok: it was done; error: it was tried and failed; unsupported:
                   this client has nothing for it, which is also the reply to an
                   unknown op
       = help: answer {"id": 7, "error": {"kind": "timeout", "message": "0 of 1
               events came"}}

    error[contradicts-wire]: the adapter says that the message was posted; the
                             server has refused it
      --> the adapter's standard output:34
       |
    34 | @gck {"id":15,"ok":{}}
       |                    ^^
       |
       = asked: {"op":"send_chat","conn":"b","channel_id":"6","text":"say \"hi\" …
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: the reply's status is ok, and its response has errors: look for
               them
       = wire: #3 > ["1","2","__absinthe__:control","doc",{"query":"mutation($id:…
               #3 < ["1","2","__absinthe__:control","phx_reply",{"response":{"dat…

    25 steps taken: 3 errors
    "#);
}

#[tokio::test]
async fn what_is_told_otherwise_than_it_came_is_explained() {
    let told_wrongly = Bent {
        line: |mut line| {
            if line["event"] == "chat" {
                line["n"] = json!(0);
                line["sub"] = json!("__absinthe__:doc:1");
                line["data"] = json!({"message": "hello"});
                return vec![said(&line), said(&line)];
            }
            if line["event"] == "closed" {
                line["code"] = json!(1006);
            }
            if line["ok"]["subscription_id"].is_string() {
                line["ok"]["subscription_id"] = json!("s1");
            }
            if line["ok"]["data"].is_object() {
                line["ok"] = json!({"response": line["ok"]});
            }
            if line["ok"]["state"] == "closed" {
                line["ok"]["state"] = json!("open");
            }
            vec![said(&line)]
        },
        ..Bent::default()
    };
    let untold = Bent {
        line: |line| if line["event"] == "closed" { Vec::new() } else { vec![said(&line)] },
        patience: Duration::from_secs(15),
        ..Bent::default()
    };
    insta::assert_snapshot!(explained(&[told_wrongly.examine().await, untold.examine().await]), @r#"
    error[contradicts-wire]: the server has given another subscription id
      --> the adapter's standard output:16
       |
    16 | @gck {"id":7,"ok":{"subscription_id":"s1"}}
       |                                      ^^^^
       |
       = asked: {"op":"subscribe","conn":"a","sub":"s1","channel_id":"6","fields"…
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: it is subscriptionId in the response of the server's reply
       = wire: #2 > ["1","2","__absinthe__:control","doc",{"query":"subscription(…
               #2 < ["1","2","__absinthe__:control","phx_reply",{"response":{"sub…

    error[contradicts-wire]: the message came for another subscription
      --> the adapter's standard output:17
       |
    17 | …data":{"message":"hello"},"event":"chat","n":0,"sub":"__absinthe__:doc:…"}
       |                                                       ^^^^^^^^^^^^^^^^^^^^
       |
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: "s1", as the kit calls it, not the id on the wire
       = wire: - control: say: 1 connections were told
               #2 < [null,null,"__absinthe__:doc:…E44E05A3B0…

    error[contradicts-wire]: this is the first message of the subscription
      --> the adapter's standard output:17
       |
    17 | …data":{"message":"hello"},"event":"chat","n":0,"sub":"__absinthe__:doc:…"}
       |                                               ^
       |
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: count the messages of each subscription, from 1
       = wire: - control: say: 1 connections were told
               #2 < [null,null,"__absinthe__:doc:…E44E05A3B0…

    error[contradicts-wire]: the server has sent another text
      --> the adapter's standard output:17
       |
    17 | …":"a","data":{"message":"hello"},"event":"chat","n":0,"sub":"__absinthe__…
       |                          ^^^^^^^
       |
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: "hello \"adapter\" 👋"
       = wire: - control: say: 1 connections were told
               #2 < [null,null,"__absinthe__:doc:…E44E05A3B0…

    error[contradicts-wire]: the server has sent a user with a username
      --> the adapter's standard output:17
       |
    17 | @gck {"conn":"a","data":{"message":"hello"},"event":"chat","n":0,"sub":"__…
       |                         ^^^^^^^^^^^^^^^^^^^
       |
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: the subscription asks for the fields message and user.username;
               data has them as they came
       = wire: - control: say: 1 connections were told
               #2 < [null,null,"__absinthe__:doc:…E44E05A3B0…

    error[contradicts-wire]: the ok of query is the server's response, as it came
      --> the adapter's standard output:25
       |
    25 | @gck {"id":10,"ok":{"response":{"data":{"channel":{"id":"6"}}}}}
       |                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = asked: {"op":"query","conn":"a","document":"query($name: String) { chann…
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: hand on what the server's reply has in `response`, nothing around
               it
       = wire: #2 > ["1","4","__absinthe__:control","doc",{"query":"query($name: …
               #2 < ["1","4","__absinthe__:control","phx_reply",{"response":{"dat…

    error[contradicts-wire]: 4 chat events, and the server has sent 2
      --> the adapter's standard output:20
       |
    20 | …data":{"message":"hello"},"event":"chat","n":0,"sub":"__absinthe__:doc:…"}
       |                                    ^^^^^^
       |
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = help: tell of each message once, when it comes from the server
       = wire: #2 < [null,null,"__absinthe__:doc:…E44E05A3B0…
               #2 < ["1","3","__absinthe__:control","phx_reply",{"response":{"dat…
               #2 > ["1","4","__absinthe__:control","doc",{"query":"query($name: …
               #2 < ["1","4","__absinthe__:control","phx_reply",{"response":{"dat…

    error[contradicts-wire]: the server has closed the connection with a close
                             frame and code 1012
      --> the adapter's standard output:37
       |
    37 | …ck {"clean":true,"code":1006,"conn":"b","event":"closed","will_retry":fal…
       |                          ^^^^
       |
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = wire: #3 < close 1012, "restart"
               #3 > close 1012, "restart"

    error[contradicts-wire]: on the wire, connection b is closed
      --> the adapter's standard output:39
       |
    39 | @gck {"id":16,"ok":{"state":"open"}}
       |                             ^^^^^^
       |
       = asked: {"op":"state","conn":"b"}
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = wire: nothing

    error[contradicts-wire]: on the wire, connection a is closed
      --> the adapter's standard output:43
       |
    43 | @gck {"id":18,"ok":{"state":"open"}}
       |                             ^^^^^^
       |
       = asked: {"op":"state","conn":"a"}
       = contract: the wire outranks the adapter: ok is said when the server has
                   answered, and events tell what has come
       = wire: nothing

    25 steps taken: 10 errors

    ===

    error[untold]: the server has closed the connection, and no closed event tells
                   of it
     |
     = contract: what the application receives is told by an event as it comes
     = help: say {"event": "closed", "conn": "b", "code": 1012, "clean": true,
             "will_retry": false}
     = wire: #3 < close 1012, "restart"
             #3 > close 1012, "restart"

    25 steps taken: 1 error
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
fn check(options: &[&str], adapter: &[&str]) -> (Option<i32>, String) {
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

/// A line that is not said: the adapter leaves.
const LEAVES: &str = "leaves";

/// Examines an adapter that has no client: it answers each request with some lines.
async fn examine_scripted(lines: impl Fn(&Value) -> Vec<String> + Send + 'static) -> Examined {
    examine_patiently(PATIENCE, lines).await
}

async fn examine_patiently(
    patience: Duration,
    lines: impl Fn(&Value) -> Vec<String> + Send + 'static,
) -> Examined {
    let server = MockServer::builder().in_memory().start().await.unwrap();
    let (ours, theirs) = duplex(1 << 20);
    let (from, to) = split(ours);
    let adapter = tokio::spawn(async move {
        let (requests, mut out) = split(theirs);
        let mut requests = BufReader::new(requests).lines();
        while let Some(request) = requests.next_line().await.unwrap() {
            for line in lines(&json_of(&request).unwrap()) {
                if line == LEAVES {
                    return;
                }
                out.write_all(format!("{line}\n").as_bytes()).await.unwrap();
            }
        }
    });
    let examined = examine(from, to, &server, patience, Box::new(Vec::new)).await;
    adapter.await.unwrap();
    examined
}

fn hello(ops: &[&str]) -> Value {
    let client = json!({"name": "scripted", "version": "1", "language": "rust"});
    json!({"ok": {"protocol": 1, "client": client, "ops": ops}})
}

/// What an adapter says that is right and claims the least.
fn right(request: &Value) -> String {
    let outcome = match request["op"].as_str() {
        Some("hello") => hello(&["join", "state"]),
        Some("bye") => json!({"ok": {}}),
        Some("join" | "state") => json!({"error": {"kind": "usage", "message": "no connection"}}),
        _ => json!({"unsupported": "no such op"}),
    };
    answer(request, outcome)
}

fn answer(request: &Value, outcome: Value) -> String {
    let mut line = json!({"id": request["id"]});
    line.as_object_mut().unwrap().extend(outcome.as_object().unwrap().clone());
    said(&line)
}

/// What to do with the adapter's lines and requests before they arrive.
#[derive(Clone)]
struct Bent {
    /// What the adapter is asked; `None` if it is not to be asked, and what is said in its place.
    request: fn(Value) -> (Option<Value>, Vec<String>),
    /// What is said in place of a line of the adapter's.
    line: fn(Value) -> Vec<String>,
    patience: Duration,
    tls: bool,
}

impl Default for Bent {
    fn default() -> Self {
        Self {
            request: |request| (Some(request), Vec::new()),
            line: |line| vec![said(&line)],
            patience: PATIENCE,
            tls: false,
        }
    }
}

impl Bent {
    async fn examine(self) -> Examined {
        let server = MockServer::builder().tls(self.tls).start().await.unwrap();
        let (ours, theirs) = duplex(1 << 20);
        let (from, to) = split(ours);
        let patience = self.patience;
        let adapter = tokio::spawn(self.play(theirs));
        let examined = examine(from, to, &server, patience, Box::new(Vec::new)).await;
        adapter.await.unwrap();
        examined
    }

    /// The adapter in a process of its own, with this one in between.
    async fn play(self, stream: tokio::io::DuplexStream) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "driver_check::plays_the_adapter", "--nocapture", "--test-threads=1"])
            .env(PLAYED, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut asks = child.stdin.take().unwrap();
        let mut says = BufReader::new(child.stdout.take().unwrap()).lines();
        let (requests, mut out) = split(stream);
        let mut requests = BufReader::new(requests).lines();
        let mut asking = true;
        loop {
            let lines = tokio::select! {
                request = requests.next_line(), if asking => match request.unwrap() {
                    Some(request) => {
                        let (pass, lines) = (self.request)(json_of(&request).unwrap());
                        if let Some(request) = pass {
                            let line = format!("{}\n", said(&request));
                            asks.write_all(line.as_bytes()).await.unwrap_or_default();
                        }
                        lines
                    }
                    None => {
                        asks.shutdown().await.unwrap();
                        asking = false;
                        Vec::new()
                    }
                },
                line = says.next_line() => match line.unwrap() {
                    Some(line) => json_of(&line).map(self.line).unwrap_or_default(),
                    None => break,
                },
            };
            for line in lines {
                // Whoever examines may have seen enough.
                out.write_all(format!("{line}\n").as_bytes()).await.unwrap_or_default();
            }
        }
    }
}

fn said(line: &Value) -> String {
    format!("{PREFIX}{line}")
}

/// What a line of the protocol holds.
fn json_of(line: &str) -> Option<Value> {
    serde_json::from_str(line.strip_prefix(PREFIX)?).ok()
}

/// As people see it, without colours, and without what is another in each run.
fn told(examined: &Examined) -> String {
    let mut told = Vec::new();
    human(examined, &mut told).unwrap();
    let told = anstream::adapter::strip_bytes(&told).into_vec();
    let told = String::from_utf8(told).unwrap();
    assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
    steady(&told)
}

/// What is wrong with each of some adapters.
fn explained(all: &[Examined]) -> String {
    let explained = |examined| {
        let told = told(examined);
        let from = ["\nerror[", "\nwarning["].iter().filter_map(|begin| told.find(begin)).min();
        told[from.unwrap_or(0)..].trim().to_owned()
    };
    all.iter().map(explained).collect::<Vec<_>>().join("\n\n===\n\n")
}

/// Subscription ids and ports are other ones in each run, and the end of TCP comes when it likes.
fn steady(told: &str) -> String {
    let mut steady = String::new();
    for line in told.lines().filter(|line| !line.ends_with(" end of TCP")) {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '-');
        let mut rest = line;
        while let Some(at) = ["__absinthe__:doc:", "127.0.0.1:"]
            .iter()
            .filter_map(|it| Some(rest.find(it)? + it.len()))
            .min()
        {
            steady.push_str(&rest[..at]);
            rest = &rest[at..];
            rest = &rest[digits(rest).unwrap_or(rest.len())..];
            steady.push('…');
        }
        steady.push_str(rest);
        steady.push('\n');
    }
    steady
}
