//! `--chatter`: the world's users talk by themselves.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::collections::BTreeMap;

use glimesh_mock::{Chatter, MockServer};
use raw::Line;
use serde_json::Value;

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;

/// What is said, by the id that it has.
type Said = BTreeMap<u64, (String, String, String)>;

#[tokio::test]
async fn users_talk_and_say_the_same_in_every_run() {
    let (first, second) = (listen("").await, listen("").await);
    let both: Vec<_> = first.iter().filter(|(id, _)| second.contains_key(id)).collect();
    assert!(!both.is_empty(), "{first:?} {second:?}");
    for (id, said) in both {
        assert_eq!(said, &second[id]);
    }
    let channels: Vec<_> = first.values().map(|(channel, ..)| channel.as_str()).collect();
    assert!(channels.iter().filter(|channel| **channel == "6").count() >= 10, "{channels:?}");
    assert!(channels.iter().any(|channel| *channel != "6"), "{channels:?}");
}

#[tokio::test]
async fn every_other_message_is_said_where_clients_are_told_to_listen() {
    let said = listen("(channelId:6)").await;
    assert!(said.values().all(|(channel, ..)| channel == "6"), "{said:?}");
    assert!(said.values().all(|(_, username, _)| username != "chanbanned"), "{said:?}");
}

#[test]
fn rate_is_a_positive_number() {
    for text in ["0", "-1", "x", "", "NaN", "inf", "1001"] {
        let error = text.parse::<Chatter>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{text:?} is not a rate; ")), "{error}");
    }
    assert_eq!("0.5".parse(), Chatter::per_second(0.5));
}

/// The first 24 messages that a subscriber hears.
async fn listen(argument: &str) -> Said {
    let rate = Chatter::per_second(500.0).expect("it is a rate");
    let server = MockServer::builder().chatter(rate).start().await.expect("a port is free");
    let target = "/api/graph/websocket?vsn=2.0.0&token=tok_mytho_chat";
    let mut line = Line::open(server.addr(), target).await;
    line.text(JOIN).await;
    line.next_text().await;
    line.text(&format!(
        r#"["1","2","__absinthe__:control","doc",{{"query":"subscription{{chatMessage{argument}{{id message user{{username}} channel{{id}}}}}}"}}]"#
    ))
    .await;
    line.next_text().await;
    let mut said = Said::new();
    while said.len() < 24 {
        let frame: Value = serde_json::from_str(&line.next_text().await).expect("it is JSON");
        let message = &frame[4]["result"]["data"]["chatMessage"];
        let text = |value: &Value| value.as_str().expect("it is text").to_owned();
        let id = text(&message["id"]).parse().expect("it is a number");
        let line = (
            text(&message["channel"]["id"]),
            text(&message["user"]["username"]),
            text(&message["message"]),
        );
        said.insert(id, line);
    }
    said
}
