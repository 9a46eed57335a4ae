//! A scenario made of a transcript: the server does again what it did then.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use glimesh_proto::diagnostic::{Context, Reaction, diagnose};
use glimesh_proto::{ClientMessage, Frame, Instant, Ref, ServerMessage, Status, names};
use serde_json::Value;

use crate::deflate;
use crate::scenario::{Auth, Span};
use crate::transcript::{Entry, From, Transcript, What};

/// Writes a scenario file in which the server does what it did in a transcript: its messages, late, wrong and
/// missing answers, and ends, at the same times, and compression if it was agreed on. What it answered correctly needs
/// no line, and neither do heartbeats.
///
/// It is a skeleton: whoever knows what went wrong deletes the rest and says why in its first lines.
pub fn skeleton(transcript: &Transcript) -> String {
    let rate = transcript.header.clock.rate.max(1);
    let mut maker = Maker { rate, ..Maker::default() };
    maker.look_ahead(&transcript.entries);
    for entry in &transcript.entries {
        if maker.is_full() {
            maker.comment("The transcript goes on; a scenario has room for no more.");
            break;
        }
        maker.take(entry);
    }
    maker.text(transcript)
}

/// Answers that came later than this are late; quicker ones are the network's affair.
const LATE: Duration = Duration::from_secs(1);

/// Pauses that are shorter mean nothing.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);

/// How much longer than recorded a client may take for what it did.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most bytes of steps; a scenario file may have a mebibyte.
const MOST_BYTES: usize = 900 << 10;

/// How much of a text a comment shows, in characters.
const SHOWN: usize = 100;

/// What the real server's drop looks like: after so long without a heartbeat.
const SILENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Maker {
    rules: String,
    steps: String,
    rate: u32,
    /// When the last thing happened that the timeline knows of.
    last: Instant,
    /// How often each event has come, on all connections.
    counts: HashMap<String, u32>,
    /// Frames whose answers have not come.
    asked: HashMap<(u32, Option<Ref>), Asked>,
    connections: HashMap<u32, Connection>,
    /// Whether permessage-deflate was agreed on with some connection.
    deflates: bool,
    /// Whether a subscription was granted under a ref.
    granted: HashMap<(u32, Option<Ref>), bool>,
}

#[derive(Debug)]
struct Asked {
    event: String,
    nth: u32,
    at: Instant,
}

#[derive(Debug, Default)]
struct Connection {
    opened_at: Instant,
    last_beat: Option<Instant>,
    ended: bool,
    /// The client has said something for which the server closes the connection.
    provoked: bool,
    joined: bool,
    /// The client has left, or joined once more: the server closes the earlier channel by itself.
    closing: bool,
}

impl Maker {
    /// Looks ahead: under which refs subscriptions were granted.
    fn look_ahead(&mut self, entries: &[Entry]) {
        for entry in entries {
            let (Some(conn), Some(text)) = (entry.conn, entry.server_text()) else { continue };
            let Ok(frame) = Frame::decode(text) else { continue };
            if let Ok(ServerMessage::Reply(reply)) = ServerMessage::try_from(&frame) {
                // Some clients give all their frames the same ref.
                let granted = reply.response.get("subscriptionId").is_some();
                *self.granted.entry((conn, frame.msg_ref)).or_default() |= granted;
            }
        }
    }

    fn take(&mut self, entry: &Entry) {
        let Some(conn) = entry.conn else { return };
        match &entry.what {
            What::Upgrade { status: 101, extensions, .. } => {
                let mut agreed = extensions.iter().flat_map(|agreed| agreed.split(','));
                self.deflates |= agreed.any(|it| deflate::parameters(it).is_some());
                self.awaited("upgrade", entry.at);
                self.awaited("open", entry.at);
                let opened = Connection { opened_at: entry.at, ..Connection::default() };
                self.connections.insert(conn, opened);
            }
            What::Upgrade { path, status, .. } if path.ends_with("/websocket") => {
                self.awaited("upgrade", entry.at);
                self.comment(&format!("That one was answered with {status}."));
            }
            What::Text { from: From::Client, data, .. } => self.heard(conn, entry.at, data),
            What::Text { from: From::Server, data, .. } => self.said(conn, entry.at, data),
            // One that was cut off cannot be sent again.
            What::Binary { from: From::Server, hex, len } if hex.len() == len * 2 => {
                self.wait(entry.at);
                self.step(&format!("send_binary: {}", quoted(hex)));
            }
            What::Close { from: From::Server, code, reason } => {
                self.closed(conn, entry.at, *code, reason);
            }
            What::Close { from: From::Client, .. } | What::Eof { from: From::Client, .. } => {
                self.left(conn, entry.at);
            }
            What::Eof { from: From::Server, reset } => self.cut(conn, entry.at, *reset),
            _ => {}
        }
    }

    fn heard(&mut self, conn: u32, at: Instant, text: &str) {
        let Ok(frame) = Frame::decode(text) else { return self.malformed(conn, text) };
        let Ok(message) = ClientMessage::try_from(&frame) else {
            return self.malformed(conn, text);
        };
        let count = self.counts.entry(frame.event.to_string()).or_default();
        *count += 1;
        let asked = Asked { event: frame.event.to_string(), nth: *count, at };
        let key = (conn, frame.msg_ref);
        match message {
            ClientMessage::Join => {
                self.awaited("join", at);
            }
            ClientMessage::Doc(doc) => {
                let subscribes = doc.query.trim_start().starts_with("subscription");
                let is_subscribed = subscribes && self.granted.get(&key) == Some(&true);
                self.awaited(if is_subscribed { "subscribed" } else { "doc" }, at);
            }
            ClientMessage::Heartbeat => {
                self.connections.entry(conn).or_default().last_beat = Some(at);
            }
            ClientMessage::Unsubscribe(_) => self.comment("The client unsubscribed."),
            ClientMessage::Leave if frame.topic != names::CONTROL_TOPIC => {}
            ClientMessage::Leave => {
                let connection = self.connections.entry(conn).or_default();
                connection.closing = std::mem::take(&mut connection.joined);
                self.comment("The client left the channel.");
            }
        }
        self.asked.insert(key, asked);
    }

    fn malformed(&mut self, conn: u32, text: &str) {
        let found = diagnose(text, &Context::default());
        let Some(worst) = found.first() else { return };
        let (id, reaction) = (worst.code.id, worst.reaction);
        if matches!(reaction, Reaction::Closes(_)) {
            self.connections.entry(conn).or_default().provoked = true;
        }
        self.comment(&format!("The client sent {}: {id}, {}.", shown(text), worst.message));
        self.comment(&format!("The server by itself {reaction}."));
    }

    fn said(&mut self, conn: u32, at: Instant, text: &str) {
        let frame = Frame::decode(text).ok();
        let message = frame.as_ref().and_then(|frame| ServerMessage::try_from(frame).ok());
        match (frame, message) {
            (Some(frame), Some(ServerMessage::Reply(reply))) => {
                let Some(asked) = self.asked.remove(&(conn, frame.msg_ref)) else { return };
                if asked.event == names::PHX_JOIN && reply.status == Status::Ok {
                    let connection = self.connections.entry(conn).or_default();
                    // The channel of the join before is closed behind this reply.
                    connection.closing = std::mem::replace(&mut connection.joined, true);
                }
                self.answered(&asked, at, reply.status, &reply.response);
            }
            (_, Some(ServerMessage::Data { result, .. })) => self.data(at, text, &result),
            (Some(frame), Some(ServerMessage::Error | ServerMessage::Close))
                if is_end_of_channel(&frame) =>
            {
                self.channel_ended(conn, at, &frame.event);
            }
            _ => {
                self.wait(at);
                self.step(&format!("send: {}", quoted(text)));
            }
        }
    }

    fn channel_ended(&mut self, conn: u32, at: Instant, event: &str) {
        let connection = self.connections.entry(conn).or_default();
        if event == names::PHX_CLOSE && std::mem::take(&mut connection.closing) {
            return;
        }
        connection.joined = false;
        self.wait(at);
        self.step(event);
    }

    /// A late answer is a rule, and so is a wrong one.
    fn answered(&mut self, asked: &Asked, at: Instant, status: Status, response: &Value) {
        let Asked { event, nth, at: asked_at } = asked;
        let late = at.since_start().saturating_sub(asked_at.since_start());
        if status == Status::Error {
            let deed = format!("reply: {{status: error, response: {response}}}");
            self.rule(event, *nth, &deed);
        } else if late >= LATE {
            self.rule(event, *nth, &format!("delay: {}", span(late)));
        }
    }

    fn data(&mut self, at: Instant, text: &str, result: &Value) {
        self.wait(at);
        let message = &result["data"]["chatMessage"]["message"];
        match message.as_str() {
            Some(message) => {
                let by = result["data"]["chatMessage"]["user"]["username"].as_str();
                if let Some(by) = by {
                    self.comment(&format!("Said by {}.", shown(by)));
                }
                // A number in braces would be counted up.
                let message = message.replace("{n}", "{ n }");
                self.step(&format!("say: {{text: {}}}", quoted(&message)));
            }
            None => {
                self.comment("The subscription's id is the recorded one.");
                self.step(&format!("send: {}", quoted(text)));
            }
        }
    }

    fn closed(&mut self, conn: u32, at: Instant, code: Option<u16>, reason: &str) {
        let connection = self.connections.entry(conn).or_default();
        if std::mem::replace(&mut connection.ended, true) {
            return;
        }
        let beat = connection.last_beat.unwrap_or(connection.opened_at);
        let silent = at.since_start().saturating_sub(beat.since_start()) * self.rate;
        let provoked = connection.provoked;
        if code == Some(names::CLOSE_NORMAL) && reason.is_empty() && silent >= SILENCE {
            let seconds = silent.as_secs();
            self.comment(&format!(
                "Dropped: no heartbeat for {seconds} s. The server does so by itself."
            ));
            return self.awaited("end", at);
        }
        if provoked && code == Some(names::CLOSE_INTERNAL_ERROR) {
            return self.awaited("end", at);
        }
        self.never_answered(conn, at);
        self.wait(at);
        match code {
            Some(code) => {
                self.step(&format!("close: {{code: {code}, reason: {}}}", quoted(reason)));
            }
            None => {
                self.comment("It was closed without a code.");
                self.step("close: {}");
            }
        }
    }

    fn cut(&mut self, conn: u32, at: Instant, reset: bool) {
        let connection = self.connections.entry(conn).or_default();
        if std::mem::replace(&mut connection.ended, true) {
            return;
        }
        self.never_answered(conn, at);
        self.wait(at);
        self.step(if reset { "reset" } else { "cut" });
    }

    fn left(&mut self, conn: u32, at: Instant) {
        let connection = self.connections.entry(conn).or_default();
        let was_open = connection.opened_at > Instant::ZERO;
        if std::mem::replace(&mut connection.ended, true) || !was_open {
            return;
        }
        self.never_answered(conn, at);
        self.comment("The client ended the connection.");
        self.awaited("end", at);
    }

    /// What was asked long before the end of a connection and not answered, is not answered again.
    fn never_answered(&mut self, conn: u32, at: Instant) {
        let long_ago =
            |asked: &Asked| at.since_start().saturating_sub(asked.at.since_start()) >= LATE;
        let mut ignored: Vec<(String, u32)> = Vec::new();
        self.asked.retain(|(of, _), asked| {
            if *of == conn && long_ago(asked) {
                ignored.push((asked.event.clone(), asked.nth));
            }
            *of != conn
        });
        ignored.sort();
        for (event, nth) in ignored {
            self.rule(&event, nth, "ignore: true");
        }
    }

    fn rule(&mut self, event: &str, nth: u32, deed: &str) {
        let event = quoted(event);
        // Writing to a string cannot fail.
        let _ = writeln!(self.rules, "  - {{on: {{event: {event}, nth: {nth}}}, {deed}}}");
    }

    fn awaited(&mut self, what: &str, at: Instant) {
        let took = at.since_start().saturating_sub(self.last.since_start());
        let within = Duration::from_secs((took * 2 + PATIENCE).as_secs()).min(Span::LONGEST);
        self.step(&format!("await: {{what: {what}, within: {}}}", Span(within)));
        self.last = at;
    }

    /// The client's seconds since the last thing that happened.
    fn wait(&mut self, at: Instant) {
        let gap = at.since_start().saturating_sub(self.last.since_start());
        if gap >= SHORTEST_WAIT {
            self.step(&format!("wait: {}", span(gap.saturating_mul(self.rate))));
        }
        self.last = at;
    }

    fn step(&mut self, step: &str) {
        let _ = writeln!(self.steps, "  - {step}");
    }

    fn comment(&mut self, comment: &str) {
        let _ = writeln!(self.steps, "  # {comment}");
    }

    fn is_full(&self) -> bool {
        self.steps.len() + self.rules.len() > MOST_BYTES
    }

    fn text(mut self, transcript: &Transcript) -> String {
        let at = transcript.entries.last().map_or(Instant::ZERO, |entry| entry.at);
        let conns: Vec<u32> = self.connections.keys().copied().collect();
        for conn in conns {
            self.never_answered(conn, at);
        }
        let title = format!("What the server did in the session {}", transcript.header.session);
        let mut text = format!("title: {}\n", quoted(&title));
        text.push_str(
            "why: Made from a transcript. Say here what it shows, and delete the rest.\n",
        );
        if transcript.header.given.auth == Auth::ClientId.as_str() {
            text.push_str("credential: client_id\n");
        }
        if self.deflates {
            text.push_str("settings: {deflate.accepted: true}\n");
        }
        if !self.rules.is_empty() {
            let _ = write!(text, "rules:\n{}", self.rules);
        }
        let _ = write!(text, "timeline:\n{}  - end\n", self.steps);
        text
    }
}

/// Whether `phx_error` or `phx_close` is what the server says by itself: with an empty payload, on the control topic.
fn is_end_of_channel(frame: &Frame) -> bool {
    frame.topic == names::CONTROL_TOPIC && frame.payload.to_string() == "{}"
}

/// A text in double quotes; what JSON escapes, YAML escapes in the same way.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // What is not printable to YAML, or would end its line.
            c if c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c if matches!(u32::from(c), 0xfffe | 0xffff) => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A text for a comment: on one line, and not too long.
fn shown(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() { format!("{cut:?}…") } else { format!("{cut:?}") }
}

fn span(time: Duration) -> String {
    Span(Duration::from_millis(time.min(Span::LONGEST).as_millis() as u64)).to_string()
}
