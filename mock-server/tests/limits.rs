//! Every limit, set low, over real ports.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::time::Duration;

use glimesh_mock::{Limits, MockServer};
use raw::{Line, Seen};

const TARGET: &str = "/api/graph/websocket?vsn=2.0.0&token=tok_mytho_chat";

#[tokio::test]
async fn connections_beyond_the_limit_are_refused() {
    let server = start(Limits { connections: 1, ..Limits::DEFAULT }).await;
    let first = Line::open(server.addr(), TARGET).await;
    let mut second = Line::dial(server.addr()).await;
    assert_eq!(second.next().await, Seen::Eof);
    drop(first);
    assert!(notes(server).await.contains("too-many-connections"));
}

#[tokio::test]
async fn slow_head_ends_the_connection() {
    let server = start(Limits { head_timeout: Duration::from_millis(50), ..Limits::DEFAULT }).await;
    let mut line = Line::dial(server.addr()).await;
    assert_eq!(line.next().await, Seen::Eof);
    drop(line);
    assert!(notes(server).await.contains("not complete within 50ms"));
}

#[tokio::test]
async fn large_or_slow_body_is_refused() {
    let limits = Limits { body: 10, body_timeout: Duration::from_millis(50), ..Limits::DEFAULT };
    let server = start(limits).await;
    for (length, body) in [(11, "12345678901"), (10, "1")] {
        let mut line = Line::dial(server.addr()).await;
        let head =
            format!("POST /api/graph HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        line.send(format!("{head}{body}").as_bytes()).await;
        assert!(matches!(line.next().await, Seen::Http { status: 413, .. }));
    }
}

#[tokio::test]
async fn large_head_is_refused() {
    let server = start(Limits { head: 0, ..Limits::DEFAULT }).await;
    let mut line = Line::dial(server.addr()).await;
    let padding = "x".repeat(9_000);
    line.send(format!("GET / HTTP/1.1\r\nHost: x\r\nPadding: {padding}\r\n\r\n").as_bytes()).await;
    assert!(matches!(line.next().await, Seen::Http { status: 431, .. } | Seen::Eof));
}

#[tokio::test]
async fn full_mailbox_cuts_the_connection() {
    let server = start(Limits { mailbox: 1, ..Limits::DEFAULT }).await;
    let mut line = Line::open(server.addr(), TARGET).await;
    line.text(r#"["1","1","__absinthe__:control","phx_join",{}]"#).await;
    line.next_text().await;
    line.text(
        r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage{id}}"}]"#,
    )
    .await;
    line.next_text().await;
    // The connection's task has no turn between these two, for this test has but one thread.
    server.say(6, "Kirby", "one").expect("both exist");
    server.say(6, "Kirby", "two").expect("both exist");
    while line.next().await != Seen::Eof {}
    drop(line);
    assert!(notes(server).await.contains("slow-reader"));
}

#[tokio::test]
async fn unsent_bytes_cut_a_slow_reader() {
    let server = start(Limits { unsent: 0, ..Limits::DEFAULT }).await;
    let mut line = Line::open(server.addr(), TARGET).await;
    let long = "x".repeat(20_000);
    line.text(&format!(r#"["1","{long}","phoenix","heartbeat",{{}}]"#)).await;
    while line.next().await != Seen::Eof {}
    drop(line);
    assert!(notes(server).await.contains("slow-reader"));
}

#[tokio::test]
async fn subscriptions_beyond_the_limit_are_refused() {
    let server = start(Limits { subscriptions: 2, ..Limits::DEFAULT }).await;
    let mut line = Line::open(server.addr(), TARGET).await;
    line.text(r#"["1","1","__absinthe__:control","phx_join",{}]"#).await;
    line.next_text().await;
    let subscribe =
        r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage{id}}"}]"#;
    for _ in 0..2 {
        line.text(subscribe).await;
        assert!(line.next_text().await.contains("subscriptionId"));
    }
    line.text(subscribe).await;
    let refused = r#"["1","2","__absinthe__:control","phx_reply",{"response":{"errors":[{"message":"The connection has 2 subscriptions, and this mock server keeps no more."}]},"status":"error"}]"#;
    assert_eq!(line.next_text().await, refused);
}

async fn start(limits: Limits) -> MockServer {
    MockServer::builder().limits(limits).start().await.expect("a port is free")
}

async fn notes(server: MockServer) -> String {
    serde_json::to_string(&server.stop().await.entries).expect("it is JSON")
}
