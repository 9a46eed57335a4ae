//! What the bytes of one connection mean, while they pass by: entries of the transcript, and comments.

use std::collections::VecDeque;
use std::sync::Arc;

use glimesh_proto::connect::{ConnectRequest, Vsn, parse_query};
use glimesh_proto::diagnostic::{
    Context, MessageKind, Profile, Sender, diagnose, diagnose_bytes, diagnose_url,
};
use glimesh_proto::{Frame, names};

use super::comment::{self, Tell};
use super::frames::{Piece, Reader};
use super::http::{self, Body, LONGEST_HEAD, NotHttp, RequestHead, ResponseHead};
use super::inflate::{Agreed, Inflation, Unread};
use crate::recorder::Recorder;
use crate::transcript::{From, MAX_DATA, What};

/// Listens on one connection, and changes nothing.
pub(super) struct Tap {
    recorder: Arc<Recorder>,
    tell: Tell,
    conn: u32,
    client: Side,
    server: Side,
    /// Requests whose answers have not come.
    asked: VecDeque<RequestHead>,
    context: Context,
}

/// How far one direction has come.
enum Side {
    /// In a head.
    Head(Vec<u8>),
    Body(Body),
    /// The client has asked for a WebSocket; what it says already, nobody can read before the answer.
    Waiting(Vec<u8>),
    WebSocket(Reader),
    /// Nothing is read any more; the bytes still pass.
    Blind,
}

/// How many requests may wait for their answers.
const MOST_ASKED: usize = 64;

impl Tap {
    pub(super) fn new(recorder: Arc<Recorder>, tell: Tell, profile: Profile, conn: u32) -> Self {
        let context = Context { joined: Some(false), profile, ..Context::default() };
        let (client, server) = (Side::Head(Vec::new()), Side::Head(Vec::new()));
        Self { recorder, tell, conn, client, server, asked: VecDeque::new(), context }
    }

    /// Bytes pass by.
    pub(super) fn pass(&mut self, from: From, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let side = std::mem::replace(self.side(from), Side::Blind);
            let (side, left) = match self.step(from, side, rest) {
                Ok(next) => next,
                Err(NotHttp) => {
                    self.not_http(from);
                    (Side::Blind, &[][..])
                }
            };
            *self.side(from) = side;
            rest = left;
        }
    }

    const fn side(&mut self, from: From) -> &mut Side {
        match from {
            From::Client => &mut self.client,
            From::Server => &mut self.server,
        }
    }

    fn step<'a>(
        &mut self,
        from: From,
        side: Side,
        bytes: &'a [u8],
    ) -> Result<(Side, &'a [u8]), NotHttp> {
        match side {
            Side::Head(mut head) => {
                let before = head.len();
                let look_from = before.saturating_sub(3);
                head.extend_from_slice(bytes);
                match http::end_of_head(&head[look_from..]) {
                    Some(end) => {
                        let end = look_from + end;
                        let next = match from {
                            From::Client => self.asks(&head[..end])?,
                            From::Server => self.answers(&head[..end])?,
                        };
                        Ok((next, &bytes[end - before..]))
                    }
                    None if head.len() > LONGEST_HEAD => Err(NotHttp),
                    None if before == 0 && !begins_as_http(&head) => Err(NotHttp),
                    None => Ok((Side::Head(head), &[])),
                }
            }
            Side::Body(mut body) => Ok(match body.skip(bytes)? {
                Some(rest) => (Side::Head(Vec::new()), rest),
                None => (Side::Body(body), &[]),
            }),
            Side::Waiting(mut early) => {
                early.extend_from_slice(bytes);
                let fits = early.len() <= LONGEST_HEAD;
                Ok((if fits { Side::Waiting(early) } else { Side::Blind }, &[]))
            }
            Side::WebSocket(mut reader) => {
                for piece in reader.feed(bytes) {
                    self.take(from, piece);
                }
                Ok((Side::WebSocket(reader), &[]))
            }
            Side::Blind => Ok((Side::Blind, &[])),
        }
    }

    fn asks(&mut self, head: &[u8]) -> Result<Side, NotHttp> {
        let (request, body) = http::request(head)?;
        if self.asked.len() >= MOST_ASKED {
            return Err(NotHttp);
        }
        let next = match request.is_upgrade() {
            true => Side::Waiting(Vec::new()),
            false => side_of(body),
        };
        self.asked.push_back(request);
        Ok(next)
    }

    fn answers(&mut self, head: &[u8]) -> Result<Side, NotHttp> {
        let method = self.asked.front().map_or("GET", |request| request.method.as_str());
        let (response, body) = http::response(head, method)?;
        let status = response.status;
        if matches!(status, 100 | 102..=199) {
            return Ok(Side::Head(Vec::new()));
        }
        let request = self.asked.pop_front().ok_or(NotHttp)?;
        let offers = request.headers.iter().filter(|(name, _)| name == "sec-websocket-extensions");
        let agreed =
            Agreed::of(offers.map(|(_, offer)| offer.as_str()), response.extensions.as_deref());
        self.record(&request, response);
        let early = match std::mem::replace(&mut self.client, Side::Blind) {
            Side::Waiting(early) if request.is_upgrade() => Some(early),
            other => {
                self.client = other;
                None
            }
        };
        if let Some(early) = early {
            self.client = match status {
                101 => {
                    let inflation = agreed.map(|it| Inflation::new(it.client_takes_over));
                    Side::WebSocket(Reader::new(true, inflation))
                }
                _ => Side::Head(Vec::new()),
            };
            self.pass(From::Client, &early);
        }
        Ok(match status {
            101 => {
                let inflation = agreed.map(|it| Inflation::new(it.server_takes_over));
                Side::WebSocket(Reader::new(false, inflation))
            }
            _ => side_of(body),
        })
    }

    fn record(&mut self, request: &RequestHead, response: ResponseHead) {
        let (path, raw_query) = request.path_and_query();
        let pairs = parse_query(raw_query)
            .unwrap_or_else(|| vec![("token".to_owned(), raw_query.to_owned())]);
        let what = self.recorder.redact(|redactor| {
            // The credentials first: they may stand in the rest, too.
            let query = pairs
                .into_iter()
                .map(|(name, value)| (redactor.text(&name), redactor.query_value(&name, &value)))
                .collect();
            let header = |(name, value): &(String, String)| {
                (redactor.text(name), redactor.header_value(name, value))
            };
            let headers = request.headers.iter().map(header).collect();
            let (method, path) = (redactor.text(&request.method), redactor.text(path));
            let extensions = response.extensions.map(|value| redactor.text(&value));
            What::Upgrade { method, path, query, headers, status: response.status, extensions }
        });
        self.recorder.append(Some(self.conn), what);
        if !request.is_upgrade() {
            return;
        }
        if let Ok(request) = ConnectRequest::parse(&request.target) {
            self.context.vsn = request.vsn;
        }
        let host = request.headers.iter().find(|(name, _)| name == "host");
        let host = host.map_or("localhost", |(_, host)| host.as_str());
        let url = format!("ws://{host}{}", request.target);
        for found in diagnose_url(&url, &self.context) {
            // The places are those of the URL with its credential, which is not shown.
            let said = comment::in_words(self.conn, From::Client, &found);
            (self.tell)(&self.recorder.redact(|redactor| redactor.text(&said)));
        }
    }

    fn not_http(&self, from: From) {
        let who = who(from);
        let text =
            format!("what {who} sends is not read any more: it is not HTTP; it is passed on");
        self.recorder.note(Some(self.conn), "not-http", &text);
    }

    fn take(&mut self, from: From, piece: Piece) {
        let (conn, at) = (self.conn, self.recorder.now());
        let sender = match from {
            From::Client => Sender::Client,
            From::Server => Sender::Server,
        };
        let context = Context { sender, ..self.context };
        match piece {
            Piece::Text { bytes, len } => {
                let text = text_of(&bytes, len);
                self.recorder.text_of(conn, at, from, &text, len);
                if len > MAX_DATA {
                    return;
                }
                if self.context.vsn == Vsn::V2 {
                    self.follow(from, &text);
                }
                let clean = self.recorder.redact(|redactor| redactor.message(&text));
                let found = match std::str::from_utf8(&bytes) {
                    Ok(_) => diagnose(&clean, &context),
                    Err(_) => diagnose_bytes(&bytes, MessageKind::Text, &context),
                };
                comment::on(&self.tell, (conn, from), &clean, &found);
            }
            Piece::Binary { bytes, len } => {
                self.recorder.binary_of(conn, at, from, &bytes, len);
                if from == From::Client && len <= MAX_DATA {
                    for found in diagnose_bytes(&bytes, MessageKind::Binary, &context) {
                        let said = comment::in_words(conn, from, &found);
                        (self.tell)(&self.recorder.redact(|redactor| redactor.text(&said)));
                    }
                }
            }
            Piece::Ping(payload) => {
                let hex = self.recorder.payload(&payload);
                self.recorder.append(Some(conn), What::Ping { from, hex });
            }
            Piece::Pong(payload) => {
                let hex = self.recorder.payload(&payload);
                self.recorder.append(Some(conn), What::Pong { from, hex });
            }
            Piece::Close { code, reason } => self.recorder.close(conn, from, code, &reason),
            Piece::Fault(text) => self.recorder.note(Some(conn), "websocket-fault", &text),
            Piece::Unread(why) => {
                let code = match why {
                    Unread::Malformed(_) => "not-deflate",
                    Unread::TooLong | Unread::Lost => "not-inflated",
                };
                let text = format!("{} sends {why}", who(from));
                self.recorder.note(Some(conn), code, &text);
            }
        }
    }

    /// Before the first join, a document is out of order; later, what the server knows by then is not certain.
    fn follow(&mut self, from: From, text: &str) {
        if from == From::Client
            && self.context.joined.is_some()
            && Frame::decode(text).is_ok_and(|frame| frame.event == names::PHX_JOIN)
        {
            self.context.joined = None;
        }
    }
}

const fn who(from: From) -> &'static str {
    match from {
        From::Client => "the client",
        From::Server => "the server",
    }
}

fn side_of(body: Body) -> Side {
    match body {
        Body::Left(0) => Side::Head(Vec::new()),
        body => Side::Body(body),
    }
}

/// A method or a version begins with a letter.
fn begins_as_http(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
}

/// A text; a character that was cut off with the end of a long one is left out.
fn text_of(bytes: &[u8], len: usize) -> String {
    let cut = match std::str::from_utf8(bytes) {
        Err(error) if len > bytes.len() && error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    };
    String::from_utf8_lossy(&bytes[..cut]).into_owned()
}
