//! The reference client as an adapter: asked over standard input, it answers and tells over standard output.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::io::{self, Write as _};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use glimesh_mock::Trust;
use glimesh_proto::client::{Client, Config, Event};
use glimesh_proto::{Doc, Frame, Instant, Ref, Reply, Status, SubscriptionId, Transmit, names};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::dial::{Socket, dial};
use super::driver_manner::DriverManner as How;
use super::surroundings::Surroundings;
use super::{Args, Settings};
use crate::driver::{Op, PREFIX, PROTOCOL, Request};

/// How long the other side may take to end the connection after a close frame.
const FAREWELL: Duration = Duration::from_secs(1);

/// How often a defect sends again what was refused.
const OFTEN: u32 = 20;

/// What this adapter can be asked.
const OPS: [&str; 8] =
    ["connect", "join", "subscribe", "send_chat", "query", "unsubscribe", "disconnect", "state"];

/// The fields of a message that this client knows.
const KNOWN: [&str; 2] = ["message", "user"];

/// Answers requests until `bye`, the end of standard input, or SIGTERM; returns the exit status.
pub(super) async fn run(how: Option<How>, trust: Option<Trust>, args: &Args) -> u8 {
    let config = Config {
        heartbeat_every: Duration::from_millis(args.heartbeat_ms),
        reply_within: Duration::from_millis(args.reply_ms),
    };
    let mut adapter = Adapter {
        how,
        settings: Settings::new(args.clone(), trust, Surroundings::world()),
        config,
        link: None,
        requests: requests(),
        held: Vec::new(),
    };
    let ended = tokio::select! {
        () = adapter.serve() => Ok(()),
        stopped = crate::client::asked_to_stop() => stopped,
    };
    adapter.leave().await;
    u8::from(ended.is_err())
}

/// The lines of standard input. A thread reads them: nothing else can be given up in the middle of a read.
fn requests() -> mpsc::Receiver<String> {
    const WAITING: usize = 16;
    let (sender, requests) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    requests
}

struct Adapter {
    how: Option<How>,
    settings: Settings,
    config: Config,
    link: Option<Link>,
    requests: mpsc::Receiver<String>,
    /// Messages that are not told yet, as one defect has it.
    held: Vec<Value>,
}

/// One open connection.
struct Link {
    conn: String,
    socket: Socket,
    client: Client,
    opened: tokio::time::Instant,
    /// The request that waits for the join.
    joining: Option<u64>,
    waiting: VecDeque<(Ref, Waiting)>,
    /// Documents that are held back while another one waits.
    queue: VecDeque<(Doc, Waiting)>,
    /// Names by subscription id.
    subs: HashMap<SubscriptionId, String>,
    /// The answers to queries, as one defect keeps them.
    newest: Option<Value>,
    /// A query that goes out with an event of its own, as one defect has it.
    by_event: Option<String>,
    told: HashMap<String, u64>,
    deaf: bool,
    /// How often a refused post was sent again, as one defect has it.
    repeated: u32,
}

/// A request that waits for a frame's reply.
#[derive(Clone, Debug)]
enum Waiting {
    Subscription { id: u64, sub: String },
    Post { id: u64, doc: Doc },
    Query { id: u64 },
    End { id: u64 },
}

impl Adapter {
    fn is(&self, how: How) -> bool {
        self.how == Some(how)
    }

    async fn serve(&mut self) {
        loop {
            tokio::select! {
                line = self.requests.recv() => {
                    let Some(line) = line else { return };
                    let Some(text) = line.strip_prefix(PREFIX) else { continue };
                    match serde_json::from_str::<Request>(text) {
                        Ok(Request { id, op: Op::Bye }) => {
                            self.leave().await;
                            return ok(id, json!({}));
                        }
                        Ok(request) => self.fulfil(request).await,
                        Err(_) => unknown(text),
                    }
                }
                alive = wire(self.link.as_mut()) => match alive {
                    Some(event) => self.hear(event),
                    None => self.lose(),
                },
            }
            self.flush().await;
        }
    }

    async fn fulfil(&mut self, Request { id, op }: Request) {
        if self.is(How::Chatty) {
            print("busy: one more request");
        }
        match op {
            Op::Hello { .. } => {
                let client = json!({"name": "reference", "version": env!("CARGO_PKG_VERSION"), "language": "rust"});
                let facts = json!({"reconnects": false, "heartbeat_ms": self.config.heartbeat_every.as_millis() as u64});
                ok(id, json!({"protocol": PROTOCOL, "client": client, "ops": OPS, "facts": facts}));
            }
            Op::Connect { conn, url, .. } => {
                match dial(&Settings { url, ..self.settings.clone() }).await {
                    Ok(socket) => {
                        self.link = Some(Link::new(conn, socket, self.config));
                        ok(id, json!({}));
                    }
                    Err(error) => failed(id, "transport", &error.to_string(), json!({})),
                }
            }
            Op::Expect { .. } | Op::Bye => unsupported(id, "this adapter only tells"),
            Op::Disconnect { .. } => {
                self.leave().await;
                ok(id, json!({}));
            }
            Op::State { .. } => {
                let state = if self.link.is_some() { "open" } else { "closed" };
                ok(id, json!({"state": state}));
            }
            op => self.push(id, op),
        }
    }

    /// What needs an open connection.
    fn push(&mut self, id: u64, op: Op) {
        let how = self.how;
        let Some(link) = &mut self.link else {
            return failed(id, "closed", "there is no connection", json!({}));
        };
        let now = link.now();
        match op {
            Op::Join { .. } => {
                link.joining = Some(id);
                if link.client.join(now).is_err() {
                    failed(id, "usage", "it is joined already", json!({}));
                }
            }
            Op::Subscribe { sub, channel_id, .. } => {
                if how == Some(How::ReadsOnly) && !link.subs.is_empty() {
                    return unsupported(id, "one channel only");
                }
                let mut doc = Doc::new(
                    "subscription($channelId: ID) { chatMessage(channelId: $channelId) { message user { username } } }",
                );
                doc.variables.insert("channelId".to_owned(), Value::from(channel_id));
                link.ask(how, doc, Waiting::Subscription { id, sub });
            }
            Op::SendChat { channel_id, text, .. } => match how {
                Some(How::ClaimsToPost) => ok(id, json!({})),
                Some(How::ReadsOnly) => unsupported(id, "this client only reads"),
                _ => {
                    let doc = mutation(how, channel_id, text);
                    link.ask(how, doc.clone(), Waiting::Post { id, doc });
                    if how == Some(How::ConfirmsAtOnce) {
                        ok(id, json!({}));
                    }
                }
            },
            Op::Query { document, variables, .. } => match how {
                Some(How::ReadsOnly) => unsupported(id, "this client only reads"),
                Some(How::QueriesByEvent) => {
                    link.by_event = Some(document);
                    failed(id, "timeout", "no reply", json!({}));
                }
                _ => {
                    let doc = Doc { query: document, variables };
                    link.ask(how, doc, Waiting::Query { id });
                }
            },
            Op::Unsubscribe { sub, .. } => {
                let known = link.subs.iter().find(|(_, name)| **name == sub);
                let Some((subscription_id, _)) = known else {
                    return failed(id, "usage", "there is no such subscription", json!({}));
                };
                match how {
                    Some(How::NeverUnsubscribes) => ok(id, json!({})),
                    Some(How::ReadsOnly) => unsupported(id, "it ends with the connection"),
                    _ => match link.client.unsubscribe(now, &subscription_id.clone()) {
                        Ok(sent) => link.waiting.push_back((sent, Waiting::End { id })),
                        Err(error) => failed(id, "usage", &error.to_string(), json!({})),
                    },
                }
            }
            _ => unsupported(id, "this adapter does not know it"),
        }
    }

    fn hear(&mut self, event: Heard) {
        let Some(link) = &mut self.link else { return };
        let now = link.now();
        match event {
            Heard::Text(text) if self.how == Some(How::TellsEverything) => {
                link.client.handle_text(now, &text);
                if let Some((id, result)) = foreign(link, &text) {
                    self.tell(&id, &result);
                }
            }
            Heard::Text(text) => link.client.handle_text(now, &text),
            Heard::Due => link.client.handle_timeout(now),
            Heard::Else => {}
        }
    }

    /// Sends and tells what there is.
    async fn flush(&mut self) {
        loop {
            let Some(link) = &mut self.link else { return };
            while let Some(transmit) = link.client.poll_transmit() {
                let Transmit::Text(text) = transmit else { continue };
                if link.socket.send(Message::text(text)).await.is_err() {
                    return self.lose();
                }
            }
            if let Some(document) = link.by_event.take() {
                let frame = Frame::push(
                    None,
                    Some(Ref::text("query")),
                    names::CONTROL_TOPIC,
                    "query",
                    json!({"query": document}),
                );
                if link.socket.send(Message::text(frame.encode())).await.is_err() {
                    return self.lose();
                }
            }
            let Some(event) = link.client.poll_event() else { return };
            self.react(event);
        }
    }

    fn react(&mut self, event: Event) {
        let how = self.how;
        let Some(link) = &mut self.link else { return };
        match event {
            Event::Joined => {
                if let Some(id) = link.joining.take() {
                    ok(id, json!({}));
                }
            }
            Event::Subscribed { msg_ref, subscription_id } => {
                if let Some(Waiting::Subscription { id, sub }) = link.take(how, &msg_ref) {
                    ok(id, json!({"subscription_id": subscription_id.0}));
                    link.subs.insert(subscription_id, sub);
                }
            }
            Event::Unsubscribed { msg_ref, .. } => {
                if let Some(Waiting::End { id }) = link.take(how, &msg_ref) {
                    ok(id, json!({}));
                }
            }
            Event::Replied { msg_ref, reply } => {
                if let Some(waiting) = link.take(how, &msg_ref) {
                    link.answer(how, waiting, &reply);
                } else if let Some(id) = link.joining.take() {
                    failed(id, "server", "the join was refused", reply.response);
                }
            }
            Event::Unanswered { msg_ref } => {
                let waiting = link.take(how, &msg_ref).map(|waiting| waiting.id());
                if let Some(id) = waiting.or_else(|| link.joining.take()) {
                    failed(id, "timeout", "no reply", json!({}));
                }
            }
            Event::Data { subscription_id, result } => self.tell(&subscription_id, &result),
            Event::HeartbeatMissed { .. } | Event::Closed(_) => self.lose(),
            Event::HeartbeatAnswered
            | Event::ChannelCrashed
            | Event::ChannelClosed
            | Event::Stale(_)
            | Event::Violation(_) => {}
        }
    }

    /// Tells of a message.
    fn tell(&mut self, subscription_id: &SubscriptionId, result: &Value) {
        let Some(link) = &mut self.link else { return };
        let first = || link.subs.values().min().cloned();
        let sub = match self.how {
            Some(How::TellsNothing) => None,
            Some(How::OneForAll) => first(),
            Some(How::TellsEverything) => link.subs.get(subscription_id).cloned().or_else(first),
            _ => link.subs.get(subscription_id).cloned(),
        };
        let Some(sub) = sub else { return };
        let Some(data) = result["data"]["chatMessage"].as_object() else {
            link.deaf |= self.how == Some(How::SilentAfterErrors);
            let message = result["errors"].to_string();
            return say(
                &json!({"event": "error", "conn": link.conn, "kind": "server", "message": message}),
            );
        };
        let is_known = |name: &String| KNOWN.contains(&name.as_str());
        let drops = self.how == Some(How::DropsUnknownFields) && !data.keys().all(is_known);
        if link.deaf || drops {
            return;
        }
        let mut data = data.clone();
        if let (Some(How::ReadsBytes), Some(text)) = (self.how, data["message"].as_str()) {
            let text: String = text.bytes().map(char::from).collect();
            data.insert("message".to_owned(), Value::from(text));
        }
        let n = link.told.entry(sub.clone()).or_default();
        *n += 1;
        let event = json!({"event": "chat", "conn": link.conn, "sub": sub, "n": *n, "data": data});
        if self.how != Some(How::NewestFirst) {
            return say(&event);
        }
        self.held.push(event);
        if self.held.len() == 2 {
            self.held.drain(..).rev().for_each(|event| say(&event));
        }
    }

    /// The connection is gone.
    fn lose(&mut self) {
        let Some(link) = self.link.take() else { return };
        for id in link.waiting.iter().map(|(_, waiting)| waiting.id()).chain(link.joining) {
            failed(id, "closed", "the connection is gone", json!({}));
        }
        say(&json!({"event": "closed", "conn": link.conn, "clean": false, "will_retry": false}));
    }

    async fn leave(&mut self) {
        let Some(mut link) = self.link.take() else { return };
        // What fails now fails because the connection is gone already.
        let _ = timeout(FAREWELL, async {
            let _ = link.socket.close(None).await;
            while let Some(Ok(_)) = link.socket.next().await {}
        })
        .await;
    }
}

impl Waiting {
    const fn id(&self) -> u64 {
        match self {
            Self::Subscription { id, .. }
            | Self::Post { id, .. }
            | Self::Query { id }
            | Self::End { id } => *id,
        }
    }
}

impl Link {
    fn new(conn: String, socket: Socket, config: Config) -> Self {
        Self {
            conn,
            socket,
            client: Client::new(config, Instant::ZERO),
            opened: tokio::time::Instant::now(),
            joining: None,
            waiting: VecDeque::new(),
            queue: VecDeque::new(),
            subs: HashMap::new(),
            newest: None,
            by_event: None,
            told: HashMap::new(),
            deaf: false,
            repeated: 0,
        }
    }

    fn now(&self) -> Instant {
        self.opened.elapsed().into()
    }

    fn ask(&mut self, how: Option<How>, doc: Doc, waiting: Waiting) {
        if how == Some(How::OneAtATime) && !self.waiting.is_empty() {
            self.queue.push_back((doc, waiting));
            return;
        }
        match self.client.send_doc(self.now(), &doc) {
            Ok(sent) => self.waiting.push_back((sent, waiting)),
            Err(error) => failed(waiting.id(), "usage", &error.to_string(), json!({})),
        }
    }

    /// Whose reply it is.
    fn take(&mut self, how: Option<How>, msg_ref: &Ref) -> Option<Waiting> {
        let at = match how {
            Some(How::FirstInFirstOut) => 0,
            _ => self.waiting.iter().position(|(sent, _)| sent == msg_ref)?,
        };
        let taken = self.waiting.remove(at).map(|(_, waiting)| waiting);
        if let Some((doc, waiting)) = self.queue.pop_front() {
            self.ask(how, doc, waiting);
        }
        taken
    }

    fn answer(&mut self, how: Option<How>, waiting: Waiting, reply: &Reply) {
        let refused = reply.status == Status::Error || reply.response.get("errors").is_some();
        let response = reply.response.clone();
        match waiting {
            Waiting::Post { id, doc } if refused => match how {
                Some(How::HidesRefusals) => ok(id, json!({})),
                Some(How::ConfirmsAtOnce) => {}
                Some(How::RepeatsRefused) if self.repeated < OFTEN => {
                    self.repeated += 1;
                    self.ask(how, doc.clone(), Waiting::Post { id, doc });
                }
                _ => failed(id, "server", "refused", response),
            },
            Waiting::Post { id, .. } => {
                if how != Some(How::ConfirmsAtOnce) {
                    ok(id, json!({}));
                }
            }
            Waiting::Query { id } if refused && how != Some(How::HidesErrors) => {
                failed(id, "server", "refused", response);
            }
            Waiting::Query { id } if how == Some(How::HidesErrors) => {
                ok(id, json!({"data": response["data"]}));
            }
            Waiting::Query { id } if how == Some(How::SwapsAnswers) => {
                let before = self.newest.replace(response.clone());
                ok(id, before.unwrap_or(response));
            }
            Waiting::Query { id } => ok(id, response),
            Waiting::Subscription { id, .. } | Waiting::End { id } => {
                failed(id, "server", "refused", response);
            }
        }
    }
}

fn mutation(how: Option<How>, channel_id: String, text: String) -> Doc {
    let text = match how {
        Some(How::StripsQuotes) => text.replace('"', ""),
        Some(How::CutsLongTexts) => {
            text.char_indices().filter(|(at, _)| *at < 100).map(|(_, c)| c).collect()
        }
        _ => text,
    };
    let channel_id = if how == Some(How::PostsElsewhere) { "10".to_owned() } else { channel_id };
    let quoted = match how {
        Some(How::Inline) => Some(Value::from(text.as_str()).to_string()),
        Some(How::PastesText) => Some(format!("\"{text}\"")),
        _ => None,
    };
    if let Some(quoted) = quoted {
        return Doc::new(format!(
            "mutation {{ createChatMessage(channelId: {channel_id}, message: {{message: {quoted}}}) {{ message }} }}"
        ));
    }
    let mut doc = Doc::new(
        "mutation($channelId: ID!, $message: ChatMessageInput!) { createChatMessage(channelId: $channelId, message: $message) { message } }",
    );
    doc.variables.insert("channelId".to_owned(), Value::from(channel_id));
    doc.variables.insert("message".to_owned(), json!({"message": text}));
    doc
}

/// The push of a subscription that the client has not.
fn foreign(link: &Link, text: &str) -> Option<(SubscriptionId, Value)> {
    let frame = Frame::decode(text).ok().filter(|it| it.event == names::SUBSCRIPTION_DATA)?;
    let id = SubscriptionId(frame.payload["subscriptionId"].as_str()?.to_owned());
    let is_own = link.subs.contains_key(&id);
    (!is_own).then(|| (id, frame.payload["result"].clone()))
}

/// What happens on the wire.
enum Heard {
    Text(String),
    Due,
    Else,
}

/// The next thing that happens on the wire; `None` at its end.
async fn wire(link: Option<&mut Link>) -> Option<Heard> {
    let Some(link) = link else { return pending().await };
    let wake_at = link.client.poll_timeout().map(|at| link.opened + at.since_start());
    let due = async {
        match wake_at {
            Some(at) => sleep_until(at).await,
            None => pending().await,
        }
    };
    tokio::select! {
        biased;
        message = link.socket.next() => match message {
            Some(Ok(Message::Text(text))) => Some(Heard::Text(text.to_string())),
            Some(Ok(Message::Close(_)) | Err(_)) | None => None,
            Some(Ok(_)) => Some(Heard::Else),
        },
        () = due => Some(Heard::Due),
    }
}

fn ok(id: u64, ok: Value) {
    let ok = if ok.is_object() { ok } else { Value::Object(Map::new()) };
    say(&json!({"id": id, "ok": ok}));
}

fn failed(id: u64, kind: &str, message: &str, detail: Value) {
    let detail = if detail.is_object() { detail } else { json!({}) };
    say(&json!({"id": id, "error": {"kind": kind, "message": message, "detail": detail}}));
}

fn unsupported(id: u64, why: &str) {
    say(&json!({"id": id, "unsupported": why}));
}

/// A request of a later version of the protocol.
fn unknown(text: &str) {
    let request: Value = serde_json::from_str(text).unwrap_or_default();
    if let Some(id) = request["id"].as_u64() {
        unsupported(id, "this adapter does not know it");
    }
}

fn say(line: &Value) {
    print(&format!("{PREFIX}{line}"));
}

fn print(line: &str) {
    let mut out = io::stdout().lock();
    // Nobody may be reading; then standard input ends, too.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
