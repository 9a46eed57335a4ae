//! The control API, over real ports, and the same as methods.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::time::Duration;

use glimesh_mock::{Ending, MockServer, TOKEN};
use raw::{Line, Seen};
use serde_json::{Value, json};

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
const SUBSCRIBE: &str = r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){id message user{username}}}"}]"#;
const MINE: &str = "graph_api_socket:tok_mytho_chat";

#[tokio::test]
async fn control_is_off_unless_asked_for() {
    let server = MockServer::start().await.expect("a port is free");
    let mut line = Line::dial(server.addr()).await;
    line.send(request("POST", "reset", "", "{}").as_bytes()).await;
    assert!(matches!(line.next().await, Seen::Http { status: 404, .. }));
    drop(line);
    let notes = serde_json::to_string(&server.stop().await.entries).expect("it is JSON");
    assert!(notes.contains("start with --control"), "{notes}");
}

#[tokio::test]
async fn said_words_reach_subscribers() {
    let server = controlled().await;
    let mut line = subscribed(&server).await;
    let arguments = r#"{"channelId": 6, "username": "kirby", "message": "hi"}"#;
    assert_eq!(post(&server, "say", arguments).await, (200, json!({"connections": 1})));
    assert!(
        line.next_text().await.contains(r#""id":"1","message":"hi","user":{"username":"Kirby"}"#)
    );
    assert_eq!(server.say(6, "TheCat", "meow").expect("both exist"), 1);
    assert!(line.next_text().await.contains(r#""id":"2","message":"meow""#));
    assert_eq!(server.say(7, "TheCat", "meow").expect("both exist"), 0, "nobody listens");
}

#[tokio::test]
async fn reset_puts_the_world_back_and_keeps_connections() {
    let server = controlled().await;
    let mut line = subscribed(&server).await;
    server.say(6, "Kirby", "first").expect("both exist");
    assert!(line.next_text().await.contains(r#""id":"1""#));
    assert_eq!(post(&server, "reset", "").await.0, 200);
    server.say(6, "Kirby", "first again").expect("both exist");
    assert!(line.next_text().await.contains(r#""id":"1""#));
}

#[tokio::test]
async fn disconnect_closes_every_socket_of_the_id_and_no_other() {
    let server = controlled().await;
    let (mut first, mut second) = (subscribed(&server).await, subscribed(&server).await);
    let mut other = open(&server, "tok_kirby_chat").await;
    let id = json!({"id": MINE}).to_string();
    assert_eq!(post(&server, "disconnect", &id).await, (200, json!({"connections": 2})));
    let closed = [Seen::Close { code: Some(1000), reason: String::new() }];
    assert_eq!(first.rest().await, closed, "and no phx_close before");
    assert_eq!(second.rest().await, closed);
    other.text(JOIN).await;
    other.next_text().await;
}

#[tokio::test]
async fn killed_transport_ends_without_a_close_frame() {
    let server = controlled().await;
    let mut line = subscribed(&server).await;
    let id = json!({"id": MINE}).to_string();
    assert_eq!(post(&server, "kill_transport", &id).await, (200, json!({"connections": 1})));
    assert_eq!(line.rest().await, []);
}

#[tokio::test]
async fn killed_channel_can_be_joined_again() {
    let server = controlled().await;
    let mut line = subscribed(&server).await;
    let arguments = json!({"id": MINE, "reason": "boom"}).to_string();
    assert_eq!(post(&server, "kill_channels", &arguments).await.0, 200);
    assert_eq!(line.next_text().await, r#"["1","1","__absinthe__:control","phx_error",{}]"#);
    assert_eq!(server.say(6, "Kirby", "x").expect("both exist"), 0, "subscriptions are gone");
    line.text(JOIN).await;
    assert!(line.next_text().await.contains(r#""status":"ok""#));
    // A process takes no notice of this one.
    assert_eq!(server.kill_channels(MINE, "normal"), 1);
    line.text(SUBSCRIBE).await;
    assert!(line.next_text().await.contains("subscriptionId"));
}

#[tokio::test]
async fn raw_events_reach_whoever_listens_to_the_topic() {
    let server = controlled().await;
    let mut joined = subscribed(&server).await;
    let mut not_joined = open(&server, TOKEN).await;
    let arguments = r#"{"topic": "__absinthe__:control", "event": "odd", "payload": {"a": [1]}}"#;
    assert_eq!(post(&server, "publish_raw", arguments).await.0, 200);
    assert_eq!(joined.next_text().await, r#"[null,null,"__absinthe__:control","odd",{"a":[1]}]"#);
    assert_eq!(not_joined.next_within(Duration::from_millis(50)).await, None);
    let nobody = r#"{"topic": "phoenix", "event": "odd"}"#;
    assert_eq!(post(&server, "publish_raw", nobody).await, (200, json!({"connections": 0})));
    assert_eq!(server.publish_raw(MINE, "disconnect", json!({})), 2);
    assert!(matches!(joined.next().await, Seen::Close { code: Some(1000), .. }));
}

#[tokio::test]
async fn mistakes_are_named_with_what_is_allowed() {
    let server = controlled().await;
    let _line = subscribed(&server).await;
    check(&server, "explode", "{}", 404, "there is no action \"explode\"", "reset {}").await;
    check(&server, "disconnect", "{\"id\"", 400, "not JSON: EOF", "{\"id\": SOCKET_ID}").await;
    check(&server, "disconnect", "[]", 400, "not a JSON object", "{\"id\": SOCKET_ID}").await;
    check(&server, "disconnect", "{}", 400, "missing field `id`", "{\"id\": SOCKET_ID}").await;
    check(&server, "reset", r#"{"all": 1}"#, 400, "unknown field `all`", "{}").await;
    check(&server, "disconnect", r#"{"id":"x","a":1}"#, 400, "unknown field `a`", "{\"id\"").await;
    let foreign = r#"{"id": "api_socket:99"}"#;
    check(&server, "kill_transport", foreign, 404, "socket id \"api_socket:99\"", MINE).await;
    let nobody = r#"{"channelId": 6, "username": "nobody", "message": "x"}"#;
    check(&server, "say", nobody, 404, "nobody is called \"nobody\"", "Mytho").await;
    let nowhere = r#"{"channelId": 99, "username": "mytho", "message": "x"}"#;
    check(&server, "say", nowhere, 404, "there is no channel 99", "6").await;
    let text = r#"{"channelId": "6", "username": "mytho", "message": "x"}"#;
    check(&server, "say", text, 400, "expected u64", "\"channelId\": NUMBER").await;
}

#[tokio::test]
async fn only_posts_that_no_web_page_makes_are_obeyed() {
    let server = controlled().await;
    let got = send(&server, &request("GET", "reset", "", "")).await;
    assert_eq!(got.0, 405);
    let from_a_page = request("POST", "reset", "Origin: https://example.test\r\n", "{}");
    let got = send(&server, &from_a_page).await;
    assert_eq!(
        (got.0, got.1["error"].as_str()),
        (403, Some("the control API is not for web pages; send no Origin header"))
    );
}

#[tokio::test]
async fn killed_server_says_nothing() {
    let server = controlled().await;
    let mut line = subscribed(&server).await;
    let stopping = tokio::spawn(server.stop_as(Ending::Kill));
    assert_eq!(line.rest().await, []);
    drop(line);
    stopping.await.expect("it stops");
}

async fn check(
    server: &MockServer,
    action: &str,
    arguments: &str,
    status: u16,
    error: &str,
    allowed: &str,
) {
    let (found, body) = post(server, action, arguments).await;
    assert_eq!(found, status, "{body}");
    assert!(body["error"].as_str().expect("it is there").contains(error), "{body}");
    let listed = body["allowed"].as_array().expect("it is there").iter();
    assert!(
        listed.filter_map(Value::as_str).any(|one| one.contains(allowed)),
        "{allowed} is not in {body}"
    );
}

async fn post(server: &MockServer, action: &str, arguments: &str) -> (u16, Value) {
    send(server, &request("POST", action, "", arguments)).await
}

async fn send(server: &MockServer, request: &str) -> (u16, Value) {
    let mut line = Line::dial(server.addr()).await;
    line.send(request.as_bytes()).await;
    let Seen::Http { status, body, .. } = line.next().await else { panic!("no answer") };
    (status, serde_json::from_str(&body).expect("the answer is JSON"))
}

fn request(method: &str, action: &str, headers: &str, body: &str) -> String {
    format!(
        "{method} /__control__/{action} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn controlled() -> MockServer {
    MockServer::builder().control(true).start().await.expect("a port is free")
}

async fn open(server: &MockServer, token: &str) -> Line {
    let target = format!("/api/graph/websocket?vsn=2.0.0&token={token}");
    Line::open(server.addr(), &target).await
}

async fn subscribed(server: &MockServer) -> Line {
    let mut line = open(server, TOKEN).await;
    line.text(JOIN).await;
    line.next_text().await;
    line.text(SUBSCRIBE).await;
    line.next_text().await;
    line
}
