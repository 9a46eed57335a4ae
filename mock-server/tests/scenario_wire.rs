//! What a scenario does below the Phoenix frames, read from the bytes of the socket.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

mod address;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use glimesh_mock::transcript::What;
use glimesh_mock::{MockServer, Scenario};
use raw::{Line, RawFrame, Seen, upgrade_request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
const JOINED: &str =
    r#"["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#;
const HEARTBEAT: &str = r#"[null,"hb","phoenix","heartbeat",{}]"#;

/// How long something takes that is not to come.
const NEVER: Duration = Duration::from_millis(300);

/// How long anything else may take.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn upgrades_are_refused_held_ignored_redirected_and_decorated() {
    let server = start(
        r#"
upgrades:
- {on: {nth: 1}, refuse: {status: 503, headers: {retry-after: "7"}, body: "later"}}
- {on: {nth: 2}, redirect: {to: "ws://{host}{target}"}}
- {on: {nth: 3}, delay: 400ms}
- {on: {nth: 4}, headers: {sec-websocket-protocol: "graphql-ws"}}
- {on: {nth: 5}, ignore: true}
"#,
    )
    .await;
    let header = |answer: &Seen, wanted: &str| match answer {
        Seen::Http { headers, .. } => {
            headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
        }
        other => panic!("{other:?}"),
    };
    let refused = ask(&server).await.next().await;
    let Seen::Http { status: 503, body, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!((body.as_str(), header(&refused, "retry-after").as_deref()), ("later", Some("7")));
    let redirected = ask(&server).await.next().await;
    assert!(matches!(redirected, Seen::Http { status: 302, .. }), "{redirected:?}");
    let to = format!("ws://localhost{}", target(&server));
    assert_eq!(header(&redirected, "location"), Some(to));
    let asked = Instant::now();
    let late = ask(&server).await.next().await;
    assert!(matches!(late, Seen::Http { status: 101, .. }), "{late:?}");
    assert!(asked.elapsed() >= Duration::from_millis(400), "{:?}", asked.elapsed());
    let decorated = ask(&server).await.next().await;
    assert_eq!(header(&decorated, "sec-websocket-protocol").as_deref(), Some("graphql-ws"));
    let mut ignored = ask(&server).await;
    assert_eq!(ignored.next_within(NEVER).await, None);
    drop(ignored);
    let statuses = server.stop().await.entries.into_iter().filter_map(|entry| match entry.what {
        What::Upgrade { status, .. } => Some(status),
        _ => None,
    });
    assert_eq!(statuses.collect::<Vec<_>>(), [503, 302, 101, 101, 0]);
}

#[tokio::test]
async fn revoked_credentials_are_refused() {
    let server = start(
        "timeline:\n- await: {what: open, within: 20s}\n- revoke_credentials\n- close: {code: 1001, reason: bye}",
    )
    .await;
    let mut line = open(&server).await;
    let close = Seen::Close { code: Some(1001), reason: "bye".to_owned() };
    assert_eq!(line.next().await, close);
    assert!(matches!(ask(&server).await.next().await, Seen::Http { status: 403, .. }));
}

#[tokio::test]
async fn port_is_shut_from_the_start_and_opened_later() {
    let steps = "listening: false\ntimeline:\n- pause: 300ms\n- listen";
    let server = start_at(address::own(1), steps).await;
    let refused = TcpStream::connect(server.addr()).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    server.scenario_ended().await;
    open(&server).await;
}

#[tokio::test]
async fn server_restarts_on_the_same_port() {
    let steps = "timeline:\n- await: {what: join, within: 20s}\n- restart: {pause: 500ms}";
    let server = start_at(address::own(2), steps).await;
    let mut line = joined(&server).await;
    assert_eq!(line.next().await, Seen::Eof, "TCP ends without a close frame");
    let refused = TcpStream::connect(server.addr()).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    server.scenario_ended().await;
    joined(&server).await;
}

#[tokio::test]
async fn tcp_ends_cut_reset_and_by_half() {
    let server = start(
        "timeline:\n- await: {what: join, within: 20s}\n- cut\n- await: {what: join, within: 20s}\n- reset\n- await: {what: join, within: 20s}\n- half_close\n- await: {what: heartbeat, within: 20s}\n- mark: still-read",
    )
    .await;
    assert_eq!(ended(&server).await.map(|more| more.len()).ok(), Some(0), "cut");
    let reset = ended(&server).await.expect_err("it is reset").kind();
    assert_eq!(reset, io::ErrorKind::ConnectionReset);
    let mut half = joined(&server).await;
    assert_eq!(half.next().await, Seen::Eof);
    half.text(HEARTBEAT).await;
    timeout(SOON, server.scenario_ended()).await.expect("it ends");
    let marks = marks(server).await;
    assert!(marks.contains(&"still-read".to_owned()), "{marks:?}");
}

#[tokio::test]
async fn nothing_is_read_for_a_while() {
    let server = start(
        "timeline:\n- await: {what: join, within: 20s}\n- stop_reading\n- send: stopped\n- await: {what: heartbeat, within: 500ms, or: continue}\n- read_on\n- await: {what: heartbeat, within: 20s}",
    )
    .await;
    let mut line = joined(&server).await;
    assert_eq!(line.next_text().await, "stopped", "the server still speaks");
    line.text(HEARTBEAT).await;
    assert!(line.next_text().await.contains("\"hb\""));
    timeout(SOON, server.scenario_ended()).await.expect("it ends");
    let marks = marks(server).await;
    let heartbeats = marks.iter().filter(|mark| mark.ends_with(":heartbeat"));
    assert_eq!(heartbeats.collect::<Vec<_>>(), ["missed:heartbeat", "reached:heartbeat"]);
}

#[tokio::test]
async fn frames_of_the_websocket_are_as_they_are_told() {
    let server = start(
        r#"
timeline:
- await: {what: join, within: 20s}
- frame: {text: Hi, rsv: 4}
- frame: {opcode: 3, fin: false}
- frame: {hex: 'c328'}
- frame: {opcode: 9, text: p, times: 2}
- frame: {text: x, masked: true}
- fragment: {text: 'abc', size: 1, pings: true}
- push: {frame: '{n}', times: 3}
- frame: {opcode: 2, hex: '00', length: 67108864}
- end
"#,
    )
    .await;
    let mut stream = joined_bytes(&server).await;
    let expected = "c1024869 0300 8102c328 890170 890170 81815a0fc39622 0101 61 890130 0001 62 890131 8001 63 \
                    810131 810132 810133 827f0000000004000000 00";
    let expected = hex::decode(expected.replace(' ', "")).expect("it is hexadecimal");
    assert_eq!(hex::encode(exactly(&mut stream, expected.len()).await), hex::encode(expected));
    let notes = server.stop().await.entries.into_iter();
    let notes = notes
        .filter(|entry| matches!(&entry.what, What::Note { code, .. } if code == "wire-frame"));
    assert_eq!(notes.count(), 5, "what is no correct frame is a note");
}

#[tokio::test]
async fn answers_are_sent_in_fragments_and_grow() {
    let server =
        start("rules: [{on: {event: heartbeat}, fragment: {size: 60, spaces: 40, pings: true}}]")
            .await;
    let mut stream = joined_bytes(&server).await;
    let beat = r#"[null,"hb","phoenix","heartbeat",{}]"#;
    stream.write_all(&RawFrame::text(beat).bytes()).await.expect("it reads");
    let answer = [
        &b"\x01\x3c"[..],
        br#"[null,"hb","phoenix","phx_reply","#,
        &[b' '; 27],
        b"\x89\x010\x80\x2b",
        &[b' '; 13],
        br#"{"response":{},"status":"ok"}]"#,
    ]
    .concat();
    let came = exactly(&mut stream, answer.len()).await;
    assert_eq!(String::from_utf8_lossy(&came), String::from_utf8_lossy(&answer));
    let entries = server.stop().await.entries;
    let length = answer.len() - b"\x01\x3c\x89\x010\x80\x2b".len();
    let recorded = |what: &What| matches!(what, What::Text { len, .. } if *len == length);
    assert!(entries.iter().any(|entry| recorded(&entry.what)), "{entries:?}");
}

#[tokio::test]
async fn bytes_are_chopped_from_the_first_one_on() {
    let server = start("sockets: [{on: {nth: 1}, bytes: {chop: 7}}]").await;
    for is_chopped in [true, false] {
        let mut stream = TcpStream::connect(server.addr()).await.expect("it listens");
        let request = upgrade_request(&target(&server));
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut sizes = Vec::new();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut buffer = [0; 1_000];
            let size = timeout(SOON, stream.read(&mut buffer)).await.expect("it answers");
            let size = size.expect("it stands");
            assert_ne!(size, 0, "it ended after {:?}", String::from_utf8_lossy(&head));
            sizes.push(size);
            head.extend_from_slice(&buffer[..size]);
        }
        // A reader that is slow gets some pieces at once.
        assert_eq!(sizes.len() > 3, is_chopped, "{sizes:?}");
        assert!(!is_chopped || sizes.iter().rev().skip(1).all(|size| size % 7 == 0), "{sizes:?}");
    }
}

#[tokio::test]
async fn bytes_are_late_and_slow() {
    let server = start(
        "timeline:\n- await: {what: join, within: 20s}\n- bytes: {latency: 400ms}\n- send: late\n- await: {what: heartbeat, within: 20s}\n- bytes: {per_second: 100}\n- await: {what: heartbeat, within: 20s}",
    )
    .await;
    let mut line = open(&server).await;
    let asked = Instant::now();
    line.text(JOIN).await;
    while line.next_text().await != "late" {}
    assert!(asked.elapsed() >= Duration::from_millis(400), "{:?}", asked.elapsed());
    line.text(HEARTBEAT).await;
    line.next_text().await;
    // A frame of 65 bytes, 100 in a second.
    let asked = Instant::now();
    line.text(HEARTBEAT).await;
    line.next_text().await;
    assert!(asked.elapsed() >= Duration::from_millis(400), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn bytes_are_corrupted_and_cut_off() {
    let server = start(
        "timeline:\n- await: {what: join, within: 20s}\n- bytes: {corrupt_after: 3, cut_after: 10}\n- send: '01234567890123456789'",
    )
    .await;
    let mut stream = joined_bytes(&server).await;
    // Two bytes of the frame's head, then text: the fourth byte is wrong, and the tenth is the last.
    assert_eq!(exactly(&mut stream, 10).await, *b"\x81\x140\xce234567");
    let end = stream.read(&mut [0]).await.expect_err("it is reset");
    assert_eq!(end.kind(), io::ErrorKind::ConnectionReset);
    drop(stream);
    let reset = server.stop().await.entries.into_iter().any(|entry| {
        let from = glimesh_mock::transcript::From::Server;
        entry.what == What::Eof { from, reset: true }
    });
    assert!(reset, "the transcript says that the server reset it");
}

async fn start(yaml: &str) -> MockServer {
    start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), yaml).await
}

async fn start_at(addr: SocketAddr, yaml: &str) -> MockServer {
    let scenario = Scenario::parse("t", &format!("title: t\nwhy: w\n{yaml}"));
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
    MockServer::builder().scenario(scenario).listen(addr).start().await.expect("a port is free")
}

fn target(server: &MockServer) -> String {
    let url = server.url();
    let (_, target) = url.split_once(&server.addr().to_string()).expect("it names the server");
    target.to_owned()
}

/// Asks for an upgrade.
async fn ask(server: &MockServer) -> Line {
    let mut line = Line::dial(server.addr()).await;
    line.send(upgrade_request(&target(server)).as_bytes()).await;
    line
}

async fn open(server: &MockServer) -> Line {
    Line::open(server.addr(), &target(server)).await
}

async fn joined(server: &MockServer) -> Line {
    let mut line = open(server).await;
    line.text(JOIN).await;
    assert_eq!(line.next_text().await, JOINED);
    line
}

/// A connection that has joined, and whose next byte is the first one after the reply.
async fn joined_bytes(server: &MockServer) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).await.expect("it listens");
    let request = upgrade_request(&target(server));
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(exactly(&mut stream, 1).await);
    }
    stream.write_all(&RawFrame::text(JOIN).bytes()).await.expect("it reads");
    let reply = exactly(&mut stream, JOINED.len() + 2).await;
    assert_eq!(String::from_utf8_lossy(&reply[2..]), JOINED);
    stream
}

async fn exactly(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let read = timeout(SOON, stream.read_exact(&mut bytes)).await.expect("they come");
    read.expect("the connection stands");
    bytes
}

/// Everything that comes after the join's reply, or how the connection ended.
async fn ended(server: &MockServer) -> io::Result<Vec<u8>> {
    let mut stream = joined_bytes(server).await;
    let mut more = Vec::new();
    timeout(SOON, stream.read_to_end(&mut more)).await.expect("it ends")?;
    Ok(more)
}

async fn marks(server: MockServer) -> Vec<String> {
    let entries = server.stop().await.entries.into_iter();
    let marks = entries.filter_map(|entry| match entry.what {
        What::Mark { name } => Some(name),
        _ => None,
    });
    marks.collect()
}
