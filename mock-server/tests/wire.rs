//! The drop on a real port and a real clock, and clients that mean no good. Each judged by the transcript.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::time::{Duration, Instant};

use glimesh_mock::transcript::{From, Transcript, What};
use glimesh_mock::{MockServer, Profile, TOKEN};
use raw::{Line, RawFrame, Seen, upgrade_request};

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
const HEARTBEAT: &str = r#"[null,"hb","phoenix","heartbeat",{}]"#;
const BEATEN: &str = r#"[null,"hb","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;

/// How late this machine may be with a timer.
const SLACK: Duration = Duration::from_millis(800);

/// How long the server may keep anybody waiting.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn silent_client_is_dropped_on_time() {
    let (heartbeat_limit, grace) = (Duration::from_secs(1), Duration::from_millis(200));
    let server = start(Profile { heartbeat_limit, grace, ..Profile::glimesh() }).await;
    let mut line = open(&server).await;
    line.text(JOIN).await;
    line.text(HEARTBEAT).await;
    line.rest().await;
    drop(line);
    let transcript = stop(server).await;
    let time_of = |wanted: fn(&What) -> bool| {
        let entry = transcript.entries.iter().find(|entry| wanted(&entry.what));
        entry.expect("it is in the transcript").at
    };
    let beaten = time_of(
        |what| matches!(what, What::Text { from: From::Client, data, .. } if data == HEARTBEAT),
    );
    let dropped =
        time_of(|what| matches!(what, What::Close { from: From::Server, code: Some(1000), .. }));
    let silent = dropped.since(beaten);
    let limit = heartbeat_limit + grace;
    assert!((limit..limit + SLACK).contains(&silent), "dropped after {silent:?}");
    assert_eq!(notes(&transcript), ["no-heartbeat"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn request_that_is_none_is_refused() {
    let server = start(Profile::glimesh()).await;
    undisturbed(&server, async {
        let huge_header =
            format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(200_000));
        let requests: [&[u8]; 6] = [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"\0\xff\xfe\xfd\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET /api/graph/websocket HTTP/1.1\r\nHost: x\r\n\r\n",
            b"POST /api/graph HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{",
            huge_header.as_bytes(),
        ];
        for request in requests {
            let mut line = Line::dial(server.addr()).await;
            line.send(request).await;
            let answer = line.next_within(SOON).await;
            let refused = match &answer {
                Some(Seen::Http { status, .. }) => (400..500).contains(status),
                other => *other == Some(Seen::Eof),
            };
            assert!(
                refused,
                "{answer:?} to {:?}",
                String::from_utf8_lossy(&request[..request.len().min(80)])
            );
        }
    })
    .await;
    stop(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn head_that_takes_too_long_ends_the_connection() {
    let server = start(Profile::glimesh()).await;
    undisturbed(&server, async {
        let mut silent = Line::dial(server.addr()).await;
        let mut slow = Line::dial(server.addr()).await;
        let begun = Instant::now();
        // A byte now and then must not make the time longer.
        for _ in 0..4 {
            slow.send(b"GET /").await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        for line in [&mut silent, &mut slow] {
            while line.next_within(SOON).await.expect("the end comes") != Seen::Eof {}
        }
        let took = begun.elapsed();
        // Source: recordings, rule 22: 5 s.
        assert!((Duration::from_secs(4)..SOON).contains(&took), "{took:?}");
    })
    .await;
    stop(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn message_of_10_mb_is_answered_and_of_20_mb_is_refused() {
    let server = start(Profile::glimesh()).await;
    undisturbed(&server, async {
        let heartbeat =
            |size| format!(r#"[null,"hb","phoenix","heartbeat",{{"x":"{}"}}]"#, "a".repeat(size));
        let mut line = open(&server).await;
        line.text(&heartbeat(10 << 20)).await;
        assert_eq!(line.next_text().await, BEATEN);
        line.text(&heartbeat(20 << 20)).await;
        let closed = Seen::Close { code: Some(1009), reason: String::new() };
        assert_eq!(line.rest().await, [closed]);
    })
    .await;
    let transcript = stop(server).await;
    assert_eq!(notes(&transcript), ["message-too-big"]);
    let kept: usize = transcript
        .entries
        .iter()
        .map(|entry| serde_json::to_string(entry).map_or(0, |text| text.len()))
        .sum();
    assert!(kept < 1 << 20, "the transcript keeps {kept} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_nesting_exhausts_no_stack() {
    let server = start(Profile::glimesh()).await;
    undisturbed(&server, async {
        for depth in [200_000, 5_000_000] {
            let mut line = open(&server).await;
            let payload = "[".repeat(depth) + &"]".repeat(depth);
            line.text(&format!(r#"[null,"hb","phoenix","heartbeat",{payload}]"#)).await;
            let answer = line.next_text().await;
            assert_eq!(
                answer,
                r#"[null,"hb","phoenix","phx_reply",{"response":{},"status":"ok"}]"#
            );
        }
        // Variables are JSON, too.
        let mut line = open(&server).await;
        line.text(JOIN).await;
        line.next_text().await;
        let query = "{a".repeat(20_000);
        line.text(&format!(r#"["1","2","__absinthe__:control","doc",{{"query":"{query}"}}]"#))
            .await;
        line.next_within(SOON).await.expect("an answer comes");
    })
    .await;
    stop(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_frames_is_answered_in_order() {
    const FRAMES: usize = 5_000;
    let server = start(Profile::glimesh()).await;
    undisturbed(&server, async {
        let mut line = open(&server).await;
        let flood: Vec<u8> = (0..FRAMES)
            .flat_map(|n| {
                RawFrame::text(&format!(r#"[null,"{n}","phoenix","heartbeat",{{}}]"#)).bytes()
            })
            .collect();
        line.send(&flood).await;
        for n in 0..FRAMES {
            let text = line.next_text().await;
            assert!(text.starts_with(&format!(r#"[null,"{n}","#)), "{n}: {text}");
        }
    })
    .await;
    stop(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_client_still_gets_its_answers() {
    let server = start(Profile::glimesh()).await;
    undisturbed(&server, async {
        let mut line = open(&server).await;
        line.text(HEARTBEAT).await;
        line.shutdown().await;
        assert_eq!(line.rest().await, [Seen::Text(BEATEN.to_owned())]);
    })
    .await;
    stop(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_after_the_upgrade_is_a_protocol_error() {
    let server = start(Profile::glimesh()).await;
    undisturbed(&server, async {
        // Any bytes, the same in every run.
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..50 {
            let mut line = open(&server).await;
            let garbage: Vec<u8> = (0..300)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    (state >> 56) as u8
                })
                .collect();
            line.send(&garbage).await;
            line.shutdown().await;
            line.rest().await;
        }
        let mut line = open(&server).await;
        line.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(line.rest().await, [Seen::Close { code: Some(1002), reason: String::new() }]);
    })
    .await;
    stop(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_that_never_reads_is_cut() {
    let server = start(Profile::glimesh()).await;
    undisturbed(&server, async {
        let stream =
            tokio::net::TcpStream::connect(server.addr()).await.expect("the server listens");
        let (_unread, mut writer) = stream.into_split();
        let write = async {
            use tokio::io::AsyncWriteExt as _;
            writer.write_all(upgrade_request(&target()).as_bytes()).await?;
            let long = "r".repeat(100_000);
            let beat =
                RawFrame::text(&format!(r#"[null,"{long}","phoenix","heartbeat",{{}}]"#)).bytes();
            loop {
                writer.write_all(&beat).await?;
            }
        };
        let ended: std::io::Result<()> =
            tokio::time::timeout(SOON * 3, write).await.expect("the connection is cut");
        assert!(ended.is_err());
    })
    .await;
    assert_eq!(notes(&stop(server).await), ["slow-reader"]);
}

/// Runs something hostile beside a client that joined before, and must be answered during it and after it.
async fn undisturbed(server: &MockServer, hostile: impl Future<Output = ()>) {
    let mut polite = open(server).await;
    polite.text(JOIN).await;
    polite.next_text().await;
    let mut beat = async || {
        polite.text(HEARTBEAT).await;
        let answer = polite.next_within(SOON).await;
        assert_eq!(answer, Some(Seen::Text(BEATEN.to_owned())), "the other client is disturbed");
    };
    tokio::pin!(hostile);
    loop {
        tokio::select! {
            biased;
            () = &mut hostile => break,
            () = tokio::time::sleep(Duration::from_millis(200)) => beat().await,
        }
    }
    beat().await;
}

async fn start(profile: Profile) -> MockServer {
    MockServer::builder().profile(profile).start().await.expect("a port is free")
}

/// The transcript. A connection whose task had panicked would have no end in it.
async fn stop(server: MockServer) -> Transcript {
    let transcript = server.stop().await;
    let count = |wanted: fn(&What) -> bool| {
        transcript.entries.iter().filter(|entry| wanted(&entry.what)).count()
    };
    let accepted = count(|what| matches!(what, What::Accept));
    assert_eq!(
        count(|what| matches!(what, What::Eof { .. })),
        accepted,
        "every connection has an end"
    );
    transcript
}

async fn open(server: &MockServer) -> Line {
    Line::open(server.addr(), &target()).await
}

fn target() -> String {
    format!("/api/graph/websocket?vsn=2.0.0&token={TOKEN}")
}

fn notes(transcript: &Transcript) -> Vec<&str> {
    transcript
        .entries
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Note { code, .. } => Some(code.as_str()),
            _ => None,
        })
        .collect()
}
