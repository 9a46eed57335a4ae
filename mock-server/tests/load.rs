//! Many subscribers, and a client among them that does not read: nobody else notices.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails the test")]

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::time::Duration;

use futures_util::future::join_all;
use glimesh_mock::{CHANNEL_ID, MockServer, Profile, TOKEN};
use raw::{Line, RawFrame, Seen, upgrade_request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

const SUBSCRIBERS: usize = 500;

/// How often the client that does not read has subscribed.
const OF_THE_SLOW_READER: usize = 500;

/// How many messages are said; for the client that does not read, over 20 MB: more than the kernel and the server
/// let wait.
const MESSAGES: usize = 120;

/// How late a message may be; the machine may be busy. For a slow reader, the server would wait for ever.
const SOON: Duration = Duration::from_secs(10);

/// How much the memory of server and clients may grow in all, in bytes.
const FLAT: u64 = 48 << 20;

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;

const SUBSCRIBE: &str = r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){id message user{username}}}"}]"#;

const HERE: &str = r#"["1","3","__absinthe__:control","doc",{"query":"mutation{createChatMessage(channelId:6,message:{message:\"here\"}){id}}"}]"#;

#[tokio::test(flavor = "multi_thread")]
async fn slow_reader_is_cut_and_nobody_else_waits_or_loses_a_message() {
    // Nobody sends heartbeats here.
    let profile = Profile { heartbeat_limit: Duration::from_secs(3600), ..Profile::glimesh() };
    let builder = MockServer::builder().profile(profile).keep_transcript(false);
    let server = builder.start().await.unwrap();
    let mut lines = join_all((0..SUBSCRIBERS).map(|_| subscriber(&server))).await;
    let slow = slow_reader(&server).await;
    all_hear("here", &mut lines).await;
    let before = memory();
    for number in 0..MESSAGES {
        let message = format!("message {number}");
        server.say(CHANNEL_ID, "mytho", &message).unwrap();
        all_hear(&message, &mut lines).await;
    }
    let read = rest(slow).await;
    let grown = memory().saturating_sub(before);
    assert!(read < MESSAGES * OF_THE_SLOW_READER * 300, "cut before the last message: {read}");
    assert!(grown < FLAT, "{grown} bytes more");
    server.say(CHANNEL_ID, "mytho", "and on it goes").unwrap();
    all_hear("and on it goes", &mut lines).await;
}

async fn subscriber(server: &MockServer) -> Line {
    let mut line = Line::open(server.addr(), &target()).await;
    for text in [JOIN, SUBSCRIBE] {
        line.text(text).await;
        assert!(line.next_text().await.contains(r#""status":"ok""#));
    }
    line
}

/// A client that has subscribed, has said so to everybody, and reads nothing.
async fn slow_reader(server: &MockServer) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(server.addr()).await.unwrap();
    stream.write_all(upgrade_request(&target()).as_bytes()).await.unwrap();
    let subscriptions = std::iter::repeat_n(SUBSCRIBE, OF_THE_SLOW_READER);
    for text in [JOIN].into_iter().chain(subscriptions).chain([HERE]) {
        stream.write_all(&RawFrame::text(text).bytes()).await.unwrap();
    }
    stream
}

/// Everybody hears exactly this, and next.
async fn all_hear(message: &str, lines: &mut [Line]) {
    let expected = format!(r#""message":"{message}""#);
    for line in lines {
        match line.next_within(SOON).await {
            Some(Seen::Text(text)) if text.contains(&expected) => {}
            other => panic!("expected {expected}, found {other:?}"),
        }
    }
}

/// How many bytes come until the server's end.
async fn rest(mut stream: TcpStream) -> usize {
    let mut read = 0;
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = timeout(SOON, stream.read(&mut buffer)).await.expect("an end") {
        read += length;
    }
    read
}

fn target() -> String {
    format!("/api/graph/websocket?vsn=2.0.0&token={TOKEN}")
}

/// How much memory the process has for itself; nothing where the system does not say it.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.map_or(0, |kib| kib.parse::<u64>().unwrap() * 1024)
}
