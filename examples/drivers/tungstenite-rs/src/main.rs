// Drives a chat client on tokio-tungstenite for the conformance kit.
//
// Requests come in on standard input, one JSON object a line; replies and events go out on standard output. The
// protocol: ../README.md. Everything that happens goes through one queue, which one task empties.

use std::collections::HashMap;
use std::io::{self, BufRead as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

const PREFIX: &str = "@gck ";
const CONTROL: &str = "__absinthe__:control";
const HEARTBEAT_MS: u64 = 25_000;
/// How long an answer of the server may take.
const PATIENCE: Duration = Duration::from_secs(10);
const OPS: [&str; 9] = [
    "connect",
    "join",
    "subscribe",
    "unsubscribe",
    "send_chat",
    "query",
    "expect",
    "disconnect",
    "state",
];

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}
type Socket = WebSocketStream<Box<dyn Stream>>;

/// Something happened.
enum Input {
    Request(Value),
    NoMoreRequests,
    Opened { conn: String, id: u64, sink: Result<SplitSink<Socket, Message>, Failure> },
    Text { conn: String, text: String },
    Ended { conn: String, close: Option<CloseFrame> },
    BeatIsDue { conn: String },
    Late { conn: String, id: u64 },
}

/// Why a request failed; the kind is one of the protocol's.
struct Failure {
    kind: &'static str,
    message: String,
    detail: Value,
}

/// What a request is answered with; `None` stands for an answer that comes later.
type Answer = Result<Option<Value>, Failure>;

struct Driver {
    inputs: UnboundedSender<Input>,
    connections: HashMap<String, Connection>,
}

/// One connection, from its opening to its end. This client does not come back by itself.
struct Connection {
    name: String,
    state: &'static str,
    sink: Option<SplitSink<Socket, Message>>,
    last_ref: u64,
    join_ref: Option<String>,
    /// By ref, the pushes that wait for a reply.
    pushes: HashMap<String, Push>,
    /// By their ids on the wire, the kit's names and how many messages came.
    subscriptions: HashMap<String, (String, u64)>,
    /// How many events of each name since the last `expect`.
    told: HashMap<String, u64>,
    expecting: Vec<Expected>,
    /// Requests to disconnect.
    leaving: Vec<u64>,
}

/// A frame that waits for its reply, and the request that it answers; heartbeats answer none.
struct Push {
    id: Option<u64>,
    then: Then,
}

enum Then {
    Nothing,
    Joined,
    Subscribed(String),
    Posted,
    Answered,
    Unsubscribed(String),
}

struct Expected {
    id: u64,
    event: String,
    count: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (inputs, mut queue) = unbounded_channel();
    let requests = inputs.clone();
    std::thread::spawn(move || read_requests(&requests));
    let mut driver = Driver { inputs, connections: HashMap::new() };
    while let Some(input) = queue.recv().await {
        match input {
            Input::Request(request) => {
                let is_last = request["op"] == "bye";
                driver.answer(&request).await;
                if is_last {
                    return;
                }
            }
            Input::NoMoreRequests => return,
            input => driver.take(input).await,
        }
    }
}

fn read_requests(inputs: &UnboundedSender<Input>) {
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let Some(json) = line.strip_prefix(PREFIX) else { continue };
        match serde_json::from_str(json) {
            Ok(request) => _ = inputs.send(Input::Request(request)),
            Err(error) => eprintln!("not a request: {error}: {line}"),
        }
    }
    _ = inputs.send(Input::NoMoreRequests);
}

/// A line for the kit. Without the flush it would wait in a buffer.
fn say(line: &Value) {
    let mut out = io::stdout().lock();
    // An error means that the kit is gone; then standard input ends, too.
    _ = writeln!(out, "{PREFIX}{line}").and_then(|()| out.flush());
}

fn say_answer(id: u64, answer: Result<Value, Failure>) {
    say(&match answer {
        Ok(ok) => json!({"id": id, "ok": ok}),
        Err(Failure { kind, message, detail }) => {
            json!({"id": id, "error": {"kind": kind, "message": message, "detail": detail}})
        }
    });
}

impl Driver {
    async fn answer(&mut self, request: &Value) {
        let Some(id) = request["id"].as_u64() else { return };
        let answer = match request["op"].as_str() {
            Some("hello") => Ok(Some(json!({
                "protocol": 1,
                "client": {"name": "tokio-tungstenite", "version": "0.30", "language": "rust"},
                "ops": OPS,
                "facts": {"reconnects": false, "heartbeat_ms": HEARTBEAT_MS, "raw_events": true},
            }))),
            Some("bye") => {
                for connection in self.connections.values_mut() {
                    connection.close().await;
                }
                Ok(Some(json!({})))
            }
            Some("connect") => self.connect(id, request),
            Some(op) if OPS.contains(&op) => {
                match self.connections.get_mut(text(request, "conn")) {
                    Some(connection) => connection.act(op, id, request, &self.inputs).await,
                    None => Err(usage(format!("there is no connection {}", request["conn"]))),
                }
            }
            _ => {
                return say(
                    &json!({"id": id, "unsupported": format!("no {} here", request["op"])}),
                );
            }
        };
        if let Some(answer) = answer.transpose() {
            say_answer(id, answer);
        }
    }

    fn connect(&mut self, id: u64, request: &Value) -> Answer {
        let conn = text(request, "conn").to_owned();
        let url = text(request, "url").to_owned();
        let ca_file = request["ca_file"].as_str().map(str::to_owned);
        let heartbeat = request["options"]["heartbeat_ms"].as_u64().unwrap_or(HEARTBEAT_MS);
        let heartbeat = Duration::from_millis(heartbeat);
        let mut connection = Connection::new(&conn);
        connection.set_state("connecting");
        self.connections.insert(conn.clone(), connection);
        let inputs = self.inputs.clone();
        tokio::spawn(async move {
            let socket = timeout(PATIENCE, open(&url, ca_file)).await;
            match socket.unwrap_or_else(|_| Err(failure("timeout", "no answer"))) {
                Ok(socket) => {
                    let (sink, stream) = socket.split();
                    _ = inputs.send(Input::Opened { conn: conn.clone(), id, sink: Ok(sink) });
                    read_socket(conn, stream, heartbeat, inputs).await;
                }
                Err(why) => _ = inputs.send(Input::Opened { conn, id, sink: Err(why) }),
            }
        });
        Ok(None)
    }

    async fn take(&mut self, input: Input) {
        let (Input::Opened { conn, .. }
        | Input::Text { conn, .. }
        | Input::Ended { conn, .. }
        | Input::BeatIsDue { conn }
        | Input::Late { conn, .. }) = &input
        else {
            return;
        };
        let Some(connection) = self.connections.get_mut(conn) else { return };
        match input {
            Input::Opened { id, sink: Ok(sink), .. } => {
                connection.sink = Some(sink);
                connection.set_state("open");
                say_answer(id, Ok(json!({})));
            }
            Input::Opened { id, sink: Err(why), .. } => {
                connection.set_state("closed");
                say_answer(id, Err(why));
            }
            Input::Text { text, .. } => connection.received(&text),
            Input::Ended { close, .. } => connection.ended(close),
            Input::BeatIsDue { .. } if connection.sink.is_some() => {
                let push = Push { id: None, then: Then::Nothing };
                connection.push("phoenix", "heartbeat", json!({}), push).await;
            }
            Input::Late { id, .. } => connection.late(id),
            _ => {}
        }
    }
}

/// Everything that comes from one socket, and a beat now and then.
async fn read_socket(
    conn: String,
    mut stream: SplitStream<Socket>,
    heartbeat: Duration,
    inputs: UnboundedSender<Input>,
) {
    let mut beat = tokio::time::interval(heartbeat);
    beat.tick().await; // The first tick is at once.
    let mut close = None;
    loop {
        let conn = conn.clone();
        let input = tokio::select! {
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => Input::Text { conn, text: text.to_string() },
                Some(Ok(Message::Close(frame))) => {
                    // A close frame without a code is one, too.
                    let code = CloseCode::Status;
                    close = Some(frame.unwrap_or(CloseFrame { code, reason: "".into() }));
                    continue;
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => break,
            },
            _ = beat.tick() => Input::BeatIsDue { conn },
        };
        _ = inputs.send(input);
    }
    _ = inputs.send(Input::Ended { conn, close });
}

impl Connection {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: "closed",
            sink: None,
            last_ref: 0,
            join_ref: None,
            pushes: HashMap::new(),
            subscriptions: HashMap::new(),
            told: HashMap::new(),
            expecting: Vec::new(),
            leaving: Vec::new(),
        }
    }

    async fn act(
        &mut self,
        op: &str,
        id: u64,
        request: &Value,
        inputs: &UnboundedSender<Input>,
    ) -> Answer {
        let wait = |time: Duration| {
            let (conn, inputs) = (self.name.clone(), inputs.clone());
            tokio::spawn(async move {
                sleep(time).await;
                _ = inputs.send(Input::Late { conn, id });
            });
        };
        let channel_id = &request["channel_id"];
        let (event, payload, then) = match op {
            "state" => return Ok(Some(json!({"state": self.state}))),
            "disconnect" if self.sink.is_none() => return Ok(Some(json!({}))),
            "disconnect" => {
                self.leaving.push(id);
                self.close().await;
                return Ok(None);
            }
            "expect" => {
                wait(Duration::from_millis(request["within_ms"].as_u64().unwrap_or(0)));
                let event = text(request, "event").to_owned();
                let count = request["count"].as_u64().unwrap_or(1);
                self.expecting.push(Expected { id, event, count });
                self.look_at_expected();
                return Ok(None);
            }
            "join" => {
                self.demand("open")?;
                self.join_ref = Some((self.last_ref + 1).to_string());
                ("phx_join", json!({}), Then::Joined)
            }
            "subscribe" => {
                let fields: Vec<_> = request["fields"].as_array().into_iter().flatten().collect();
                let fields = selection(fields.into_iter().filter_map(Value::as_str));
                let query =
                    format!("subscription($id: ID) {{ chatMessage(channelId: $id) {fields} }}");
                let payload = json!({"query": query, "variables": {"id": channel_id}});
                ("doc", payload, Then::Subscribed(text(request, "sub").to_owned()))
            }
            "send_chat" => {
                let query = "mutation($id: ID!, $text: String!) \
                    { createChatMessage(channelId: $id, message: {message: $text}) { id } }";
                let variables = json!({"id": channel_id, "text": request["text"]});
                ("doc", json!({"query": query, "variables": variables}), Then::Posted)
            }
            "query" => {
                let payload =
                    json!({"query": request["document"], "variables": request["variables"]});
                ("doc", payload, Then::Answered)
            }
            "unsubscribe" => {
                let sub = text(request, "sub");
                let found = self.subscriptions.iter().find(|(_, (name, _))| name == sub);
                let Some((subscription, _)) = found else {
                    return Err(usage(format!("there is no subscription {sub}")));
                };
                let subscription = subscription.clone();
                let payload = json!({"subscriptionId": subscription});
                ("unsubscribe", payload, Then::Unsubscribed(subscription))
            }
            _ => return Err(failure("internal", "an op that is claimed and not there")),
        };
        if op != "join" {
            self.demand("joined")?;
        }
        wait(PATIENCE);
        self.push(CONTROL, event, payload, Push { id: Some(id), then }).await;
        Ok(None)
    }

    async fn push(&mut self, topic: &str, event: &str, payload: Value, push: Push) {
        self.last_ref += 1;
        let msg_ref = self.last_ref.to_string();
        let join_ref = self.join_ref.as_ref().filter(|_| topic == CONTROL);
        let frame = json!([join_ref, msg_ref, topic, event, payload]).to_string();
        self.pushes.insert(msg_ref, push);
        if let Some(sink) = &mut self.sink {
            // If this fails, the connection has ended, and its reader says so.
            _ = sink.send(Message::text(frame)).await;
        }
    }

    async fn close(&mut self) {
        if let Some(sink) = &mut self.sink {
            let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
            _ = sink.send(Message::Close(Some(frame))).await;
        }
    }

    fn received(&mut self, message: &str) {
        let conn = self.name.clone();
        let frame: Result<(Value, Value, String, String, Value), _> = serde_json::from_str(message);
        let (join_ref, msg_ref, topic, event, payload) = match frame {
            Ok(frame) => frame,
            Err(error) => {
                let message = error.to_string();
                return self.tell(
                    json!({"event": "error", "conn": conn, "kind": "decode", "message": message}),
                );
            }
        };
        match &*event {
            "phx_reply" => {
                let Value::String(msg_ref) = msg_ref else { return };
                let (status, response) = (&payload["status"], &payload["response"]);
                self.tell(json!({
                    "event": "reply", "conn": conn, "ref": msg_ref, "status": status, "response": response,
                }));
                if topic == CONTROL
                    && join_ref.is_string()
                    && join_ref.as_str() != self.join_ref.as_deref()
                {
                    return; // It belongs to the join before.
                }
                if let Some(push) = self.pushes.remove(&msg_ref) {
                    self.replied(push, status == "ok", response);
                }
            }
            "subscription:data" => {
                let Some((sub, n)) = self.subscriptions.get_mut(&topic) else { return };
                *n += 1;
                let data = &payload["result"]["data"]["chatMessage"];
                let chat = json!({"event": "chat", "conn": conn, "sub": sub, "n": n, "data": data});
                self.tell(chat);
            }
            "phx_error" | "phx_close"
                if topic == CONTROL && join_ref.as_str() == self.join_ref.as_deref() =>
            {
                self.set_state("open"); // The channel is gone; the connection stands.
            }
            _ => {}
        }
    }

    fn replied(&mut self, push: Push, is_ok: bool, response: &Value) {
        let has_errors = response.get("errors").is_some();
        let answer = match push.then {
            Then::Nothing => return,
            _ if !is_ok => Err(refusal(response)),
            Then::Posted if has_errors => Err(refusal(response)),
            Then::Posted => Ok(json!({})),
            Then::Answered => Ok(response.clone()),
            Then::Joined => {
                self.set_state("joined");
                Ok(json!({}))
            }
            Then::Subscribed(sub) => {
                let subscription = text(response, "subscriptionId");
                self.subscriptions.insert(subscription.to_owned(), (sub, 0));
                Ok(json!({"subscription_id": subscription}))
            }
            Then::Unsubscribed(subscription) => {
                self.subscriptions.remove(&subscription);
                Ok(json!({}))
            }
        };
        if let Some(id) = push.id {
            say_answer(id, answer);
        }
    }

    fn ended(&mut self, close: Option<CloseFrame>) {
        self.sink = None;
        self.subscriptions.clear();
        for id in self.pushes.drain().filter_map(|(_, push)| push.id) {
            say_answer(id, Err(failure("closed", "the connection is closed")));
        }
        let clean = close.is_some();
        // 1005 stands for a close frame without a code.
        let code = close.map(|close| u16::from(close.code)).filter(|code| *code != 1005);
        self.tell(json!({
            "event": "closed", "conn": self.name, "code": code, "clean": clean, "will_retry": false,
        }));
        self.set_state("closed");
        for id in self.leaving.drain(..) {
            say_answer(id, Ok(json!({})));
        }
    }

    fn set_state(&mut self, state: &'static str) {
        self.state = state;
        self.tell(json!({"event": "state", "conn": self.name, "state": state}));
    }

    fn tell(&mut self, event: Value) {
        say(&event);
        *self.told.entry(text(&event, "event").to_owned()).or_default() += 1;
        self.look_at_expected();
    }

    fn look_at_expected(&mut self) {
        let told = &mut self.told;
        self.expecting.retain(|expected| {
            let enough = told.get(&expected.event).is_some_and(|told| *told >= expected.count);
            if enough {
                told.remove(&expected.event);
                say_answer(expected.id, Ok(json!({})));
            }
            !enough
        });
    }

    /// A request has waited long enough; it may have been answered long ago.
    fn late(&mut self, id: u64) {
        if let Some(at) = self.expecting.iter().position(|expected| expected.id == id) {
            let Expected { event, count, .. } = self.expecting.remove(at);
            let told = self.told.remove(&event).unwrap_or(0);
            say_answer(id, Err(failure("timeout", &format!("{told} of {count} events came"))));
        }
        let waits =
            |(msg_ref, push): (&String, &Push)| (push.id == Some(id)).then(|| msg_ref.clone());
        if let Some(msg_ref) = self.pushes.iter().find_map(waits) {
            self.pushes.remove(&msg_ref);
            say_answer(id, Err(failure("timeout", "the server does not answer")));
        }
    }

    fn demand(&self, state: &str) -> Result<(), Failure> {
        let kind = if self.state == "closed" { "closed" } else { "usage" };
        let message = format!("the connection is {}, not {state}", self.state);
        if self.state == state { Ok(()) } else { Err(failure(kind, &message)) }
    }
}

/// Opens a WebSocket, with TLS if the URL says so.
async fn open(url: &str, ca_file: Option<String>) -> Result<Socket, Failure> {
    let transport = |error: &dyn std::error::Error| failure("transport", &error.to_string());
    let (scheme, rest) = url.split_once("://").unwrap_or(("ws", url));
    let host = rest.split(['/', '?']).next().unwrap_or(rest);
    let (name, port) =
        host.rsplit_once(':').unwrap_or((host, if scheme == "wss" { "443" } else { "80" }));
    let tcp =
        TcpStream::connect(format!("{name}:{port}")).await.map_err(|error| transport(&error))?;
    let stream: Box<dyn Stream> = if scheme == "wss" {
        let mut roots = RootCertStore::empty();
        let file = ca_file.unwrap_or_default();
        for certificate in
            CertificateDer::pem_file_iter(file).map_err(|error| transport(&error))?.flatten()
        {
            roots.add(certificate).map_err(|error| transport(&error))?;
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let name = name.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(name).map_err(|error| transport(&error))?;
        let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
        Box::new(tls.map_err(|error| transport(&error))?)
    } else {
        Box::new(tcp)
    };
    match client_async(url, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(response)) => {
            let status = response.status().as_u16();
            let kind = if matches!(status, 401 | 403) { "auth" } else { "handshake" };
            let detail = json!({"status": status});
            Err(Failure { kind, message: format!("refused with {status}"), detail })
        }
        Err(tungstenite::Error::Io(error)) => Err(transport(&error)),
        Err(error) => Err(failure("handshake", &error.to_string())),
    }
}

/// `{ message user { username } }` out of `message` and `user.username`.
fn selection<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let mut tree = Map::new();
    for field in fields {
        let mut node = &mut tree;
        for name in field.split('.') {
            let inner = node.entry(name).or_insert_with(|| json!({}));
            let Value::Object(inner) = inner else { break };
            node = inner;
        }
    }
    print(&tree)
}

fn print(tree: &Map<String, Value>) -> String {
    let parts = tree.iter().map(|(name, inner)| match inner.as_object() {
        Some(inner) if !inner.is_empty() => format!("{name} {}", print(inner)),
        _ => name.clone(),
    });
    format!("{{ {} }}", parts.collect::<Vec<_>>().join(" "))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn failure(kind: &'static str, message: &str) -> Failure {
    Failure { kind, message: message.to_owned(), detail: json!({}) }
}

fn usage(message: String) -> Failure {
    failure("usage", &message)
}

fn refusal(response: &Value) -> Failure {
    let message = &response["errors"][0]["message"];
    let message = message.as_str().or_else(|| response["reason"].as_str());
    let message = message.unwrap_or("the server refuses").to_owned();
    Failure { kind: "server", message, detail: response.clone() }
}
