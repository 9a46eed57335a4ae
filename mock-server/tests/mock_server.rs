//! The server in somebody's tests: expectations, waiting, orders, failure messages, and the end of it all.

mod raw;

use std::time::Duration;

use glimesh_mock::scenario::Awaited;
use glimesh_mock::testing::{Frames, NoConnection};
use glimesh_mock::transcript::{From, What};
use glimesh_mock::{MockServer, TOKEN};
use raw::{Line, Seen, upgrade_request};
use tokio::time::Instant;

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
const HEARTBEAT: &str = r#"[null,"2","phoenix","heartbeat",{}]"#;
const SUBSCRIBE: &str = r#"["1","3","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){message}}"}]"#;

/// How long anything may take on a loaded machine.
const SOON: Duration = Duration::from_secs(20);

fn target() -> String {
    format!("/api/graph/websocket?vsn=2.0.0&token={TOKEN}")
}

async fn open(server: &MockServer) -> Line {
    Line::open(server.addr(), &target()).await
}

/// A client's end of a pipe with an open WebSocket.
async fn open_in_memory(server: &MockServer) -> Line {
    let mut line = Line::over(server.connect(), false);
    line.send(upgrade_request(&target()).as_bytes()).await;
    assert!(matches!(line.next().await, Seen::Http { status: 101, .. }));
    line
}

#[tokio::test]
async fn expectations_that_are_met_pass_whatever_else_comes() {
    let server = MockServer::start().await.unwrap();
    server.expect(Frames::join()).times(1);
    server.expect(Frames::heartbeat()).times(1..=2);
    server.expect(Frames::any()).times(2..);
    server.expect(Frames::event("heartbeat").on("phoenix")).times(..3);
    server.expect(Frames::doc()).never();
    let mut line = open(&server).await;
    line.text(JOIN).await;
    line.text(HEARTBEAT).await;
    server.verify().await;
}

#[tokio::test]
async fn failure_prints_what_was_expected_the_counts_and_the_frames() {
    let server = MockServer::start().await.unwrap();
    server.expect(Frames::join()).times(1);
    server.expect(Frames::heartbeat()).times(2..);
    server.expect(Frames::join()).on_connection(2);
    server.expect(Frames::event("heartbeat")).never();
    let mut line = open(&server).await;
    line.text(JOIN).await;
    line.next_text().await;
    line.text(HEARTBEAT).await;
    line.next_text().await;
    let unmet = server.unmet(Duration::ZERO).await.unwrap_err().to_string();
    let times = regex_free_times(&unmet);
    insta::assert_snapshot!(times, @r#"
    not everything that was expected came:
        met  a join of the control topic: expected once, came once
      UNMET  a heartbeat: expected twice or more, came once
      UNMET  a join of the control topic, on connection 2: expected once or more, came none
      UNMET  a frame with the event "heartbeat": expected none, came once
    on the wire:
       TIMEs #1 > GET /api/graph/websocket answered with 101
       TIMEs #1 > ["1","1","__absinthe__:control","phx_join",{}]
       TIMEs #1 < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
       TIMEs #1 > [null,"2","phoenix","heartbeat",{}]
       TIMEs #1 < [null,"2","phoenix","phx_reply",{"response":{},"status":"ok"}]
    "#);
}

/// The message with its times replaced.
fn regex_free_times(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once("s #") {
        Some((time, rest)) if time.trim().parse::<f64>().is_ok() => format!("   TIMEs #{rest}"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_comes_too_often_is_not_met_and_not_waited_for() {
    let server = MockServer::start().await.unwrap();
    server.expect(Frames::heartbeat()).times(..=1);
    let mut line = open(&server).await;
    for _ in 0..2 {
        line.text(HEARTBEAT).await;
        line.next_text().await;
    }
    let began = Instant::now();
    let unmet = server.unmet(Duration::from_secs(600)).await.unwrap_err().to_string();
    assert!(unmet.contains("UNMET  a heartbeat: expected once at most, came twice"), "{unmet}");
    assert!(began.elapsed() < Duration::from_secs(300));
}

#[tokio::test]
async fn verify_panics_with_the_message() {
    let server = MockServer::start().await.unwrap();
    server.expect(Frames::join()).times(3);
    let failed = tokio::spawn(async move { server.verify().await }).await.unwrap_err();
    let panic = failed.into_panic();
    let said = panic.downcast_ref::<String>().expect("a panic has a message");
    let expected =
        "UNMET  a join of the control topic: expected 3 times, came none\nnothing crossed the wire";
    assert!(said.ends_with(expected), "{said}");
}

#[tokio::test]
async fn expectations_nobody_looked_at_fail_the_test() {
    let server = MockServer::start().await.unwrap();
    server.expect(Frames::join());
    let failed = tokio::spawn(async move { drop(server) }).await.unwrap_err().into_panic();
    let said = failed.downcast_ref::<String>().expect("a panic has a message");
    assert!(said.contains("a join of the control topic was expected and nobody looked"), "{said}");
}

#[tokio::test]
async fn nothing_can_be_expected_without_a_transcript() {
    let server = MockServer::builder().keep_transcript(false).in_memory().start().await.unwrap();
    let failed = tokio::spawn(async move {
        server.expect(Frames::any()).never();
    })
    .await;
    assert!(failed.unwrap_err().is_panic());
}

#[tokio::test]
async fn waiting_ends_when_it_comes_and_counts_on() {
    let server = MockServer::start().await.unwrap();
    let mut line = open(&server).await;
    line.text(JOIN).await;
    line.text(SUBSCRIBE).await;
    line.text(HEARTBEAT).await;
    for what in [Awaited::Open, Awaited::Join, Awaited::Subscribed, Awaited::Heartbeat] {
        server.wait_for(what, SOON).await.unwrap();
    }
    let seen = server.wait_for_frame(&Frames::subscription(), SOON).await.unwrap();
    assert_eq!((seen.conn, seen.from, seen.text.as_str()), (1, From::Client, SUBSCRIBE));
    let missed = server.wait_for(Awaited::Join, Duration::ZERO).await.unwrap_err().to_string();
    assert!(
        missed.starts_with("\"join\" number 2 did not come; there were 1 within 0s\n"),
        "{missed}"
    );
    assert!(missed.contains(&format!("#1 > {JOIN}")), "{missed}");
    let missed = server.wait_for_frame(&Frames::event("x"), Duration::ZERO).await.unwrap_err();
    assert!(
        missed.to_string().starts_with("a frame with the event \"x\" did not come"),
        "{missed}"
    );
}

#[tokio::test]
async fn orders_reach_the_wire() {
    let server = MockServer::start().await.unwrap();
    assert_eq!(server.push_text("x"), Err(NoConnection));
    let mut line = open(&server).await;
    server.wait_for(Awaited::Open, SOON).await.unwrap();
    // The socket is there a moment after the 101.
    line.text(HEARTBEAT).await;
    line.next_text().await;
    server.push_text("not a frame").unwrap();
    assert_eq!(line.next_text().await, "not a frame");
    server.push(&glimesh_proto::Frame::decode(HEARTBEAT).unwrap()).unwrap();
    assert_eq!(line.next_text().await, HEARTBEAT);
    server.push_binary([0, 255]).unwrap();
    assert_eq!(line.next().await, Seen::Binary(vec![0, 255]));
    server.close(4321, "enough").unwrap();
    let close = Seen::Close { code: Some(4321), reason: "enough".to_owned() };
    assert_eq!(line.rest().await, [close]);

    for cut in [true, false] {
        let mut line = open(&server).await;
        line.text(HEARTBEAT).await;
        line.next_text().await;
        if cut {
            server.cut().unwrap()
        } else {
            server.reset_connection().unwrap()
        }
        assert_eq!(line.rest().await, []);
    }
}

#[tokio::test]
async fn frames_are_kept_by_connection() {
    let server = MockServer::start().await.unwrap();
    let (mut first, mut second) = (open(&server).await, open(&server).await);
    second.text(JOIN).await;
    second.next_text().await;
    first.text("not a frame").await;
    first.rest().await;
    let texts = |conn| server.frames_on(conn).into_iter().map(|seen| seen.text).collect::<Vec<_>>();
    assert_eq!(texts(1), ["not a frame"]);
    assert_eq!(texts(2).len(), 2);
    assert!(server.frames_on(1)[0].frame.is_none());
    assert_eq!(server.frames().len(), 3);
}

#[tokio::test]
async fn many_servers_stand_side_by_side_and_know_nothing_of_each_other() {
    let mut servers = Vec::new();
    for _ in 0..16 {
        servers.push(MockServer::start().await.unwrap());
    }
    for (index, server) in servers.iter().enumerate() {
        for _ in 0..index {
            let mut line = open(server).await;
            line.text(JOIN).await;
            line.next_text().await;
        }
    }
    for (index, server) in servers.iter().enumerate() {
        server.expect(Frames::join()).times(index as u64);
        server.verify().await;
    }
}

#[tokio::test]
async fn dropping_it_ends_its_connections_and_frees_its_port() {
    let server = MockServer::start().await.unwrap();
    let addr = server.addr();
    let mut line = open(&server).await;
    drop(server);
    let closed = Seen::Close { code: Some(1000), reason: String::new() };
    assert_eq!(line.rest().await, [closed]);
    let freed = async {
        while tokio::net::TcpListener::bind(addr).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, freed).await.expect("nobody listens any more");
}

#[tokio::test]
async fn transcript_says_who_ended_a_connection_that_never_became_a_websocket() {
    for (version, ended_by) in [("1.0", From::Server), ("1.1", From::Client)] {
        let server = MockServer::start().await.unwrap();
        let mut line = Line::dial(server.addr()).await;
        line.send(format!("GET /healthz HTTP/{version}\r\nHost: x\r\n\r\n").as_bytes()).await;
        assert!(matches!(line.next().await, Seen::Http { status: 200, .. }));
        match ended_by {
            From::Server => assert_eq!(line.next().await, Seen::Eof),
            From::Client => drop(line),
        }
        server.wait_for(Awaited::End, SOON).await.unwrap();
        let mut entries = server.stop().await.entries.into_iter();
        let end = entries.find(|entry| matches!(entry.what, What::Eof { .. })).unwrap();
        assert_eq!(end.what, What::Eof { from: ended_by, reset: false }, "HTTP/{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn thirty_seconds_pass_at_once_in_memory() {
    let server = MockServer::builder().in_memory().start().await.unwrap();
    assert_eq!(server.url(), format!("ws://in-memory{}", target()));
    let opened = Instant::now();
    let mut line = open_in_memory(&server).await;
    server.expect(Frames::heartbeat()).times(10);
    for beat in 1..=10 {
        tokio::time::sleep_until(opened + Duration::from_secs(30 * beat)).await;
        line.text(HEARTBEAT).await;
        line.next_text().await;
    }
    let missed = server.wait_for(Awaited::Join, Duration::from_secs(31)).await.unwrap_err();
    assert!(missed.to_string().contains("there were 0 within 31s"), "{missed}");
    server.wait_for(Awaited::End, Duration::from_secs(30)).await.unwrap();
    let ended = server.transcript().entries.iter().find_map(|entry| match entry.what {
        What::Close { .. } => Some(entry.at.since_start().as_secs()),
        _ => None,
    });
    assert_eq!(ended, Some(332));
    let closed = Seen::Close { code: Some(1000), reason: String::new() };
    assert_eq!(line.rest().await, [closed]);
    server.verify().await;
}

#[tokio::test(start_paused = true)]
async fn pipes_end_when_the_server_stops() {
    let server = MockServer::builder().in_memory().start().await.unwrap();
    let mut line = open_in_memory(&server).await;
    let mut second = open_in_memory(&server).await;
    server.stop().await;
    for line in [&mut line, &mut second] {
        let closed = Seen::Close { code: Some(1000), reason: String::new() };
        assert_eq!(line.rest().await, [closed]);
    }
}
