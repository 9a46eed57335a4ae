//! How much memory clients can make the server hold: what it asks of the allocator, counted.
//!
//! The clients are in the same process and hold next to nothing. One test, so that nobody else allocates meanwhile.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::alloc::System;
use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use glimesh_mock::{Limits, MockServer, Profile, TOKEN};
use raw::{Line, RawFrame, upgrade_request};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What an idle WebSocket may hold, in bytes.
const IDLE: usize = 8_000;

/// What a subscription may hold: its id, wherever that is kept, and its places in lists.
const ONE_SUBSCRIPTION: usize = 1_000;

/// What a connection may hold before its upgrade: hyper sets 8 KiB aside for a head, and its own state is large.
const BEFORE_THE_UPGRADE: usize = 32 << 10;

/// What it takes to inflate: a window and tables, and what is read.
const INFLATING: usize = 64 << 10;

/// What may stay when all clients of a crowd are gone: lists keep their room.
const LEFT: usize = 100_000;

/// How long the server may take to notice that clients are gone.
const SOON: Duration = Duration::from_secs(20);

/// What is kept of documents, for all clients together.
const KEPT_DOCUMENTS: usize = 40 << 20;

const DOCUMENTS: &str = "documents that nobody else sends";

/// Few enough for the usual limit of open files.
const CLIENTS: usize = 200;

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;

const SUBSCRIBE: &str = r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){id}}"}]"#;

#[tokio::test]
async fn what_a_client_can_make_the_server_hold_is_bounded() {
    let hour = Duration::from_secs(3600);
    let profile = Profile {
        heartbeat_limit: hour,
        message_limit: 100_000,
        accepts_deflate: true,
        ..Profile::glimesh()
    };
    let limits = Limits {
        head_timeout: hour,
        body_timeout: hour,
        head: 16 << 10,
        body: 50_000,
        subscriptions: 100,
        unsent: 50_000,
        ..Limits::DEFAULT
    };
    let builder = MockServer::builder().profile(profile).limits(limits).keep_transcript(false);
    let server = builder.start().await.expect("a port is free");
    let mut polite = Line::open(server.addr(), &target()).await;
    // What all share is loaded by the first one: schemas, and the document.
    for text in [JOIN, SUBSCRIBE] {
        polite.text(text).await;
        polite.next_text().await;
    }
    let mut check = async |what: &str, most_each: usize, clients: Vec<TcpStream>, before: usize| {
        // Once this is answered, everything that was sent before was read.
        for _ in 0..3 {
            polite.text(r#"[null,"hb","phoenix","heartbeat",{}]"#).await;
            polite.next_text().await;
        }
        let each = held().saturating_sub(before) / clients.len();
        let share = 100 * each / most_each;
        eprintln!("{what}: {each} bytes a client, {share} % of the limit");
        assert!(each <= most_each, "{what}: {each} bytes a client, more than {most_each}");
        let most_left = before + LEFT;
        drop(clients);
        let begun = Instant::now();
        while held() > most_left && what != DOCUMENTS {
            assert!(begun.elapsed() < SOON, "{what}: {} bytes stay", held() - before);
            polite.text(r#"[null,"hb","phoenix","heartbeat",{}]"#).await;
            polite.next_text().await;
        }
    };

    let (idle, before) = crowd(&server, CLIENTS, &request(), &[]).await;
    check("an idle WebSocket", IDLE, idle, before).await;

    let subscribed = [RawFrame::text(JOIN).bytes(), RawFrame::text(SUBSCRIBE).bytes()].concat();
    let (listening, before) = crowd(&server, CLIENTS, &request(), &subscribed).await;
    check("one that listens to a channel", IDLE + ONE_SUBSCRIPTION, listening, before).await;

    let (silent, before) = crowd(&server, CLIENTS, b"", &[]).await;
    check("a connection that never speaks", BEFORE_THE_UPGRADE, silent, before).await;

    let endless = [b"GET / HTTP/1.1\r\nX: ".as_slice(), &[b'x'; 15 << 10]].concat();
    let (heads, before) = crowd(&server, CLIENTS, b"", &endless).await;
    check("a head that never ends", limits.head + BEFORE_THE_UPGRADE, heads, before).await;

    let mut body = b"POST /api/graph HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n".to_vec();
    body.resize(body.len() + 49_000, b' ');
    let (bodies, before) = crowd(&server, CLIENTS, b"", &body).await;
    check(
        "a body that never ends",
        2 * limits.body + limits.head + BEFORE_THE_UPGRADE,
        bodies,
        before,
    )
    .await;

    // The frame announces more than will come.
    let mut begun = RawFrame::text(&"x".repeat(99_000)).bytes();
    begun.truncate(90_000);
    let (messages, before) = crowd(&server, CLIENTS, &request(), &begun).await;
    check("a message that never ends", 100_000 + 2 * IDLE, messages, before).await;

    // Of a message of 100 bytes, not all of which come, 90,000 were inflated.
    let mut begun = RawFrame::new(1, deflated(&[b'x'; 90_000])).bytes();
    begun[0] = 0x41;
    let offering = upgrade_request(&target())
        .replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
    let (compressed, before) = crowd(&server, 20, offering.as_bytes(), &begun).await;
    let most = INFLATING + 2 * 100_000 + 2 * IDLE;
    check("a compressed message that never ends", most, compressed, before).await;

    let too_many = RawFrame::text(SUBSCRIBE).bytes().repeat(150);
    let many = [RawFrame::text(JOIN).bytes(), too_many].concat();
    let (subscribers, before) = crowd(&server, 10, &request(), &many).await;
    let most = 100 * ONE_SUBSCRIPTION + limits.unsent + IDLE;
    check("subscriptions without end", most, subscribers, before).await;

    // Half as much again as is kept.
    let field = |n: usize| format!("a{n}:myself{{id username displayname}} ");
    let query = |n: usize| format!("{{{}}}", (0..300).map(|i| field(n + i)).collect::<String>());
    let doc = |n| format!(r#"["1","3","__absinthe__:control","doc",{{"query":"{}"}}]"#, query(n));
    let documents = (0..24).map(doc).flat_map(|text| RawFrame::text(&text).bytes());
    let documents: Vec<u8> = RawFrame::text(JOIN).bytes().into_iter().chain(documents).collect();
    let (curious, before) = crowd(&server, 1, &request(), &documents).await;
    check(DOCUMENTS, KEPT_DOCUMENTS, curious, before).await;
}

/// Clients that all say this, of whom none reads what it is answered but for the 101 of a request; and how much was
/// held before.
async fn crowd(
    server: &MockServer,
    count: usize,
    request: &[u8],
    said: &[u8],
) -> (Vec<TcpStream>, usize) {
    let mut clients = Vec::with_capacity(count);
    let before = held();
    for _ in 0..count {
        let mut stream = TcpStream::connect(server.addr()).await.expect("the server listens");
        if !request.is_empty() {
            stream.write_all(request).await.expect("it is open");
            let mut head = [0; 1024];
            let mut length = 0;
            while !head[..length].ends_with(b"\r\n\r\n") {
                length += stream.read(&mut head[length..]).await.expect("an answer comes");
            }
        }
        // Whoever sends too much may be cut in the middle of it.
        let _ = stream.write_all(said).await;
        clients.push(stream);
    }
    (clients, before)
}

/// How many bytes are held at this moment.
fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).expect("there is room");
    encoder.flush().expect("there is room");
    encoder.get_ref().clone()
}

fn request() -> Vec<u8> {
    upgrade_request(&target()).into_bytes()
}

fn target() -> String {
    format!("/api/graph/websocket?vsn=2.0.0&token={TOKEN}")
}
