//! Does a record's steps on server machines. The one thing taken from the record is what documents result in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use glimesh_proto::connect::{ConnectRequest, Credential, Refusal, Vsn};
use glimesh_proto::server::{Config, Event, Server};
use glimesh_proto::{ClientMessage, Close, Frame, Instant, Reply, Status, Transmit, names, v1};
use serde_json::Value;

use crate::compare::{Seen, What};

/// Why the core alone cannot answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NotOfTheCore {
    /// The answer depends on the request's method, version, headers or exact bytes.
    Http,
    /// The path belongs to the HTTP API.
    OtherPath,
    /// The credential has to be looked up.
    Credential,
    /// The answer depends on WebSocket frames or bytes on the wire.
    WebSocket,
    /// A document makes the channel crash, or is not answered.
    Document,
    /// A message is pushed to subscribers.
    Push,
}

impl fmt::Display for NotOfTheCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "need HTTP",
            Self::OtherPath => "are answered by the HTTP API",
            Self::Credential => "need the world to know the credential",
            Self::WebSocket => "need a WebSocket",
            Self::Document => "need GraphQL for a crash",
            Self::Push => "need the world for a push",
        })
    }
}

/// What the client sees; `Err` where that is not for the core to say.
pub(crate) fn play(record: &Value) -> Result<Vec<Seen>, NotOfTheCore> {
    let mut player = Player {
        record,
        world: world(),
        lines: BTreeMap::new(),
        answered: BTreeSet::new(),
        seen: Vec::new(),
    };
    let steps = list(record, "steps");
    for (index, step) in steps.iter().enumerate() {
        // What comes during a run of steps without waiting counts as the last one's.
        let waits = |step: &&Value| step["nowait"] != true;
        let shown = index + steps[index..].iter().take_while(|step| !waits(step)).count();
        player.act(shown.min(steps.len() - 1), step)?;
    }
    Ok(player.seen)
}

struct Player<'a> {
    record: &'a Value,
    world: Value,
    lines: BTreeMap<String, Line>,
    /// The recorded events that have served as a document's result.
    answered: BTreeSet<usize>,
    seen: Vec<Seen>,
}

struct Line {
    /// `None`: the upgrade was refused.
    server: Option<Server>,
    vsn: Vsn,
}

impl Player<'_> {
    fn act(&mut self, shown: usize, step: &Value) -> Result<(), NotOfTheCore> {
        let c = step["c"].as_str().unwrap_or_default();
        if step["op"] == "connect" {
            return self.connect(shown, c, step);
        }
        let Some(line) = self.lines.get_mut(c) else { return Err(NotOfTheCore::Http) };
        let Some(server) = &mut line.server else { return Ok(()) };
        if !server.is_open() {
            self.see(shown, c, What::NotSent);
            return Ok(());
        }
        let is_whole = step["fin"] != false && step["rsv"].is_null() && step["masked"] != false;
        match (step["op"].as_str(), step["opcode"].as_u64()) {
            (Some("text"), _) => self.hear(shown, c, &self.filled(&text_of(&step["data"]))),
            (Some("frame"), Some(1)) if is_whole => {
                let text = String::from_utf8(bytes_of(step));
                let text = text.map_err(|_| NotOfTheCore::WebSocket)?;
                self.hear(shown, c, &text)
            }
            (Some("frame"), Some(2)) if is_whole => {
                server.handle_binary(Instant::ZERO, &bytes_of(step));
                self.serve(shown, c)
            }
            (Some("settle" | "sleep"), _) => Ok(()),
            _ => Err(NotOfTheCore::WebSocket),
        }
    }

    fn connect(&mut self, shown: usize, c: &str, step: &Value) -> Result<(), NotOfTheCore> {
        if ["raw_http", "method", "http", "headers"].iter().any(|name| !step[name].is_null()) {
            return Err(NotOfTheCore::Http);
        }
        let path = step["path"].as_str().unwrap_or(names::GRAPH_PATH);
        let target = match step["query"].as_str() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let (status, line) = match ConnectRequest::parse(&target) {
            Err(Refusal::UnknownPath { .. }) => return Err(NotOfTheCore::OtherPath),
            Err(refusal) => (refusal.status(), Line { server: None, vsn: Vsn::V2 }),
            Ok(request) if !self.knows(&request.credential) => {
                return Err(NotOfTheCore::Credential);
            }
            Ok(request) => {
                let server = Server::new(Config::phoenix(), Instant::ZERO);
                (101, Line { server: Some(server), vsn: request.vsn })
            }
        };
        self.see(shown, c, What::Http(status.into()));
        self.lines.insert(c.to_owned(), line);
        Ok(())
    }

    fn knows(&self, credential: &Credential) -> bool {
        match credential {
            Credential::Token(token) => !self.world["tokens"][token].is_null(),
            Credential::ClientId(id) => {
                list(&self.world, "clients").iter().any(|known| *known == id.to_lowercase())
            }
        }
    }

    fn hear(&mut self, shown: usize, c: &str, text: &str) -> Result<(), NotOfTheCore> {
        let Some(Line { server: Some(server), vsn }) = self.lines.get_mut(c) else { return Ok(()) };
        match vsn {
            Vsn::V2 => server.handle_text(Instant::ZERO, text),
            Vsn::V1 => match v1::decode(text) {
                Ok(frame) => server.handle_text(Instant::ZERO, &frame.encode()),
                Err(_) => server.close(Close::new(names::CLOSE_INTERNAL_ERROR)),
            },
        }
        self.serve(shown, c)
    }

    /// Answers as the machine says, and shows the client what is sent.
    fn serve(&mut self, shown: usize, c: &str) -> Result<(), NotOfTheCore> {
        loop {
            let Some(Line { server: Some(server), vsn }) = self.lines.get_mut(c) else {
                return Ok(());
            };
            if let Some(transmit) = server.poll_transmit() {
                let vsn = *vsn;
                self.show(shown, c, transmit, vsn);
                continue;
            }
            match server.poll_event() {
                None => return Ok(()),
                Some(Event::Received { frame, message }) => {
                    let answer = match server.correct_answer(&frame, &message) {
                        Some(answer) => answer,
                        None => self.result_of(c, &frame, &message)?,
                    };
                    if let Some(Line { server: Some(server), .. }) = self.lines.get_mut(c) {
                        server.reply(&frame, answer);
                    }
                }
                Some(Event::Violation { frame, violation }) => {
                    server.apply(frame.as_ref(), violation.consequence());
                }
                Some(Event::Dropped { .. } | Event::Closed(_)) => {}
            }
        }
    }

    fn show(&mut self, shown: usize, c: &str, transmit: Transmit, vsn: Vsn) {
        match transmit {
            Transmit::Text(text) => {
                let text = match vsn {
                    Vsn::V2 => text,
                    Vsn::V1 => v1::encode(&Frame::decode(&text).expect("the machine sends frames")),
                };
                self.see(shown, c, What::Text(text));
            }
            Transmit::Close(close) => {
                self.see(shown, c, What::Close(close.code.map(u64::from), close.reason));
                self.see(shown, c, What::Eof);
            }
        }
    }

    /// What a document resulted in, from the first recorded reply with its ref that has not served yet.
    fn result_of(
        &mut self,
        c: &str,
        doc: &Frame,
        message: &ClientMessage,
    ) -> Result<Reply, NotOfTheCore> {
        assert!(matches!(message, ClientMessage::Doc(_)), "the machine can answer {message:?}");
        for (index, event) in list(self.record, "events").iter().enumerate() {
            if event["c"] != c || event["k"] != "text" || self.answered.contains(&index) {
                continue;
            }
            let Ok(frame) = Frame::decode(event["data"].as_str().unwrap_or_default()) else {
                continue;
            };
            if frame.event == names::SUBSCRIPTION_DATA {
                return Err(NotOfTheCore::Push);
            }
            // A result is an object with one of these; other replies are the protocol's own.
            let response = &frame.payload["response"];
            let is_result = ["data", "errors", "subscriptionId"]
                .iter()
                .any(|name| response.get(name).is_some());
            if is_result && frame.event == names::PHX_REPLY && frame.msg_ref == doc.msg_ref {
                self.answered.insert(index);
                let is_ok = frame.payload["status"] == Status::Ok.as_str();
                let status = if is_ok { Status::Ok } else { Status::Error };
                return Ok(Reply { status, response: response.clone() });
            }
        }
        Err(NotOfTheCore::Document)
    }

    /// A text with the subscription's id that it asks for.
    fn filled(&self, text: &str) -> String {
        if !text.contains("<SUB:1>") {
            return text.to_owned();
        }
        let id = list(self.record, "events").iter().find_map(|event| {
            let frame = Frame::decode(event["data"].as_str()?).ok()?;
            Some(frame.payload["response"]["subscriptionId"].as_str()?.to_owned())
        });
        text.replace("<SUB:1>", &id.unwrap_or_default())
    }

    fn see(&mut self, step: usize, c: &str, what: What) {
        self.seen.push(Seen { step, connection: c.to_owned(), what });
    }
}

fn world() -> Value {
    let text = include_str!("../../../fixtures/world.json");
    serde_json::from_str(text).expect("the world is JSON")
}

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

/// A text, or its parts.
fn text_of(data: &Value) -> String {
    match data {
        Value::String(text) => text.clone(),
        _ => list(data, "parts").iter().map(part).collect(),
    }
}

fn part(part: &Value) -> String {
    match part {
        Value::String(text) => text.clone(),
        _ => {
            let times = part["times"].as_u64().and_then(|times| usize::try_from(times).ok());
            part["repeat"].as_str().unwrap_or_default().repeat(times.unwrap_or_default())
        }
    }
}

fn bytes_of(step: &Value) -> Vec<u8> {
    let Some(hex) = step["hex"].as_str() else { return text_of(&step["data"]).into_bytes() };
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("it is hexadecimal");
    (0..hex.len()).step_by(2).map(digits).collect()
}
