//! A server without a port, on paused time: what a scenario does to sockets, it does to pipes.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::time::Duration;

use glimesh_mock::{MockServer, Scenario, TOKEN, Trust};
use raw::{Line, Seen, upgrade_request};
use tokio::time::Instant;

fn target() -> String {
    format!("/api/graph/websocket?vsn=2.0.0&token={TOKEN}")
}

/// A client's end of a pipe with an open WebSocket.
async fn open_in_memory(server: &MockServer) -> Line {
    let mut line = Line::over(server.connect(), false);
    line.send(upgrade_request(&target()).as_bytes()).await;
    assert!(matches!(line.next().await, Seen::Http { status: 101, .. }));
    line
}

#[tokio::test(start_paused = true)]
async fn nobody_is_dropped_while_a_scenario_lets_the_server_hear_or_say_nothing() {
    for (silence, end) in [("{mute: {}}", "unmute"), ("stop_reading", "read_on")] {
        let yaml = format!(
            "title: t\nwhy: w\ntimeline: [{{await: {{what: open, within: 9s}}}}, {silence}, {{wait: 90s}}, {end}, end]"
        );
        let scenario = Scenario::parse("t", &yaml).unwrap();
        let server = MockServer::builder().in_memory().scenario(scenario).start().await.unwrap();
        let opened = Instant::now();
        let mut line = open_in_memory(&server).await;
        let (at, seen) = line.next_at(Duration::from_secs(300)).await.expect("something comes");
        assert_eq!(seen, Seen::Close { code: Some(1000), reason: String::new() }, "{silence}");
        assert_eq!((at - opened).as_secs(), 90, "{silence}");
    }
}

#[tokio::test(start_paused = true)]
async fn scenario_does_in_memory_what_it_does_to_sockets() {
    const YAML: &str = "
title: t
why: w
listening: false
sockets:
  - {on: {nth: 2}, bytes: {latency: 1s}}
timeline:
  - pause: 1s
  - listen
  - await: {what: open, within: 10s}
  - stop_listening
  - pause: 1s
  - listen
  - end
";
    let scenario = Scenario::parse("t", YAML).unwrap();
    let builder = MockServer::builder().in_memory().tls(true).scenario(scenario);
    let server = builder.start().await.unwrap();
    let trust = Trust::file(server.ca_file().unwrap()).unwrap();
    let dial = async || {
        let stream = trust.connect("in-memory", server.dial()?).await?;
        let mut line = Line::over(stream, false);
        line.send(upgrade_request(&target()).as_bytes()).await;
        let (at, seen) = line.next_at(Duration::from_secs(300)).await.expect("an answer comes");
        assert!(matches!(seen, Seen::Http { status: 101, .. }), "{seen:?}");
        Ok::<_, std::io::Error>(at)
    };
    let refused = |error: std::io::Error| error.kind() == std::io::ErrorKind::ConnectionRefused;
    assert!(dial().await.is_err_and(refused));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let began = Instant::now();
    assert_eq!(dial().await.unwrap(), began);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(dial().await.is_err_and(refused));
    tokio::time::sleep(Duration::from_millis(600)).await;
    let began = Instant::now();
    // Each flight of the handshake's, and the answer, comes 1 s later.
    let late = (dial().await.unwrap() - began).as_secs();
    assert!(late >= 2, "{late}");
}
