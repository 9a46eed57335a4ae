//! Thousands of connections that never say anything, and one client among them that is served at once.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::time::{Duration, Instant};

use glimesh_mock::{Limits, MockServer, Profile, TOKEN};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use raw::{Line, upgrade_request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How many never speak, if the system lets one process have so many files.
const SILENT: usize = 5_000;

/// How many files the test needs beside two for each connection.
const OTHER_FILES: usize = 200;

/// How long an answer may take on a busy machine; a server that waits for one silent client takes for ever.
const PROMPT: Duration = Duration::from_secs(5);

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
const DOC: &str = r#"["1","2","__absinthe__:control","doc",{"query":"{myself{username}}"}]"#;

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_connections_that_never_speak_disturb_nobody() {
    let silent = files().saturating_sub(OTHER_FILES).min(2 * SILENT) / 2;
    if silent < SILENT {
        eprintln!("the limit of open files allows {silent} silent connections, not {SILENT}");
    }
    // Nobody shall be dropped while the others still come.
    let hour = Duration::from_secs(3600);
    let profile = Profile { heartbeat_limit: hour, ..Profile::glimesh() };
    let limits = Limits { head_timeout: hour, ..Limits::DEFAULT };
    let builder = MockServer::builder().profile(profile).limits(limits);
    let server = builder.start().await.expect("a port is free");
    let mut polite = Line::open(server.addr(), &target()).await;
    polite.text(JOIN).await;
    polite.next_text().await;
    let mut crowd = Vec::new();
    for n in 0..silent {
        // Of four, one says nothing at all, one says half a request, and two open a WebSocket first.
        let mut stream = TcpStream::connect(server.addr()).await.expect("the server listens");
        match n % 4 {
            0 => {}
            1 => stream.write_all(b"GET /api/gr").await.expect("it is open"),
            _ => upgrade(&mut stream).await,
        }
        crowd.push(stream);
        if n % 500 == 0 {
            served_at_once(&mut polite).await;
        }
    }
    served_at_once(&mut polite).await;
    let begun = Instant::now();
    let mut comer = Line::open(server.addr(), &target()).await;
    comer.text(JOIN).await;
    comer.next_text().await;
    assert!(begun.elapsed() < PROMPT, "a new client waited {:?}", begun.elapsed());
    drop((crowd, comer, polite));
    let begun = Instant::now();
    server.stop().await;
    assert!(begun.elapsed() < PROMPT, "stopping took {:?}", begun.elapsed());
}

async fn served_at_once(line: &mut Line) {
    let begun = Instant::now();
    line.text(DOC).await;
    assert!(line.next_text().await.contains(r#"{"username":"Mytho"}"#));
    assert!(begun.elapsed() < PROMPT, "an answer took {:?}", begun.elapsed());
}

async fn upgrade(stream: &mut TcpStream) {
    stream.write_all(upgrade_request(&target()).as_bytes()).await.expect("it is open");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_buf(&mut head).await.expect("an answer comes");
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
}

/// How many files this process may have open, after asking for as many as there may be.
fn files() -> usize {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("the system has it");
    let wanted = most.min((2 * SILENT + OTHER_FILES) as u64);
    let (now, _) = getrlimit(Resource::RLIMIT_NOFILE).expect("the system has it");
    if now < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted, most).expect("it is within the hard limit");
    }
    usize::try_from(now.max(wanted)).unwrap_or(usize::MAX)
}

fn target() -> String {
    format!("/api/graph/websocket?vsn=2.0.0&token={TOKEN}")
}
