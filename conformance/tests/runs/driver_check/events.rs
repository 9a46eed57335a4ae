//! Adapters that tell of what comes otherwise than it came.

use std::time::Duration;

use serde_json::json;

use super::bent::Bent;
use super::explained::explained;
use super::said;

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
