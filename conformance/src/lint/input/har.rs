//! HAR files with the messages of WebSockets, `_webSocketMessages`, as Chrome's DevTools export them.
//!
//! Shape: `{"log":{"entries":[{"request":{"url":URL},"response":{"status":101},"_resourceType":"websocket",
//! "_webSocketMessages":[{"type":"send","time":SECONDS,"opcode":1,"data":TEXT}]}]}}`. The data of a binary message
//! is Base64, times are seconds since 1970.
//!
//! Source: Chromium's DevTools frontend, `front_end/models/har/Log.ts` and `HARFormat.ts`.

use std::borrow::Cow;
use std::time::Duration;

use data_encoding::BASE64;
use glimesh_proto::diagnostic::{MessageKind, Sender};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Event, Origin, Sink, What};

#[derive(Deserialize)]
struct Har<'a> {
    #[serde(borrow)]
    log: Log<'a>,
}

#[derive(Deserialize)]
struct Log<'a> {
    #[serde(borrow)]
    entries: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    request: Request<'a>,
    response: Option<Response>,
    #[serde(borrow, rename = "_webSocketMessages")]
    messages: Option<Vec<Message<'a>>>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    url: &'a RawValue,
}

#[derive(Deserialize)]
struct Response {
    status: i64,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, rename = "type")]
    direction: Cow<'a, str>,
    time: f64,
    opcode: i64,
    #[serde(borrow)]
    data: &'a RawValue,
}

pub(super) fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shift = bytes.len() - text.len();
    let har: Har<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let place = |raw: &RawValue| shift + (raw.get().as_ptr().addr() - text.as_ptr().addr()) + 1;
    let mut conn = 0;
    for entry in &har.log.entries {
        let url: String = serde_json::from_str(entry.request.url.get()).unwrap_or_default();
        if entry.messages.is_none() && !url.starts_with("ws") {
            continue;
        }
        conn += 1;
        let messages = entry.messages.as_deref().unwrap_or_default();
        // DevTools write 0 where the answer was not seen.
        let status =
            entry.response.as_ref().and_then(|response| u16::try_from(response.status).ok());
        let status = status.filter(|&status| status != 0);
        let at = None;
        let origin = Origin::Escaped(place(entry.request.url));
        sink(Event { conn, at, origin, what: What::Upgrade { url, status } });
        for message in messages {
            sink(message.event(conn, place(message.data)));
        }
        sink(Event { conn, at: None, origin, what: What::End });
    }
    if conn == 0 {
        return Err("no entry has _webSocketMessages; export it with the WebSocket's connection open in DevTools from its beginning".to_owned());
    }
    Ok(Vec::new())
}

impl Message<'_> {
    fn event(&self, conn: u32, place: usize) -> Event {
        let data: String = serde_json::from_str(self.data.get()).unwrap_or_default();
        let sender = Some(if self.direction == "send" { Sender::Client } else { Sender::Server });
        let at = (0.0..1e12).contains(&self.time).then(|| Duration::from_secs_f64(self.time));
        let decoded = (self.opcode == 2).then(|| BASE64.decode(data.as_bytes()).ok()).flatten();
        let (origin, kind, data) = match decoded {
            Some(bytes) => (Origin::Encoded(place), MessageKind::Binary, bytes),
            None => (Origin::Escaped(place), MessageKind::Text, data.into_bytes()),
        };
        Event { conn, at, origin, what: What::Message { sender, kind, data } }
    }
}
