//! The proxy: what goes through it is unchanged, and what it writes down is what was said.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers are tests, too")]

mod raw;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::{Compress, Compression, FlushCompress};
use glimesh_mock::proxy::{Builder, Proxy};
use glimesh_mock::transcript::{Entry, From, Transcript, What};
use glimesh_mock::{CLIENT_ID, MockServer, Profile, TOKEN};
use raw::{Line, RawFrame, Seen, upgrade_request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
const HEARTBEAT: &str = r#"[null,"2","phoenix","heartbeat",{}]"#;

/// How long anything may take on a loaded machine.
const SOON: Duration = Duration::from_secs(20);

fn target() -> String {
    format!("/api/graph/websocket?vsn=2.0.0&token={TOKEN}")
}

fn to(server: &MockServer) -> Builder {
    Proxy::to(format!("ws://{}", server.addr()).parse().unwrap())
}

/// Two plain sockets with the proxy between them.
async fn sockets() -> (Proxy, TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("ws://{}", listener.local_addr().unwrap()).parse().unwrap();
    let proxy = Proxy::to(upstream).start().await.unwrap();
    let client = TcpStream::connect(proxy.addr()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (proxy, client, server)
}

/// Bytes that look like chance and are the same each time.
fn noise(mut seed: u64, length: usize) -> Vec<u8> {
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Sends in portions of many sizes, ends the direction, and gives what came to the other side.
async fn send(from: &mut (impl tokio::io::AsyncWrite + Unpin), bytes: &[u8]) {
    let mut rest = bytes;
    let mut size = 1;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(size.min(rest.len()));
        from.write_all(now).await.unwrap();
        rest = later;
        size = size * 3 % 40_009 + 1;
    }
    from.shutdown().await.unwrap();
}

#[tokio::test]
async fn bytes_are_identical_in_both_directions_whatever_they_are() {
    let request = upgrade_request(&target());
    let switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    let frames = |masked| {
        let long = RawFrame { masked, ..RawFrame::text(&"x".repeat(700_000)) };
        let first = RawFrame { masked, fin: false, ..RawFrame::text("[\"1\",") };
        let ping = RawFrame { masked, ..RawFrame::new(9, "between") };
        let last = RawFrame { masked, ..RawFrame::new(0, "\"1\"]") };
        let odd = RawFrame { masked, rsv: 5, ..RawFrame::new(13, noise(3, 300)) };
        [long, first, ping, last, odd].iter().flat_map(RawFrame::bytes).collect::<Vec<u8>>()
    };
    let good = (
        [request.as_bytes(), &frames(true)].concat(),
        [switching.as_bytes(), &frames(false)].concat(),
    );
    let lie = [&good.0[..], &[0x81, 0xff], &[0xff; 20]].concat();
    let conversations = [
        good.clone(),
        (lie, good.1.clone()),
        (noise(1, 300_000), noise(2, 300_000)),
        (b"GET / HTTP/1.1\r\n".repeat(9_000), b"HTTP/1.1 100 Continue\r\n\r\n".repeat(500)),
        (Vec::new(), b"220 hello\r\n".to_vec()),
    ];
    for (asked, answered) in conversations {
        let (proxy, client, server) = sockets().await;
        let ((mut client_in, mut client_out), (mut server_in, mut server_out)) =
            (client.into_split(), server.into_split());
        let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
        let all = async {
            tokio::join!(
                send(&mut client_out, &asked),
                send(&mut server_out, &answered),
                async { server_in.read_to_end(&mut to_server).await.unwrap() },
                async { client_in.read_to_end(&mut to_client).await.unwrap() },
            )
        };
        tokio::time::timeout(SOON, all).await.expect("all of it comes, and the end");
        assert!(to_server == asked, "{} bytes, not {}", to_server.len(), asked.len());
        assert!(to_client == answered, "{} bytes, not {}", to_client.len(), answered.len());
        drop((client_in, client_out, server_in, server_out));
        proxy.stop().await;
    }
}

#[tokio::test]
async fn a_half_closed_connection_is_half_closed_on_the_other_side() {
    let (proxy, mut client, mut server) = sockets().await;
    client.write_all(b"GET ").await.unwrap();
    client.shutdown().await.unwrap();
    let mut came = Vec::new();
    server.read_to_end(&mut came).await.unwrap();
    assert_eq!(came, b"GET ");
    server.write_all(b"HTTP/").await.unwrap();
    let mut answer = [0; 5];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/");
    drop(server);
    assert_eq!(client.read(&mut answer).await.unwrap(), 0);
    drop(client);
    let ends = ends(&proxy).await;
    assert_eq!(ends, [What::Eof { from: From::Client, reset: false }]);
}

#[tokio::test]
async fn a_reset_is_a_reset_on_the_other_side() {
    for resets in [From::Client, From::Server] {
        let (proxy, mut client, mut server) = sockets().await;
        client.write_all(b"a").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();
        let (ending, mut other) = match resets {
            From::Client => (client, server),
            From::Server => (server, client),
        };
        ending.set_zero_linger().unwrap();
        drop(ending);
        let error = tokio::time::timeout(SOON, other.read(&mut [0; 9])).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(ends(&proxy).await, [What::Eof { from: resets, reset: true }]);
    }
}

/// The ends in the transcript, once there is one.
async fn ends(proxy: &Proxy) -> Vec<What> {
    let mut length = proxy.watch();
    let ended = async {
        loop {
            let entries = proxy.transcript().entries.into_iter().map(|entry| entry.what);
            let ends: Vec<What> = entries.filter(|what| matches!(what, What::Eof { .. })).collect();
            if !ends.is_empty() {
                return ends;
            }
            length.changed().await.unwrap();
        }
    };
    tokio::time::timeout(SOON, ended).await.expect("the connection ends")
}

/// Waits until both have seen the end of so many connections.
async fn ended(server: &MockServer, proxy: &Proxy, connections: usize) {
    let count = |transcript: Transcript| {
        transcript.entries.iter().filter(|entry| matches!(entry.what, What::Eof { .. })).count()
    };
    let (mut own, mut seen) = (server.watch(), proxy.watch());
    let both = async {
        while count(server.transcript()) < connections {
            own.changed().await.unwrap();
        }
        while count(proxy.transcript()) < connections {
            seen.changed().await.unwrap();
        }
    };
    tokio::time::timeout(SOON, both).await.expect("they end");
}

/// What a transcript says of the wire: without times, and without what only the mock knows.
fn wire(transcript: &Transcript) -> Vec<(Option<u32>, What)> {
    let entries = transcript.entries.iter().map(|Entry { conn, what, .. }| (*conn, what.clone()));
    let of_the_wire =
        |(_, what): &(Option<u32>, What)| !matches!(what, What::Note { .. } | What::Mark { .. });
    entries.filter(of_the_wire).collect()
}

#[tokio::test]
async fn transcript_is_the_one_that_the_mock_writes_itself() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proxy.jsonl");
    let server = MockServer::start().await.unwrap();
    // With the whole URL, so that the proxy knows which credential is the given one.
    let proxy = Proxy::to(server.url().parse().unwrap()).record_to(&file).start().await.unwrap();

    // One after the other, so that both write in the same order.
    let body = r#"{"query":"{myself{username}}"}"#;
    let mut line = Line::dial(proxy.addr()).await;
    line.send(
        format!(
            "POST /api/graph HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
            body.len()
        )
        .as_bytes(),
    )
    .await;
    for _ in 0..2 {
        assert!(matches!(line.next().await, Seen::Http { status: 200, .. }));
    }
    drop(line);
    ended(&server, &proxy, 1).await;

    let mut line = Line::dial(proxy.addr()).await;
    line.send(upgrade_request("/api/graph/websocket?vsn=2.0.0&token=someone-elses").as_bytes())
        .await;
    assert!(matches!(line.next().await, Seen::Http { status: 403, .. }));
    drop(line);
    ended(&server, &proxy, 2).await;

    let mut line = Line::open(proxy.addr(), &target()).await;
    let long =
        format!(r#"["1","4","__absinthe__:control","doc",{{"query":"{}"}}]"#, "é".repeat(200_000));
    for text in [JOIN, HEARTBEAT, &long] {
        line.text(text).await;
        line.next_text().await;
    }
    let (first, rest) = HEARTBEAT.split_at(9);
    line.frame(&RawFrame { fin: false, ..RawFrame::text(first) }).await;
    line.frame(&RawFrame::new(0, rest)).await;
    line.next_text().await;
    line.frame(&RawFrame::new(9, "x")).await;
    assert!(matches!(line.next().await, Seen::Pong(_)));
    line.frame(&RawFrame::new(10, "x")).await;
    line.frame(&RawFrame::new(8, *b"\x03\xe8bye")).await;
    line.rest().await;
    drop(line);
    ended(&server, &proxy, 3).await;

    let mut line = Line::open(proxy.addr(), &target()).await;
    line.frame(&RawFrame::new(2, *b"\x00binary")).await;
    line.rest().await;
    drop(line);
    ended(&server, &proxy, 4).await;

    let seen = proxy.stop().await;
    let own = server.stop().await;
    assert_eq!(wire(&seen), wire(&own));
    assert_eq!(seen.header.settings, own.header.settings);
    let mut written = Vec::new();
    seen.write(&mut written).unwrap();
    assert!(std::fs::read(&file).unwrap() == written, "the file says what the transcript says");
}

/// A text as a client sends it compressed, by a compressor that knows what went before.
fn compressed(compress: &mut Compress, text: &str) -> RawFrame {
    let mut payload = Vec::with_capacity(text.len() + 1_000);
    compress.compress_vec(text.as_bytes(), &mut payload, FlushCompress::Sync).unwrap();
    payload.truncate(payload.len() - 4);
    RawFrame { rsv: 4, ..RawFrame::new(1, payload) }
}

fn upgrade_request_with_offer() -> String {
    let offer = "\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
    upgrade_request(&target()).replace("\r\n\r\n", offer)
}

#[tokio::test]
async fn compressed_messages_are_written_as_the_mock_writes_them() {
    let profile = Profile { accepts_deflate: true, ..Profile::glimesh() };
    let server = MockServer::builder().profile(profile).start().await.unwrap();
    let proxy = Proxy::to(server.url().parse().unwrap()).start().await.unwrap();
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    client.write_all(upgrade_request_with_offer().as_bytes()).await.unwrap();
    let mut compress = Compress::new(Compression::default(), false);
    for (text, said) in [(JOIN, 2), (HEARTBEAT, 4)] {
        // The mock agrees to no context.
        compress.reset();
        client.write_all(&compressed(&mut compress, text).bytes()).await.unwrap();
        let mut length = proxy.watch();
        let answered = async {
            while texts_and_notes(&proxy.transcript()).len() < said {
                length.changed().await.unwrap();
            }
        };
        tokio::time::timeout(SOON, answered).await.expect("an answer passes by");
    }
    client.write_all(&RawFrame::new(8, *b"\x03\xe8bye").bytes()).await.unwrap();
    client.read_to_end(&mut Vec::new()).await.unwrap();
    drop(client);
    ended(&server, &proxy, 1).await;
    let (seen, own) = (proxy.stop().await, server.stop().await);
    assert_eq!(wire(&seen), wire(&own));
    assert_eq!(texts_and_notes(&seen).len(), 4);
}

#[tokio::test]
async fn compressed_messages_that_refer_back_are_read_where_that_was_agreed_on() {
    let offering = upgrade_request_with_offer();
    let agreed = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    let fault = "websocket-fault: a message whose first reserved bit is set, and no compression was agreed on; it is \
                 not read";
    for (answer, expected) in
        [(agreed, [JOIN, JOIN, HEARTBEAT]), ("\r\n\r\n", [fault, fault, HEARTBEAT])]
    {
        let (proxy, mut client, mut server) = sockets().await;
        client.write_all(offering.as_bytes()).await.unwrap();
        server.read_exact(&mut vec![0; offering.len()]).await.unwrap();
        let answer = format!("HTTP/1.1 101 Switching Protocols{answer}");
        server.write_all(answer.as_bytes()).await.unwrap();
        client.read_exact(&mut vec![0; answer.len()]).await.unwrap();
        let mut compress = Compress::new(Compression::default(), false);
        let frames = [
            compressed(&mut compress, JOIN),
            compressed(&mut compress, JOIN),
            RawFrame::text(HEARTBEAT),
        ];
        let lengths = frames.clone().map(|frame| frame.bytes().len());
        assert!(lengths[1] < lengths[0] / 2, "{lengths:?}: it refers back");
        let bytes: Vec<u8> = frames.iter().flat_map(RawFrame::bytes).collect();
        client.write_all(&bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let mut came = Vec::new();
        server.read_to_end(&mut came).await.unwrap();
        assert!(came == bytes, "the wire is not inflated");
        drop((client, server));
        assert_eq!(texts_and_notes(&proxy.stop().await), expected);
    }
}

fn texts_and_notes(transcript: &Transcript) -> Vec<String> {
    let said = transcript.entries.iter().filter_map(|entry| match &entry.what {
        What::Text { data, .. } => Some(data.clone()),
        What::Note { code, text } => Some(format!("{code}: {text}")),
        _ => None,
    });
    said.collect()
}

#[tokio::test]
async fn no_secret_reaches_the_disk_or_the_comments() {
    const STREAM_KEY: &str = "6-live-Stream-Key-of-somebody";
    const PASSWORD: &str = "correct horse battery";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("ws://{}", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proxy.jsonl");
    let comments = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&comments);
    let proxy = Proxy::to(upstream.parse().unwrap())
        .record_to(&file)
        .comments(move |comment| told.lock().unwrap().push_str(comment))
        .start()
        .await
        .unwrap();
    let other = "production-token-of-another-bot";
    let secrets = ["live_production_token_1", CLIENT_ID, other, STREAM_KEY, PASSWORD];
    let queries = [
        format!("token={}", secrets[0]),
        format!("client_id={CLIENT_ID}"),
        format!("token={other}"),
    ];
    for query in queries {
        let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let request =
            upgrade_request(&format!("/api/graph/websocket?vsn=2.0.0&{query}&x={}", secrets[0]))
                .replace(
                    "\r\n\r\n",
                    &format!("\r\nCookie: k={other}\r\nAuthorization: Bearer {other}\r\n\r\n"),
                );
        client.write_all(request.as_bytes()).await.unwrap();
        let mut came = vec![0; request.len()];
        server.read_exact(&mut came).await.unwrap();
        let data = format!(
            r#"[null,null,"t","subscription:data",{{"streamKey":"{STREAM_KEY}","q":"{}"}}]"#,
            secrets[0]
        );
        let switching = b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec();
        let answer =
            [switching, RawFrame { masked: false, ..RawFrame::text(&data) }.bytes()].concat();
        server.write_all(&answer).await.unwrap();
        let mut came = vec![0; answer.len()];
        client.read_exact(&mut came).await.unwrap();
        assert!(came == answer, "the wire is not redacted");
        let texts = [
            format!(
                r#"["1","1","__absinthe__:control","doc",{{"query":"a(password:\"{PASSWORD}\")"}}]"#
            ),
            format!("['{}','{other}']", secrets[0]),
            format!(r#"{{"password":"{PASSWORD}","token":"{other}"}}"#),
        ];
        for text in texts {
            client.write_all(&RawFrame::text(&text).bytes()).await.unwrap();
            client.write_all(&RawFrame::new(2, text).bytes()).await.unwrap();
        }
        client
            .write_all(&RawFrame::new(8, format!("\u{3}xx{other}").into_bytes()).bytes())
            .await
            .unwrap();
        drop(client);
        let mut rest = Vec::new();
        server.read_to_end(&mut rest).await.unwrap();
    }
    proxy.stop().await;
    let written = std::fs::read(&file).unwrap();
    let said = comments.lock().unwrap().clone();
    assert!(written.len() > 4_000 && said.len() > 1_000, "{} {}", written.len(), said.len());
    let contains =
        |place: &[u8], secret: &[u8]| place.windows(secret.len()).any(|part| part == secret);
    for secret in secrets {
        for form in [secret.to_owned(), hex::encode(secret), secret.replace(' ', "%20")] {
            assert!(!contains(&written, form.as_bytes()), "{form} is on disk");
            assert!(!contains(said.as_bytes(), form.as_bytes()), "{form} is in {said}");
        }
    }
    let text = String::from_utf8(written).unwrap();
    assert!(
        text.contains("<token>") && text.contains("<client_id>") && text.contains("<other:31>")
    );
}

#[tokio::test]
async fn secrets_are_kept_if_that_is_asked_for() {
    let server = MockServer::start().await.unwrap();
    let proxy = to(&server).keep_secrets(true).start().await.unwrap();
    let line = Line::open(proxy.addr(), &target()).await;
    drop(line);
    let seen = proxy.stop().await;
    let query = seen.entries.iter().find_map(|entry| match &entry.what {
        What::Upgrade { query, .. } => Some(query.clone()),
        _ => None,
    });
    assert_eq!(query.unwrap()[1], ("token".to_owned(), TOKEN.to_owned()));
}

#[tokio::test]
async fn malformed_frames_are_commented_on_with_code_place_and_help() {
    let comments = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&comments);
    let server = MockServer::start().await.unwrap();
    let proxy = to(&server)
        .comments(move |comment| told.lock().unwrap().push(comment.to_owned()))
        .start()
        .await
        .unwrap();
    let mut line = Line::open(proxy.addr(), &target()).await;
    line.text(HEARTBEAT).await;
    line.next_text().await;
    assert_eq!(comments.lock().unwrap().len(), 0, "{:?}", comments.lock().unwrap());
    line.text("['1','1','__absinthe__:control','phx_join',{}]").await;
    line.rest().await;
    insta::assert_snapshot!(comments.lock().unwrap().join("\n"), @r#"
    error[J020]: a string in ', where JSON has "
     --> connection 1, from the client:1:2
      |
    1 | ['1','1','__absinthe__:control','phx_join',{}]
      |  ^^^ --- ---------------------- ---------- and here
      |      |   |
      |      |   and here
      |      and here
      |
      = help: JSON's strings stand in double quotes
      = note: the real server closes the connection with 1011, without a reason
    "#);
    proxy.stop().await;
}

#[tokio::test]
async fn a_dead_server_is_named_to_the_client_and_in_the_transcript() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let proxy = Proxy::to(format!("ws://{addr}").parse().unwrap()).start().await.unwrap();
    let mut line = Line::dial(proxy.addr()).await;
    line.send(upgrade_request(&target()).as_bytes()).await;
    let Seen::Http { status: 502, body, .. } = line.next().await else { panic!("no answer") };
    let expected = format!("cannot connect to ws://{addr}: ");
    assert!(body.contains(&expected), "{body}");
    drop(line);
    let seen = proxy.stop().await;
    let note = seen.entries.iter().find_map(|entry| match &entry.what {
        What::Note { code, text } => Some((code.clone(), text.clone())),
        _ => None,
    });
    let (code, text) = note.unwrap();
    assert_eq!(code, "upstream-unreachable");
    assert!(
        text.starts_with(&expected) && text.ends_with("is the server running there?"),
        "{text}"
    );
}

#[tokio::test]
async fn tls_on_either_side() {
    let server = MockServer::builder().tls(true).start().await.unwrap();
    let upstream = || server.url().parse().unwrap();
    let proxy = Proxy::to(upstream()).tls(true).upstream_ca(server.ca_file().unwrap());
    let proxy = proxy.start().await.unwrap();
    assert!(proxy.url().starts_with("wss://127.0.0.1:") && proxy.url().ends_with(TOKEN));
    let stream = TcpStream::connect(proxy.addr()).await.unwrap();
    let stream = trusting(proxy.ca_file().unwrap())
        .connect(ServerName::try_from("localhost").unwrap(), stream);
    let mut line = Line::over(stream.await.unwrap(), false);
    line.send(upgrade_request(&target()).as_bytes()).await;
    assert!(matches!(line.next().await, Seen::Http { status: 101, .. }));
    line.text(JOIN).await;
    assert!(line.next_text().await.contains("phx_reply"));
    drop(line);
    let seen = proxy.stop().await;
    assert!(seen.entries.iter().any(|entry| entry.client_text() == Some(JOIN)));

    // Without its authority the server is not trusted, and the client is told.
    let stranger = MockServer::builder().tls(true).start().await.unwrap();
    let proxy =
        Proxy::to(upstream()).upstream_ca(stranger.ca_file().unwrap()).start().await.unwrap();
    let mut line = Line::dial(proxy.addr()).await;
    line.send(upgrade_request(&target()).as_bytes()).await;
    let Seen::Http { status: 502, body, .. } = line.next().await else { panic!("no answer") };
    assert!(body.contains("--upstream-ca"), "{body}");
    let wrong = Proxy::to(upstream()).upstream_ca("Cargo.toml").start().await.unwrap_err();
    assert!(wrong.to_string().contains("Cargo.toml"), "{wrong}");
}

fn trusting(ca_file: &Path) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
