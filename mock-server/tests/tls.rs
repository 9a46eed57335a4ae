//! TLS on a real port: clients that trust the authority, clients that do not, and clients at the wrong door.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use glimesh_mock::transcript::{From, Transcript, What};
use glimesh_mock::{CHANNEL_ID, Limits, MockServer, Scenario};
use raw::{Line, RawFrame, Seen, upgrade_request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
const JOINED: &str =
    r#"["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#;

const SUBSCRIBE: &str = r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){message}}"}]"#;
const HERE: &str = r#"["1","3","__absinthe__:control","doc",{"query":"mutation{createChatMessage(channelId:6,message:{message:\"here\"}){id}}"}]"#;

/// How long the server may keep anybody waiting.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn client_that_trusts_the_authority_joins() {
    let server = start().await;
    for name in ["localhost", "127.0.0.1", "::1"] {
        let mut line = open(&server, name).await;
        line.text(JOIN).await;
        assert_eq!(line.next_text().await, JOINED);
        line.frame(&RawFrame::new(8, 1000_u16.to_be_bytes())).await;
        assert!(matches!(line.next().await, Seen::Close { code: Some(1000), .. }));
        assert_eq!(line.next().await, Seen::Eof);
    }
    assert_eq!(notes(&server.stop().await), [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_say_that_tls_is_spoken() {
    let server = start().await;
    let addr = server.addr();
    assert!(server.url().starts_with(&format!("wss://{addr}/api/graph/websocket?")));
    assert_eq!(server.ws_base(), format!("wss://{addr}/api/graph/websocket"));
    assert_eq!(server.api_url(), format!("https://{addr}/api/graph"));
    let transcript = server.stop().await;
    assert_eq!(transcript.header.settings["tls.handshake_timeout"], "5s");
    let everywhere = MockServer::builder().tls(true).listen(([0, 0, 0, 0], 0).into());
    let server = everywhere.start().await.expect("a port is free");
    assert_eq!(server.api_url(), format!("https://localhost:{}/api/graph", server.addr().port()));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn http_is_encrypted_too() {
    let server = start().await;
    let mut line = Line::over(connect(&server, "localhost").await, false);
    line.send(b"POST /api/graph HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").await;
    assert!(matches!(line.next().await, Seen::Http { status: 401, .. }));
    drop(line);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_without_the_authority_is_told_of_the_file() {
    let server = start().await;
    let stranger = connector(RootCertStore::empty());
    let refused = handshake(&stranger, server.addr(), "localhost").await.expect_err("no trust");
    assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");
    let path = ca_file(&server);
    let text = text_of(server, "certificate-refused").await;
    let wanted = format!(
        "the client refused the server's certificate with the alert unknown_ca: let it trust the authority in {}, by \
         SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE or an option of its own; the certificate is for \
         localhost, 127.0.0.1, ::1",
        path.display()
    );
    assert_eq!(text, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn client_that_asks_for_another_name_is_told_the_names() {
    let server = start().await;
    let connector = connector(roots(&ca_file(&server)));
    handshake(&connector, server.addr(), "glimesh.tv").await.expect_err("not the name");
    let text = text_of(server, "certificate-refused").await;
    assert!(text.contains("the alert bad_certificate"), "{text}");
}

/// Some libraries look at the certificate only after the handshake.
#[tokio::test(flavor = "multi_thread")]
async fn client_that_leaves_after_the_handshake_is_told_of_the_file() {
    let server = start().await;
    drop(connect(&server, "localhost").await);
    let text = text_of(server, "no-request").await;
    assert!(text.contains("let it trust the authority in "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_client_at_the_tls_port_gets_a_plain_answer() {
    let server = start().await;
    let mut line = Line::dial(server.addr()).await;
    line.send(upgrade_request("/api/graph/websocket?vsn=2.0.0&token=T").as_bytes()).await;
    let Seen::Http { status: 400, body, .. } = line.next().await else { panic!("not a 400") };
    assert_eq!(body, "This port speaks TLS: use wss:// or https:// instead of ws:// or http://.\n");
    drop(line);
    let text = text_of(server, "plain-to-tls-port").await;
    assert!(text.contains("connect with wss"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_client_at_the_plain_port_is_told_to_drop_the_s() {
    let server = MockServer::start().await.expect("a port is free");
    assert_eq!(server.ca_file(), None);
    let stranger = connector(RootCertStore::empty());
    handshake(&stranger, server.addr(), "localhost").await.expect_err("there is no TLS");
    let text = text_of(server, "tls-to-plain-port").await;
    assert!(text.contains("wss against a plain port; connect with ws"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_handshake_is_refused() {
    let server = start().await;
    let announces_16_mib = b"\x16\x03\x01\x00\x04\x01\xff\xff\xff";
    let no_hello = b"\x16\x03\x01\x00\x04abcd";
    for bytes in [&b"\0\xff\xfe\xfd\r\n\r\n"[..], announces_16_mib, no_hello, &[0x16; 100_000]] {
        let mut stream = TcpStream::connect(server.addr()).await.expect("the server listens");
        // It may be refused before all is sent.
        let _ = stream.write_all(bytes).await;
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(SOON, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "it ends");
    }
    let transcript = server.stop().await;
    assert_eq!(notes(&transcript), ["tls-failed"; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_that_come_to_nothing_end_and_disturb_nobody() {
    let within = Duration::from_secs(2);
    let builder = MockServer::builder().tls(true).handshake_timeout(within);
    let server = builder.start().await.expect("a port is free");
    let mut silent = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(server.addr()).await.expect("the server listens");
        stream.write_all(b"\x16\x03\x01\x02").await.expect("nobody refuses yet");
        silent.push(stream);
    }
    let mut line = open(&server, "localhost").await;
    line.text(JOIN).await;
    assert_eq!(line.next_text().await, JOINED);
    for mut stream in silent {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(SOON, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "it ends");
    }
    let mut half = TcpStream::connect(server.addr()).await.expect("the server listens");
    half.write_all(b"\x16\x03\x01\x02").await.expect("nobody refuses yet");
    half.shutdown().await.expect("it is open");
    drop((line, TcpStream::connect(server.addr()).await.expect("the server listens")));
    let transcript = stop_after(server, "tls-abandoned").await;
    assert_eq!(notes(&transcript).iter().filter(|code| **code == "slow-handshake").count(), 200);
}

/// TLS holds bytes back by itself: what the client has not taken must follow without another push, and in order.
#[tokio::test(flavor = "multi_thread")]
async fn reader_that_is_slow_for_a_while_gets_everything_and_nobody_waits_for_it() {
    const SUBSCRIPTIONS: usize = 100;
    // With a text of 200 characters, 7 MB for the slow reader: more than the kernel takes from us.
    const MESSAGES: usize = 150;
    let limits = Limits { unsent: 64 << 20, mailbox: 1 << 20, ..Limits::DEFAULT };
    let server = MockServer::builder().tls(true).limits(limits).keep_transcript(false);
    let server = server.start().await.expect("a port is free");
    let mut polite = open(&server, "localhost").await;
    for text in [JOIN, SUBSCRIBE] {
        polite.text(text).await;
        polite.next_text().await;
    }
    let mut slow = upgraded(&server).await;
    let subscriptions = std::iter::repeat_n(SUBSCRIBE, SUBSCRIPTIONS);
    for text in [JOIN].into_iter().chain(subscriptions).chain([HERE]) {
        slow.write_all(&RawFrame::text(text).bytes()).await.expect("it is open");
    }
    assert!(polite.next_text().await.contains(r#""message":"here""#));
    let text = |number: usize| format!("{number} {}", "x".repeat(200));
    let is = |frame: &str, number: usize| frame.contains(&format!(r#""message":"{} "#, number));
    for number in 0..MESSAGES {
        server.say(CHANNEL_ID, "mytho", &text(number)).expect("both exist");
        let heard = polite.next_within(SOON).await;
        assert!(matches!(&heard, Some(Seen::Text(frame)) if is(frame, number)), "{heard:?}");
    }
    let mut slow = Line::over(slow, true);
    // The replies to the join, to each subscription and to the message, which itself comes to each subscription.
    for _ in 0..2 + 2 * SUBSCRIPTIONS {
        slow.next_text().await;
    }
    for number in 0..MESSAGES {
        for _ in 0..SUBSCRIPTIONS {
            let frame = slow.next_text().await;
            assert!(is(&frame, number), "not message {number}: {frame}");
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_that_never_reads_is_cut_over_tls_too() {
    let limits = Limits { unsent: 100_000, ..Limits::DEFAULT };
    let server = MockServer::builder().tls(true).limits(limits);
    let server = server.start().await.expect("a port is free");
    let mut stream = upgraded(&server).await;
    let beat = format!(r#"[null,"{}","phoenix","heartbeat",{{}}]"#, "r".repeat(50_000));
    let flood = async { while stream.write_all(&RawFrame::text(&beat).bytes()).await.is_ok() {} };
    assert!(tokio::time::timeout(SOON, flood).await.is_ok(), "it is cut");
    assert_eq!(notes(&stop_after(server, "slow-reader").await), ["slow-reader"]);
}

/// `Eof` at the end of a `Line` may be either; the transport's own word tells them apart.
#[tokio::test(flavor = "multi_thread")]
async fn clean_close_sends_close_notify_and_a_reset_does_not() {
    let scenario = Scenario::named("reset").expect("it is built in");
    let resets = MockServer::builder().tls(true).scenario(scenario);
    let server = resets.start().await.expect("a port is free");
    let mut stream = upgraded(&server).await;
    stream.write_all(&RawFrame::text(JOIN).bytes()).await.expect("it is open");
    stream.write_all(&RawFrame::text(SUBSCRIBE).bytes()).await.expect("it is open");
    let mut rest = Vec::new();
    let error = stream.read_to_end(&mut rest).await.expect_err("it is reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    server.stop().await;

    let server = start().await;
    let mut stream = upgraded(&server).await;
    let stopping = tokio::spawn(server.stop());
    // Without a close_notify the end would be an error, UnexpectedEof.
    stream.read_to_end(&mut rest).await.expect("it ends in order");
    drop(stream);
    let transcript = stopping.await.expect("no panic");
    assert!(transcript.entries.iter().any(|entry| matches!(
        entry.what,
        What::Close { from: From::Server, code: Some(1000), .. }
    )));
}

#[tokio::test(flavor = "multi_thread")]
async fn authority_is_another_one_each_run_and_its_file_goes_with_it() {
    let (first, second) = (start().await, start().await);
    let read = |server: &MockServer| std::fs::read_to_string(ca_file(server)).expect("it is there");
    assert_ne!(read(&first), read(&second));
    let path = ca_file(&first);
    first.stop().await;
    assert!(!path.exists());
    let strange = connector(roots(&ca_file(&second)));
    handshake(&strange, second.addr(), "localhost").await.expect("its own");
    second.stop().await;

    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("ca.pem");
    let builder = MockServer::builder().tls(true).ca_file(&path);
    let server = builder.start().await.expect("a port is free");
    assert_eq!(server.ca_file(), Some(path.as_path()));
    server.stop().await;
    assert!(path.exists(), "whoever asked for a file keeps it");
    let nowhere = MockServer::builder().tls(true).ca_file(folder.path().join("no/ca.pem"));
    let error = nowhere.start().await.expect_err("there is no such folder").to_string();
    assert!(error.starts_with("cannot write the authority's certificate to "), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn scenario_makes_the_certificate_wrong_in_each_way() {
    let ways = [
        ("untrusted_authority", "invalid peer certificate: BadSignature"),
        ("wrong_host", "not valid for name \"localhost\""),
        ("expired", "certificate expired"),
        ("not_yet_valid", "not valid yet"),
        ("self_signed", "invalid peer certificate: UnknownIssuer"),
        ("plain", ""),
    ];
    for (way, expected) in ways {
        let yaml = format!("title: t\nwhy: w\ntls: {way}");
        let scenario = Scenario::parse("t", &yaml).expect("it is valid");
        let server =
            MockServer::builder().scenario(scenario).start().await.expect("a port is free");
        assert!(server.url().starts_with("wss://"), "{way} is played over TLS");
        let connector = connector(roots(&ca_file(&server)));
        let handshake = handshake(&connector, server.addr(), "localhost");
        let error = handshake.await.expect_err("the client refuses");
        assert!(error.to_string().contains(expected), "{way}: {error}");
        assert_eq!(server.settings()["tls.fault"], way);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_becomes_wrong_and_right_again() {
    let yaml = "title: t\nwhy: w\ntimeline:\n\
                - await: {what: open, within: 60s}\n- tls: wrong_host\n- mark: wrong\n\
                - await: {what: end, within: 60s}\n- tls: right\n- mark: mended\n- pause: 60s";
    let scenario = Scenario::parse("t", yaml).expect("it is valid");
    let server = MockServer::builder().scenario(scenario).start().await.expect("a port is free");
    let first = open(&server, "localhost").await;
    marked(&server, "wrong").await;
    let connector = connector(roots(&ca_file(&server)));
    let error = handshake(&connector, server.addr(), "localhost").await.expect_err("it refuses");
    assert!(error.to_string().contains("not valid for name \"localhost\""), "{error}");
    drop(first);
    marked(&server, "mended").await;
    drop(open(&server, "localhost").await);
    server.stop().await;
}

async fn start() -> MockServer {
    MockServer::builder().tls(true).start().await.expect("a port is free")
}

fn ca_file(server: &MockServer) -> PathBuf {
    server.ca_file().expect("it speaks TLS").to_owned()
}

fn roots(path: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(path).expect("it is PEM")).expect("it is an authority");
    roots
}

fn connector(roots: RootCertStore) -> TlsConnector {
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config).into()
}

async fn handshake(
    connector: &TlsConnector,
    addr: SocketAddr,
    name: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(name.to_owned()).expect("it is a name");
    let stream = TcpStream::connect(addr).await.expect("the server listens");
    connector.connect(name, stream).await
}

/// A connection of a client that trusts the server's authority.
async fn connect(server: &MockServer, name: &str) -> TlsStream<TcpStream> {
    let connector = connector(roots(&ca_file(server)));
    handshake(&connector, server.addr(), name).await.expect("the certificate is good")
}

fn request(server: &MockServer) -> String {
    let url = server.url();
    upgrade_request(&url[url.find("/api").expect("it has a path")..])
}

async fn open(server: &MockServer, name: &str) -> Line {
    let mut line = Line::over(connect(server, name).await, false);
    line.send(request(server).as_bytes()).await;
    let answer = line.next().await;
    assert!(matches!(answer, Seen::Http { status: 101, .. }), "{answer:?}");
    line
}

/// A stream behind the server's 101.
async fn upgraded(server: &MockServer) -> TlsStream<TcpStream> {
    let mut stream = connect(server, "localhost").await;
    stream.write_all(request(server).as_bytes()).await.expect("it is open");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer comes"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    stream
}

fn notes(transcript: &Transcript) -> Vec<&str> {
    let codes = transcript.entries.iter().filter_map(|entry| match &entry.what {
        What::Note { code, .. } => Some(code.as_str()),
        _ => None,
    });
    codes.collect()
}

/// Waits until the timeline has written the mark.
async fn marked(server: &MockServer, mark: &str) {
    let mut length = server.watch();
    let marks = |transcript: Transcript| {
        transcript.entries.iter().any(|it| matches!(&it.what, What::Mark { name } if name == mark))
    };
    let written = async {
        while !marks(server.transcript()) {
            length.changed().await.expect("the server runs");
        }
    };
    assert!(tokio::time::timeout(SOON, written).await.is_ok(), "no mark {mark}");
}

/// Stops the server once a note stands in its transcript.
async fn stop_after(server: MockServer, code: &str) -> Transcript {
    let mut length = server.watch();
    let noted = async {
        while !notes(&server.transcript()).contains(&code) {
            length.changed().await.expect("the server runs");
        }
    };
    assert!(tokio::time::timeout(SOON, noted).await.is_ok(), "no note {code}");
    server.stop().await
}

/// What the note of this word says; the connection has ended behind it.
async fn text_of(server: MockServer, code: &str) -> String {
    let transcript = stop_after(server, code).await;
    assert_eq!(notes(&transcript), [code]);
    let mut entries = transcript.entries.iter();
    let noted = entries.find_map(|entry| match &entry.what {
        What::Note { text, .. } => Some((entry.conn, text.clone())),
        _ => None,
    });
    let (conn, text) = noted.expect("it is there");
    assert!(entries.any(|entry| matches!(entry.what, What::Eof { .. }) && entry.conn == conn));
    text
}
