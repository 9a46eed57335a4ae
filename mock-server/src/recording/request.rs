//! The request of a recorded `connect`, as bytes.

use serde_json::Value;

use super::line::KEY;
use super::step::Connect;

/// `host` is host and port of the server that is asked.
pub(super) fn request(connect: &Connect, host: &str) -> Vec<u8> {
    if let Some(raw) = &connect.raw_http {
        return latin1(&raw.replace("$HOST", host));
    }
    let mut headers = vec![
        ("Host", host),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", KEY),
    ];
    for (name, value) in &connect.headers {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        headers.extend(value.as_deref().map(|value| (&**name, value)));
    }
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let path = connect.path.as_deref().unwrap_or("/api/graph/websocket");
    let query = connect.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let method = connect.method.as_deref().unwrap_or("GET");
    let version = connect.http.as_deref().unwrap_or("HTTP/1.1");
    let body = connect.body.as_deref().unwrap_or_default();
    latin1(&format!("{method} {path}{query} {version}\r\n{headers}\r\n{body}"))
}

/// The characters of a recorded request are bytes.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|char| char as u8).collect()
}

/// A text to send: as it stands, or in parts that may repeat.
pub(super) fn text_of(data: &Value) -> String {
    let part = |part: &Value| match part {
        Value::String(text) => text.clone(),
        part => {
            let times = usize::try_from(part["times"].as_u64().unwrap_or(0)).unwrap_or(0);
            part["repeat"].as_str().unwrap_or_default().repeat(times)
        }
    };
    match data {
        Value::String(text) => text.clone(),
        data => data["parts"].as_array().into_iter().flatten().map(part).collect(),
    }
}
