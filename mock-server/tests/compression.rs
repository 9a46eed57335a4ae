//! permessage-deflate on a real socket, by a client that shares no code with the server's.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateDecoder, DeflateEncoder};
use glimesh_mock::transcript::{Transcript, What};
use glimesh_mock::{MockServer, Profile};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

const OFFER: &str = "permessage-deflate; client_max_window_bits";
const ANSWER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
const JOINED: &str =
    r#"["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#;

/// A connection after its 101.
struct Client {
    stream: TcpStream,
    /// The answer's head.
    head: String,
}

impl Client {
    /// `behind` goes out with the request.
    async fn open(server: &MockServer, offer: Option<&str>, behind: &[u8]) -> Self {
        let mut stream = TcpStream::connect(server.addr()).await.expect("the server listens");
        let offer = offer.map(|offer| format!("Sec-WebSocket-Extensions: {offer}\r\n"));
        let request = format!(
            "GET /api/graph/websocket?vsn=2.0.0&token=tok_mytho_chat HTTP/1.1\r\nHost: localhost\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n",
            offer.unwrap_or_default()
        );
        stream.write_all(&[request.as_bytes(), behind].concat()).await.expect("it is open");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(SOON, stream.read_u8()).await.expect("an answer comes");
            head.push(byte.expect("it is open"));
        }
        let head = String::from_utf8(head).expect("a head is ASCII");
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        Self { stream, head }
    }

    /// What the server took of the offer.
    fn agreed(&self) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("sec-websocket-extensions").then_some(value)
        })
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("it is open");
    }

    /// The next frame: its first byte, and its payload.
    async fn next(&mut self) -> (u8, Vec<u8>) {
        let frame = async {
            let first = self.stream.read_u8().await?;
            let length = match self.stream.read_u8().await? {
                126 => usize::from(self.stream.read_u16().await?),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.stream.read_exact(&mut payload).await?;
            std::io::Result::Ok((first, payload))
        };
        timeout(SOON, frame).await.expect("the server says something").expect("it is open")
    }

    /// The next message, which must be a compressed text.
    async fn inflated(&mut self) -> String {
        let (first, payload) = self.next().await;
        assert_eq!(first, 0xc1, "a whole text with its first reserved bit");
        let mut decoder = DeflateDecoder::new(Vec::new());
        decoder.write_all(&payload).expect("it is DEFLATE");
        decoder.write_all(&[0, 0, 0xff, 0xff]).expect("it is DEFLATE");
        decoder.flush().expect("there is room");
        String::from_utf8(decoder.get_ref().clone()).expect("it is a text")
    }

    /// The code of the close frame that is next.
    async fn closed(&mut self) -> u16 {
        let (first, payload) = self.next().await;
        assert_eq!(first, 0x88);
        u16::from_be_bytes([payload[0], payload[1]])
    }
}

/// A masked frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("it is short");
    let head = match length {
        0..126 => vec![first, 0x80 | length as u8],
        _ => [&[first, 0xfe], &length.to_be_bytes()[..]].concat(),
    };
    let mask = [1, 2, 3, 4];
    let masked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    [head, mask.to_vec(), masked.collect()].concat()
}

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("there is room");
    encoder.flush().expect("there is room");
    let mut bytes = encoder.get_ref().clone();
    assert!(bytes.ends_with(&[0, 0, 0xff, 0xff]));
    bytes.truncate(bytes.len() - 4);
    bytes
}

async fn accepting(profile: Profile) -> MockServer {
    let profile = Profile { accepts_deflate: true, ..profile };
    MockServer::builder().profile(profile).start().await.expect("a port is free")
}

fn texts(transcript: &Transcript) -> Vec<&str> {
    let texts = transcript.entries.iter().filter_map(|entry| match &entry.what {
        What::Text { data, .. } => Some(data.as_str()),
        _ => None,
    });
    texts.collect()
}

fn agreed(transcript: &Transcript) -> Vec<Option<&str>> {
    let agreed = transcript.entries.iter().filter_map(|entry| match &entry.what {
        What::Upgrade { extensions, .. } => Some(extensions.as_deref()),
        _ => None,
    });
    agreed.collect()
}

fn notes(transcript: &Transcript) -> Vec<String> {
    let note = |what: &What| match what {
        What::Note { code, text } => Some(format!("{code}: {text}")),
        _ => None,
    };
    transcript.entries.iter().filter_map(|entry| note(&entry.what)).collect()
}

#[tokio::test]
async fn messages_are_compressed_both_ways_and_kept_as_they_mean() {
    let server = accepting(Profile::glimesh()).await;
    let mut client = Client::open(&server, Some(OFFER), b"").await;
    assert_eq!(client.agreed(), Some(ANSWER));
    let payload = deflated(JOIN.as_bytes());
    let (one, other) = payload.split_at(payload.len() / 2);
    let parts = [frame(0x41, one), frame(0x89, b"ping"), frame(0x80, other)];
    client.send(&parts.concat()).await;
    assert_eq!(client.next().await, (0x8a, b"ping".to_vec()), "a control frame is not compressed");
    assert_eq!(client.inflated().await, JOINED);
    // Nobody has to compress.
    let subscribe = r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){message}}"}]"#;
    client.send(&frame(0x81, subscribe.as_bytes())).await;
    let reply = client.inflated().await;
    assert!(reply.contains("subscriptionId"), "{reply}");
    server.say(6, "Kirby", "compressed, too").expect("both exist");
    let pushed = client.inflated().await;
    assert!(pushed.contains(r#""message":"compressed, too""#), "{pushed}");
    drop(client);
    let transcript = server.stop().await;
    assert_eq!(texts(&transcript), [JOIN, JOINED, subscribe, &reply, &pushed]);
    assert_eq!(agreed(&transcript), [Some(ANSWER)]);
}

#[tokio::test]
async fn what_comes_behind_the_request_is_inflated_too() {
    let server = accepting(Profile::glimesh()).await;
    let behind = frame(0xc1, &deflated(JOIN.as_bytes()));
    let mut client = Client::open(&server, Some(OFFER), &behind).await;
    assert_eq!(client.inflated().await, JOINED);
}

#[tokio::test]
async fn without_an_offer_or_the_setting_nothing_is_compressed() {
    let declining = MockServer::builder().start().await.unwrap();
    let accepting = accepting(Profile::glimesh()).await;
    let odd = Some("permessage-deflate; server_max_window_bits=99");
    for (server, offer) in [(&declining, Some(OFFER)), (&accepting, None), (&accepting, odd)] {
        let mut client = Client::open(server, offer, b"").await;
        assert_eq!(client.agreed(), None, "{offer:?}");
        client.send(&frame(0x81, JOIN.as_bytes())).await;
        assert_eq!(client.next().await, (0x81, JOINED.into()), "{offer:?}");
        // A compressed message is what it is without an extension.
        client.send(&frame(0xc1, &deflated(JOIN.as_bytes()))).await;
        assert_eq!(client.closed().await, 1002, "{offer:?}");
    }
    assert_eq!(agreed(&declining.stop().await), [None]);
}

#[tokio::test]
async fn the_window_that_the_client_limits_is_kept() {
    let server = accepting(Profile::glimesh()).await;
    let offer = Some("permessage-deflate; server_max_window_bits=8");
    let mut client = Client::open(&server, offer, b"").await;
    let answer = format!("{ANSWER}; server_max_window_bits=8");
    assert_eq!(client.agreed(), Some(answer.as_str()));
    client.send(&frame(0x81, JOIN.as_bytes())).await;
    assert_eq!(client.inflated().await, JOINED);
    // Its answer is longer than such a window, and goes out as it is.
    let long = format!(r#"["1","{}","phoenix","heartbeat",{{}}]"#, "ab".repeat(200));
    client.send(&frame(0xc1, &deflated(long.as_bytes()))).await;
    let (first, payload) = client.next().await;
    assert_eq!(first, 0x81);
    assert!(String::from_utf8(payload).unwrap().contains("abab"));
}

#[tokio::test]
async fn what_cannot_be_inflated_ends_the_connection_and_the_note_says_why() {
    let profile = Profile { message_limit: 10_000, ..Profile::glimesh() };
    let bomb = deflated(&vec![b' '; 10_000_000]);
    let cut = deflated(JOIN.as_bytes());
    let cases = [
        (frame(0xc1, &bomb), 1009, "message-too-big: closed with 1009: a message of 1"),
        (frame(0xc1, b"\xff\xff"), 1007, "not-deflate: closed with 1007: a compressed message"),
        (frame(0xc1, &cut[..20]), 1007, "it does not end where a block ends"),
        (frame(0xc1, &deflated(b"\xff")), 1007, "not-utf8: closed with 1007"),
        (
            [frame(0x41, &cut), frame(0x81, b"x")].concat(),
            1002,
            "websocket-fault: closed with 1002: a new message",
        ),
        (frame(0xc9, b"x"), 1002, "websocket-fault: closed with 1002"),
        (frame(0xa1, b"x"), 1002, "websocket-fault: closed with 1002"),
    ];
    for (bytes, code, note) in cases {
        let server = accepting(profile.clone()).await;
        let mut client = Client::open(&server, Some(OFFER), b"").await;
        client.send(&[frame(0x81, JOIN.as_bytes()), bytes].concat()).await;
        assert_eq!(client.inflated().await, JOINED, "what came before is answered");
        assert_eq!(client.closed().await, code, "{note}");
        drop(client);
        let notes = notes(&server.stop().await);
        assert!(notes.iter().any(|found| found.contains(note)), "{note} is not in {notes:?}");
    }
}
