//! Sessions as a HAR file that the DevTools of Chrome open: one entry for each connection, with its messages.
//!
//! Source: HTTP Archive 1.2; Chromium, `front_end/models/har`, the custom field `_webSocketMessages`.

use std::io::{self, Write};

use glimesh_mock::transcript::{Entry, From, What};
use glimesh_proto::Instant;
use serde::Serialize;

use crate::session::{Connection, Session};

/// Writes sessions as HAR 1.2. A transcript has no date, so its time zero is the beginning of 1970, in UTC.
///
/// # Errors
///
/// Those of the writer.
pub fn har(sessions: &[Session], mut out: impl Write) -> io::Result<()> {
    let connections = sessions.iter().flat_map(|session| {
        session.connections.iter().filter_map(move |connection| entry(session, connection))
    });
    let creator = Creator { name: "glimesh-conformance", version: env!("CARGO_PKG_VERSION") };
    let pages = [];
    let log = Log { version: "1.2", creator, pages, entries: connections.collect() };
    serde_json::to_writer(&mut out, &Har { log })?;
    writeln!(out)
}

#[derive(Serialize)]
struct Har {
    log: Log,
}

#[derive(Serialize)]
struct Log {
    version: &'static str,
    creator: Creator,
    pages: [(); 0],
    entries: Vec<HarEntry>,
}

#[derive(Serialize)]
struct Creator {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarEntry {
    started_date_time: String,
    time: u64,
    request: Request,
    response: Response,
    cache: Empty,
    timings: Timings,
    comment: String,
    #[serde(rename = "_resourceType")]
    resource_type: &'static str,
    #[serde(rename = "_webSocketMessages")]
    messages: Vec<Message>,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct Pair {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    http_version: &'static str,
    cookies: [(); 0],
    headers: Vec<Pair>,
    query_string: Vec<Pair>,
    headers_size: i32,
    body_size: i32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status: u16,
    status_text: &'static str,
    http_version: &'static str,
    cookies: [(); 0],
    headers: Vec<Pair>,
    content: Content,
    #[serde(rename = "redirectURL")]
    redirect_url: &'static str,
    headers_size: i32,
    body_size: i32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    size: u32,
    mime_type: &'static str,
}

#[derive(Serialize)]
struct Timings {
    send: u32,
    wait: u64,
    receive: u64,
}

#[derive(Serialize)]
struct Message {
    #[serde(rename = "type")]
    direction: &'static str,
    /// Seconds since 1970.
    time: f64,
    /// 1 for text, 2 for a binary message, whose data is in Base64.
    opcode: u8,
    data: String,
}

fn entry(session: &Session, connection: &Connection) -> Option<HarEntry> {
    let entries = || connection.entries.iter().map(|&index| session.entry(index));
    let scheme = if session.is_encrypted() { "wss" } else { "ws" };
    let (asked, request, response) = entries().find_map(|entry| match &entry.what {
        What::Upgrade { method, path, query, headers, status, extensions } => {
            let request = request(scheme, (method, path, query), headers);
            Some((entry.at, request, response(*status, extensions.as_deref())))
        }
        _ => None,
    })?;
    let end = connection.ended_at.unwrap_or_else(|| session.ended_at());
    let lasted = u64::try_from(end.since(asked).as_millis()).unwrap_or(u64::MAX);
    let name = session.name();
    Some(HarEntry {
        started_date_time: date(asked),
        time: lasted,
        request,
        response,
        cache: Empty {},
        timings: Timings { send: 0, wait: 0, receive: lasted },
        comment: format!("session {name}, connection {}", connection.id),
        resource_type: "websocket",
        messages: entries().filter_map(message).collect(),
    })
}

fn request(
    scheme: &str,
    (method, path, query): (&str, &str, &[(String, String)]),
    headers: &[(String, String)],
) -> Request {
    let pairs = |pairs: &[(String, String)]| {
        let pair =
            |(name, value): &(String, String)| Pair { name: name.clone(), value: value.clone() };
        pairs.iter().map(pair).collect::<Vec<_>>()
    };
    let host = headers.iter().find(|(name, _)| name == "host");
    let host = host.map_or("127.0.0.1", |(_, host)| host.as_str());
    let asked: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mark = if asked.is_empty() { "" } else { "?" };
    Request {
        method: method.to_owned(),
        url: format!("{scheme}://{host}{path}{mark}{}", asked.join("&")),
        http_version: "HTTP/1.1",
        cookies: [],
        headers: pairs(headers),
        query_string: pairs(query),
        headers_size: -1,
        body_size: -1,
    }
}

/// Of the answer's headers a transcript keeps one.
fn response(status: u16, extensions: Option<&str>) -> Response {
    let status_text = if status == 101 { "Switching Protocols" } else { "" };
    let content = Content { size: 0, mime_type: "x-unknown" };
    let named =
        |value: &str| Pair { name: "sec-websocket-extensions".to_owned(), value: value.to_owned() };
    let headers = extensions.map(named).into_iter().collect();
    Response {
        status,
        status_text,
        http_version: "HTTP/1.1",
        cookies: [],
        headers,
        content,
        redirect_url: "",
        headers_size: -1,
        body_size: -1,
    }
}

fn message(entry: &Entry) -> Option<Message> {
    let (from, opcode, data) = match &entry.what {
        What::Text { from, data, .. } => (from, 1, data.clone()),
        What::Binary { from, hex, .. } => (from, 2, base64(hex)),
        _ => return None,
    };
    let direction = match from {
        From::Client => "send",
        From::Server => "receive",
    };
    Some(Message { direction, time: entry.at.since_start().as_secs_f64(), opcode, data })
}

/// Hexadecimal digits as Base64; a transcript of the kit's has no others.
fn base64(hex: &str) -> String {
    let digits: Vec<_> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    let bytes: Vec<_> = digits.chunks_exact(2).map(|two| (two[0] * 16 + two[1]) as u8).collect();
    data_encoding::BASE64.encode(&bytes)
}

/// So long after the beginning of 1970, as ISO 8601. A session lasts no day.
fn date(at: Instant) -> String {
    let ms = at.as_millis().min(86_399_999);
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("1970-01-01T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", ms % 1000)
}
