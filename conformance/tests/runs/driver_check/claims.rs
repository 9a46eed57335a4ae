//! Adapters whose replies the wire contradicts.

use serde_json::json;

use super::bent::Bent;
use super::explained::explained;
use super::{answer, said};

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
