//! No secret reaches a transcript, wherever a client puts it.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use glimesh_mock::{CLIENT_ID, MockServer, TOKEN};
use raw::{Line, RawFrame, upgrade_request};

/// A secret that the server does not know, such as a real one that was used by mistake.
const FOREIGN: &str = "real-secret-of-somebody";

#[tokio::test]
async fn no_secret_reaches_the_file() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("session.jsonl");
    let server = MockServer::builder().record_to(&file).start().await.expect("a port is free");
    for secret in [TOKEN, CLIENT_ID, FOREIGN] {
        let name = if secret == CLIENT_ID { "client_id" } else { "token" };
        for spelled in spellings(secret) {
            // The credential comes first: a foreign secret is known by its place.
            say(
                &server,
                &upgrade_request(&format!("/api/graph/websocket?vsn=2.0.0&{name}={spelled}")),
            )
            .await;
            say(
                &server,
                &upgrade_request(&format!("/{spelled}?{spelled}=1&x={spelled}&token=%ff{spelled}")),
            )
            .await;
            let body = format!("{{\"query\":\"{{channel(id:\\\"{spelled}\\\"){{id}}}}\"}}");
            let length = body.len();
            say(
                &server,
                &format!(
                    "POST /api/graph?access_token={spelled} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {spelled}\r\n\
                     X-Anything: {spelled}\r\nCookie: token={spelled}\r\nReferer: http://x/?token={spelled}\r\n\
                     Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
                ),
            )
            .await;
            say_frames(&server, &spelled).await;
        }
        say(&server, &format!("{secret} / HTTP/1.1\r\nHost: x\r\n{secret}: x\r\n\r\n")).await;
    }
    let transcript = server.stop().await;
    let mut written = Vec::new();
    transcript.write(&mut written).expect("it is memory");
    let recorded = std::fs::read(&file).expect("it was recorded");
    assert_eq!(recorded, written, "the file says what the transcript says");
    let text = String::from_utf8(recorded).expect("JSON lines are UTF-8");
    assert!(text.len() > 10_000, "only {} bytes were recorded", text.len());
    let lower = text.to_lowercase();
    for secret in [TOKEN, CLIENT_ID, FOREIGN] {
        for form in spellings(secret)
            .into_iter()
            .chain([hex::encode(secret), hex::encode(secret.to_uppercase())])
        {
            let at = lower.find(&form.to_lowercase());
            let around = at.map(|at| &lower[at.saturating_sub(200)..(at + 100).min(lower.len())]);
            assert_eq!(around, None, "{form}");
        }
    }
}

/// The ways in which a secret can stand in a URL or be pasted from one.
fn spellings(secret: &str) -> Vec<String> {
    let escaped = |wanted: fn(u8) -> bool, upper: bool| {
        let spell = |byte: u8| match (wanted(byte), upper) {
            (true, true) => format!("%{byte:02X}"),
            (true, false) => format!("%{byte:02x}"),
            (false, _) => char::from(byte).to_string(),
        };
        secret.bytes().map(spell).collect::<String>()
    };
    vec![
        secret.to_owned(),
        escaped(|byte| !byte.is_ascii_alphanumeric(), true),
        escaped(|byte| !byte.is_ascii_alphanumeric(), false),
        escaped(|_| true, true),
        escaped(|_| true, false),
    ]
}

/// Sends a request on a connection of its own, and waits for the answer or the end.
async fn say(server: &MockServer, request: &str) {
    let mut line = Line::dial(server.addr()).await;
    line.send(request.as_bytes()).await;
    line.next().await;
}

/// Puts a secret into every part of what can be said on a WebSocket.
async fn say_frames(server: &MockServer, secret: &str) {
    let mut line =
        Line::open(server.addr(), &format!("/api/graph/websocket?vsn=2.0.0&token={TOKEN}")).await;
    let frames = [
        r#"["1","1","__absinthe__:control","phx_join",{"token":"SECRET"}]"#,
        r#"["SECRET","SECRET","phoenix","heartbeat",{}]"#,
        r#"["1","2","SECRET","SECRET",{}]"#,
        r#"["1","3","__absinthe__:control","doc",{"query":"{channel(id:\"SECRET\"){id}}"}]"#,
        r#"["1","4","__absinthe__:control","unsubscribe",{"subscriptionId":"SECRET"}]"#,
    ];
    for frame in frames {
        line.text(&frame.replace("SECRET", secret)).await;
        line.next().await;
    }
    line.frame(&RawFrame::new(9, secret)).await;
    let reason = &secret[..secret.len().min(120)];
    line.frame(&RawFrame::new(8, [b"\x03\xe8", reason.as_bytes()].concat())).await;
    line.rest().await;
    let mut line =
        Line::open(server.addr(), &format!("/api/graph/websocket?vsn=2.0.0&token={TOKEN}")).await;
    line.frame(&RawFrame::new(2, format!("\u{1}{secret}"))).await;
    line.rest().await;
    let mut line =
        Line::open(server.addr(), &format!("/api/graph/websocket?vsn=2.0.0&token={TOKEN}")).await;
    line.text(&format!("not a frame, but {secret}")).await;
    line.rest().await;
}
