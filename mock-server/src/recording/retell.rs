//! A recording, told as a transcript, so that it can be replayed to a client.

use std::collections::BTreeMap;
use std::time::Duration;

use glimesh_proto::Instant;
use glimesh_proto::connect::{Endpoint, parse_query};

use super::event::{self, Event};
use super::line::Seen;
use super::record::Record;
use super::request::text_of;
use super::step::{Connect, Step};
use crate::chat::CHANNEL_ID;
use crate::mock::{CLIENT_ID, CLIENT_SECRET, TOKEN};
use crate::profile::Profile;
use crate::redact::Redactor;
use crate::scenario::Auth;
use crate::transcript::{ClockStamp, Entry, FORMAT, From, Given, Header, Transcript, What};

/// Why a recording cannot be told as a transcript that a client could be led through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRetold {
    /// Of a text, there are only its length and its SHA-256.
    #[error("of a text of {len} bytes, only the SHA-256 was recorded")]
    LongText {
        /// In bytes.
        len: usize,
    },
    /// The client sent what no WebSocket library sends.
    #[error("its client sent {what}, which no client does by itself")]
    NoMessage {
        /// What it was.
        what: &'static str,
    },
    /// A request for something else than the socket, or one that was written out by hand.
    #[error("it asks for something else than a WebSocket, or in words of its own")]
    NoUpgrade,
    /// Something else was seen than the wire shows.
    #[error("something was seen in it that is not on the wire")]
    Unseen,
}

impl Record {
    /// The recording as a transcript. The client says what it said just before it was answered; where there was no
    /// answer, as soon as it had seen what came before.
    ///
    /// # Errors
    ///
    /// [`NotRetold`]: not all of it is there, or no client would say the same.
    pub fn retell(&self) -> Result<Transcript, NotRetold> {
        let mut telling = Telling::new(self);
        for (index, step) in self.steps.iter().enumerate() {
            telling.step(index, step)?;
            for event in self.events.iter().filter(|event| event.step == index) {
                telling.event(event)?;
            }
        }
        // Connections have clocks of their own, and each is in order.
        telling.entries.sort_by_key(|entry| entry.at);
        Ok(Transcript { header: self.header(), entries: telling.entries })
    }

    fn header(&self) -> Header {
        let queries = self.steps.iter().filter_map(|step| match step {
            Step::Connect(connect) => connect.query.as_deref(),
            _ => None,
        });
        let by_client_id = queries.into_iter().any(|query| query.contains("client_id="));
        let auth = if by_client_id { Auth::ClientId } else { Auth::Token };
        let profile = Profile::phoenix();
        Header {
            format: FORMAT,
            session: self.id.clone(),
            scenario: self.id.clone(),
            profile: profile.name.to_string(),
            settings: profile.settings(),
            given: Given { auth: auth.as_str().to_owned(), channel_id: CHANNEL_ID.to_string() },
            clock: ClockStamp { mode: "real".to_owned(), rate: 1 },
        }
    }

    /// The id that stands for `<SUB:1>` in what the client sent.
    fn first_id(&self) -> Option<&str> {
        let texts = self.events.iter().filter_map(|event| event.text.as_deref());
        let mut ids = texts.filter_map(|text| text.split_once(r#""subscriptionId":""#));
        ids.find_map(|(_, rest)| rest.split('"').next())
    }
}

/// A record while it is told.
struct Telling<'a> {
    record: &'a Record,
    redactor: Redactor,
    connections: BTreeMap<&'a str, Told>,
    entries: Vec<Entry>,
}

/// A connection, as far as it is told.
struct Told {
    conn: u32,
    /// When it was opened, on the transcript's clock.
    opened: Duration,
    /// How far it is told.
    now: Duration,
}

impl<'a> Telling<'a> {
    fn new(record: &'a Record) -> Self {
        let redactor = Redactor::new(TOKEN, CLIENT_ID, CLIENT_SECRET);
        Self { record, redactor, connections: BTreeMap::new(), entries: Vec::new() }
    }

    fn step(&mut self, index: usize, step: &'a Step) -> Result<(), NotRetold> {
        let no_message = |what| Err(NotRetold::NoMessage { what });
        let (c, what) = match step {
            Step::Connect(connect) => return self.connect(index, connect),
            Step::Sleep { ms } => {
                let slept = Duration::from_millis(*ms);
                self.connections.values_mut().for_each(|told| told.now += slept);
                return Ok(());
            }
            Step::Settle {} | Step::WaitEof { .. } => return Ok(()),
            // What it did to the client stands among the events.
            Step::Control { .. } | Step::ServerStop { .. } => return Ok(()),
            Step::Text { c, data, .. } => (c, self.text(&text_of(data))),
            Step::Frame { opcode, fin, rsv, masked, .. }
                if *fin == Some(false) || *rsv != 0 || *masked == Some(false) || *opcode == 0 =>
            {
                return no_message("a WebSocket frame that is no whole message");
            }
            Step::Frame { c, opcode: 1, data, hex, .. } => {
                match payload(data.as_ref(), hex.as_deref()) {
                    Some(Ok(text)) => (c, self.text(&text)),
                    _ => return no_message("a text that is not UTF-8"),
                }
            }
            Step::Frame { c, opcode: 2, data, hex, .. } => {
                let bytes = match payload(data.as_ref(), hex.as_deref()) {
                    Some(Ok(text)) => text.into_bytes(),
                    Some(Err(bytes)) => bytes,
                    None => return no_message("hexadecimal that is none"),
                };
                let hex = hex::encode(self.redactor.bytes(&bytes));
                (c, What::Binary { from: From::Client, hex, len: bytes.len() })
            }
            Step::Frame { c, opcode: 8, .. } => {
                (c, What::Close { from: From::Client, code: None, reason: String::new() })
            }
            // Clients and libraries do that by themselves, when they like.
            Step::Frame { opcode: 9 | 10, .. } => return Ok(()),
            Step::Frame { .. } => return no_message("a WebSocket frame with a reserved opcode"),
            Step::Bytes { .. } => return no_message("bytes"),
            Step::TcpShutdown { c } => (c, What::Eof { from: From::Client, reset: false }),
            Step::TcpAbort { c } => (c, What::Eof { from: From::Client, reset: true }),
        };
        self.said(index, c, what);
        Ok(())
    }

    fn text(&mut self, text: &str) -> What {
        let text = text.replace("<SUB:1>", self.record.first_id().unwrap_or_default());
        What::Text { from: From::Client, data: self.redactor.message(&text), len: text.len() }
    }

    /// Something that the client did, unless the connection was gone by then.
    fn said(&mut self, index: usize, c: &str, what: What) {
        let record = self.record;
        // Of steps in a run, the last one has the events.
        let rest = record.steps.iter().enumerate().skip(index);
        let answered_in = rest.clone().find(|(_, step)| step.waits()).map(|(index, _)| index);
        let of_step = |event: &&Event| event.c == c && Some(event.step) == answered_in;
        let mut answers = record.events.iter().filter(of_step);
        let Some(told) = self.connections.get_mut(c) else { return };
        match answers.next() {
            Some(Event { what: event::What::NotSent, .. }) => return,
            Some(answer) => told.now = told.now.max(told.opened + at(answer)),
            None => {}
        }
        let entry = Entry { at: Instant::from(told.now), conn: Some(told.conn), what };
        self.entries.push(entry);
    }

    fn connect(&mut self, index: usize, connect: &'a Connect) -> Result<(), NotRetold> {
        let path = connect.path.as_deref().unwrap_or(Endpoint::Graph.path());
        if Endpoint::at_path(path).is_none() || in_its_own_words(connect) {
            return Err(NotRetold::NoUpgrade);
        }
        let answer = self.record.events.iter().find_map(|event| match &event.what {
            event::What::Came(Seen::Http { status, .. })
                if event.step == index && event.c == connect.c =>
            {
                Some(*status)
            }
            _ => None,
        });
        let status = answer.ok_or(NotRetold::NoUpgrade)?;
        let conn = u32::try_from(self.connections.len()).unwrap_or(u32::MAX).saturating_add(1);
        let opened = self.connections.values().map(|told| told.now).max().unwrap_or_default();
        let upgrade = What::Upgrade {
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: self.query(connect.query.as_deref().unwrap_or_default()),
            headers: vec![("upgrade".to_owned(), "websocket".to_owned())],
            status,
            extensions: None,
        };
        for what in [What::Accept, upgrade] {
            self.entries.push(Entry { at: Instant::from(opened), conn: Some(conn), what });
        }
        self.connections.insert(&connect.c, Told { conn, opened, now: opened });
        Ok(())
    }

    fn query(&mut self, raw: &str) -> Vec<(String, String)> {
        let pairs = parse_query(raw).unwrap_or_default().into_iter();
        pairs
            .map(|(name, value)| {
                let value = self.redactor.query_value(&name, &value);
                (name, value)
            })
            .collect()
    }

    fn event(&mut self, event: &Event) -> Result<(), NotRetold> {
        let from = From::Server;
        let what = match &event.what {
            // Told with the request.
            event::What::Came(Seen::Http { .. }) | event::What::NotSent => return Ok(()),
            event::What::Came(Seen::Text(normal)) => {
                let data = event.text.clone().unwrap_or_else(|| normal.clone());
                What::Text { from, len: data.len(), data }
            }
            event::What::Came(Seen::Binary(bytes)) => {
                What::Binary { from, hex: hex::encode(bytes), len: bytes.len() }
            }
            // The replay answers pings by itself.
            event::What::Came(Seen::Pong(_)) => return Ok(()),
            event::What::Came(Seen::Ping(bytes)) => What::Ping { from, hex: hex::encode(bytes) },
            event::What::Came(Seen::Close { code, reason }) => {
                What::Close { from, code: *code, reason: reason.clone() }
            }
            event::What::Came(Seen::Eof) => What::Eof { from, reset: false },
            event::What::LongText { len, .. } => return Err(NotRetold::LongText { len: *len }),
            _ => return Err(NotRetold::Unseen),
        };
        if let Some(told) = self.connections.get_mut(&*event.c) {
            told.now = told.now.max(told.opened + at(event));
            self.entries.push(Entry { at: Instant::from(told.now), conn: Some(told.conn), what });
        }
        Ok(())
    }
}

/// Whether a request is not the one that every client makes.
fn in_its_own_words(connect: &Connect) -> bool {
    const USUAL: [&str; 4] =
        ["connection", "upgrade", "sec-websocket-key", "sec-websocket-version"];
    let Connect { method, http, headers, raw_http, .. } = connect;
    let is_usual = |(name, _): &(String, _)| USUAL.contains(&&*name.to_ascii_lowercase());
    method.is_some() || http.is_some() || raw_http.is_some() || headers.iter().any(is_usual)
}

fn at(event: &Event) -> Duration {
    Duration::from_millis(event.at_ms)
}

/// The payload of a frame: a text, or bytes that are none; `None` if it cannot be read.
fn payload(data: Option<&serde_json::Value>, hex: Option<&str>) -> Option<Result<String, Vec<u8>>> {
    match (hex, data) {
        (Some(hex), _) => {
            let bytes = hex::decode(hex).ok()?;
            Some(String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes))
        }
        (None, data) => Some(Ok(data.map(text_of).unwrap_or_default())),
    }
}
