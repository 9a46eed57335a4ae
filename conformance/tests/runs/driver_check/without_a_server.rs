//! What is wrong with adapters before there is a server.

use std::time::Duration;

use serde_json::json;

use super::explained::explained;
use super::scripted::{LEAVES, examine_patiently, examine_scripted, right};
use super::{PREFIX, answer, hello, json_of};

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
