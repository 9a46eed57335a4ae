//! `/metrics` and `/healthz`, over a real port.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use glimesh_mock::{MockServer, Profile};
use raw::{Line, Seen, upgrade_request};

#[tokio::test]
async fn what_happens_is_counted() {
    let server = MockServer::start().await.expect("a port is free");
    let mut line =
        Line::open(server.addr(), "/api/graph/websocket?vsn=2.0.0&token=tok_mytho_chat").await;
    line.text(r#"["1","1","__absinthe__:control","phx_join",{}]"#).await;
    line.next_text().await;
    line.text(
        r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage{id}}"}]"#,
    )
    .await;
    line.next_text().await;
    let mut refused = Line::dial(server.addr()).await;
    refused.send(upgrade_request("/api/graph/websocket?vsn=2.0.0&token=wrong").as_bytes()).await;
    refused.next().await;
    let mut broken =
        Line::open(server.addr(), "/api/graph/websocket?vsn=2.0.0&token=tok_mytho_chat").await;
    broken.text("nonsense").await;
    broken.rest().await;
    let metrics = get(&server, "/metrics").await;
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    // The order of labels' values is by chance.
    let mut counts: Vec<_> = metrics.lines().filter(|line| !line.starts_with('#')).collect();
    counts.sort_unstable();
    insta::assert_snapshot!(counts.join("\n"), @r#"
    glimesh_connections_open 1
    glimesh_documents_total{step="executed"} 0
    glimesh_documents_total{step="parsed"} 1
    glimesh_documents_total{step="validated"} 1
    glimesh_drops_total{code="unreadable-frame"} 1
    glimesh_frames_total{direction="in"} 3
    glimesh_frames_total{direction="out"} 2
    glimesh_refusals_total{code="unknown-credential"} 1
    glimesh_subscriptions 1
    glimesh_upgrades_total{status="101"} 2
    glimesh_upgrades_total{status="403"} 1
    "#);
}

#[tokio::test]
async fn drops_are_counted_by_their_reason() {
    let mut profile = Profile::phoenix();
    profile.heartbeat_limit = std::time::Duration::from_millis(50);
    let server = MockServer::builder().profile(profile).start().await.expect("a port is free");
    let mut line =
        Line::open(server.addr(), "/api/graph/websocket?vsn=2.0.0&token=tok_mytho_chat").await;
    line.rest().await;
    let metrics = get(&server, "/metrics").await;
    assert!(metrics.contains("glimesh_drops_total{code=\"no-traffic\"} 1"), "{metrics}");
}

#[tokio::test]
async fn a_server_that_answers_is_well() {
    let server = MockServer::start().await.expect("a port is free");
    assert_eq!(get(&server, "/healthz").await, "ok\n");
}

async fn get(server: &MockServer, path: &str) -> String {
    let mut line = Line::dial(server.addr()).await;
    line.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await;
    let Seen::Http { status: 200, body, .. } = line.next().await else { panic!("not 200") };
    body
}
