//! Every recording of the protocol, replayed against the mock in profile `phoenix` on a real port.
//!
//! What is not reproduced is listed with its reason in `fixtures/recordings/differences-protocol.txt`; a listed
//! record that is reproduced fails the test as well as an unlisted one that is not. The records of `timing` are
//! replayed on paused time, in `src/driver/tests.rs`.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use glimesh_mock::{MockServer, Profile};
use raw::{KEY, Line, RawFrame, Seen};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// What is replayed here; the others are made of documents.
const CATEGORIES: [&str; 6] = ["connect", "join", "heartbeat", "frame", "event", "lifecycle"];

/// How many records run side by side.
const LANES: usize = 16;

/// How long the answer to one step may take.
const STEP_WITHIN: Duration = Duration::from_secs(3);

/// How long a line must stay quiet at the end of a record.
const SETTLE: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_answers_as_the_recorded_server_did() {
    let listed = differences();
    let mut records: Vec<Value> = CATEGORIES.iter().flat_map(|name| read(name)).collect();
    records.reverse();
    let mut running = JoinSet::new();
    let mut reproduced: BTreeMap<String, usize> = BTreeMap::new();
    let mut differing = BTreeMap::new();
    loop {
        while running.len() < LANES
            && let Some(record) = records.pop()
        {
            running.spawn(async move {
                let difference = replay(&record).await;
                (word(&record["id"]).to_owned(), word(&record["category"]).to_owned(), difference)
            });
        }
        let Some(done) = running.join_next().await else { break };
        let (id, category, difference) = done.expect("a record's task does not fail");
        match difference {
            None => *reproduced.entry(category).or_default() += 1,
            Some(difference) => drop(differing.insert(id, difference)),
        }
    }
    eprintln!("reproduced: {reproduced:?}");
    let mut faults = String::new();
    for (id, difference) in &differing {
        if !listed.contains_key(id) {
            writeln!(faults, "{id} differs:\n{difference}").expect("it is a String");
        }
    }
    for (id, reason) in &listed {
        if !differing.contains_key(id) {
            writeln!(faults, "{id} is reproduced, but listed: {reason}").expect("it is a String");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// What differs; `None` if nothing does.
async fn replay(record: &Value) -> Option<String> {
    if record.get("needs_control").is_some() {
        return Some("it needs something done inside the server".to_owned());
    }
    let mut wanted = vec![expected(&record["events"])];
    wanted.extend(record["variants"].as_array().into_iter().flatten().map(expected));
    let mut found = Player::play(record, &wanted[0]).await;
    if record.get("race").is_some() {
        // How many events fall into which step varies, too.
        for (step, _) in
            wanted.iter_mut().chain([&mut found]).flat_map(|lines| lines.values_mut().flatten())
        {
            *step = 0;
        }
    }
    if wanted.contains(&found) {
        return None;
    }
    let mut difference = String::new();
    for (line, wanted) in &wanted[0] {
        let found = found.get(line).map_or(&[][..], Vec::as_slice);
        for index in 0..wanted.len().max(found.len()) {
            let (wanted, found) = (wanted.get(index), found.get(index));
            if wanted != found {
                let show = |event: Option<&Event>| match event {
                    Some((step, event)) => format!("in step {step}: {event}"),
                    None => "nothing".to_owned(),
                };
                writeln!(difference, "  {line} expected {}", show(wanted)).expect("it is a String");
                writeln!(difference, "  {line} found    {}", show(found)).expect("it is a String");
                break;
            }
        }
    }
    Some(difference)
}

/// What happened and in which step.
type Event = (u64, Value);

/// The events of each connection, in order.
type Events = BTreeMap<String, Vec<Event>>;

/// A record's events in the form in which they are compared.
fn expected(events: &Value) -> Events {
    let mut lines = Events::new();
    for event in events.as_array().expect("events are a list") {
        let field = |name: &str| event[name].clone();
        let what = match word(&event["k"]) {
            "http" => {
                let body = event.get("body").cloned().unwrap_or_else(|| json!(""));
                json!({"http": event["status"], "headers": field("headers"), "body": body})
            }
            "text" if event.get("sha256").is_some() => {
                json!({"text": field("sha256"), "len": field("len")})
            }
            "text" => json!({"text": event.get("norm").or_else(|| event.get("data"))}),
            "pong" => json!({"pong": event.get("hex").cloned().unwrap_or_else(|| json!(""))}),
            "close" => {
                let reason = event.get("reason").cloned().unwrap_or_else(|| json!(""));
                json!({"close": field("code"), "reason": reason})
            }
            other => json!(other),
        };
        let step = event["step"].as_u64().expect("a step is a number");
        lines.entry(word(&event["c"]).to_owned()).or_default().push((step, what));
    }
    lines
}

/// Does a record's steps, and writes down what comes.
struct Player {
    addr: SocketAddr,
    lines: BTreeMap<String, Connection>,
    /// The integers of subscription ids, in the order of their first appearance.
    integers: Vec<String>,
    /// The first subscription id that was seen.
    first_id: Option<String>,
}

struct Connection {
    line: Line,
    upgraded: bool,
    ended: bool,
    we_closed: bool,
    events: Vec<Event>,
}

impl Player {
    async fn play(record: &Value, wanted: &Events) -> Events {
        let server = MockServer::builder()
            .profile(Profile::phoenix())
            .start()
            .await
            .expect("a port is free");
        let mut player = Self {
            addr: server.addr(),
            lines: BTreeMap::new(),
            integers: Vec::new(),
            first_id: None,
        };
        let steps = record["steps"].as_array().expect("steps are a list");
        for (index, step) in steps.iter().enumerate() {
            player.act(index as u64, step).await;
            if step.get("nowait").is_none() {
                player.listen(index as u64, wanted).await;
            }
        }
        player.settle(steps.len() as u64).await;
        let lines = std::mem::take(&mut player.lines);
        // The connections end with this, so that the server need not wait for them.
        let events =
            lines.into_iter().map(|(name, connection)| (name, connection.events)).collect();
        server.stop().await;
        events
    }

    async fn act(&mut self, index: u64, step: &Value) {
        let name = word(&step["c"]);
        if step["op"] == "connect" {
            let mut line = Line::dial(self.addr).await;
            line.send(&request(step, self.addr)).await;
            let events = Vec::new();
            let connection =
                Connection { line, upgraded: false, ended: false, we_closed: false, events };
            self.lines.insert(name.to_owned(), connection);
            return;
        }
        let first_id = self.first_id.clone().unwrap_or_default();
        let connection = self.lines.get_mut(name).expect("it was connected");
        if connection.ended {
            connection.events.push((index, json!("not_sent")));
            return;
        }
        let payload = || match (step.get("hex"), step.get("data")) {
            (Some(hex), _) => hex::decode(word(hex)).expect("hex is hexadecimal"),
            (None, Some(data)) => data_of(data).replace("<SUB:1>", &first_id).into_bytes(),
            (None, None) => Vec::new(),
        };
        match word(&step["op"]) {
            // The recorder had no WebSocket to send it on.
            _ if !connection.upgraded => {}
            "text" => connection.line.frame(&RawFrame::new(1, payload())).await,
            "frame" => {
                let number = |name: &str| step[name].as_u64().unwrap_or(0) as u8;
                let flag = |name: &str| step[name].as_bool().unwrap_or(true);
                let opcode = number("opcode");
                connection.we_closed |= opcode == 8;
                let (fin, masked) = (flag("fin"), flag("masked"));
                let frame =
                    RawFrame { opcode, fin, rsv: number("rsv"), masked, payload: payload() };
                connection.line.frame(&frame).await;
            }
            "bytes" => connection.line.send(&payload()).await,
            "tcp_shutdown" => connection.line.shutdown().await,
            other => panic!("a step that cannot be replayed here: {other}"),
        }
    }

    /// Waits until as many events have come on every line as are wanted up to this step.
    async fn listen(&mut self, index: u64, wanted: &Events) {
        let deadline = Instant::now() + STEP_WITHIN;
        for (name, wanted) in wanted {
            let goal = wanted.iter().filter(|(step, _)| *step <= index).count();
            while let Some(connection) = self.lines.get_mut(name)
                && connection.events.len() < goal
                && !connection.ended
            {
                let left = deadline.saturating_duration_since(Instant::now());
                let Some(seen) = connection.line.next_within(left).await else { break };
                self.write(name, index, seen).await;
            }
        }
    }

    /// Looks for what came too much.
    async fn settle(&mut self, index: u64) {
        sleep_until(Instant::now() + SETTLE).await;
        for name in self.lines.keys().cloned().collect::<Vec<_>>() {
            while let Some(connection) = self.lines.get_mut(&name)
                && !connection.ended
                && let Some(seen) = connection.line.next_within(Duration::ZERO).await
            {
                self.write(&name, index, seen).await;
            }
        }
    }

    async fn write(&mut self, name: &str, index: u64, seen: Seen) {
        let event = match &seen {
            Seen::Http { status, headers, body } => {
                let headers: serde_json::Map<_, _> = headers
                    .iter()
                    .filter(|(name, _)| name != "date")
                    .map(|(name, value)| (name.clone(), json!(value)))
                    .collect();
                json!({"http": status, "headers": headers, "body": body})
            }
            Seen::Text(text) => self.text(text),
            Seen::Binary(bytes) => json!({"binary": hex::encode(bytes)}),
            Seen::Ping(bytes) => json!({"ping": hex::encode(bytes)}),
            Seen::Pong(bytes) => json!({"pong": hex::encode(bytes)}),
            Seen::Close { code, reason } => json!({"close": code, "reason": reason}),
            Seen::Eof => json!("eof"),
        };
        let connection = self.lines.get_mut(name).expect("something came from it");
        connection.events.push((index, event));
        match seen {
            Seen::Http { status, .. } => connection.upgraded = status == 101,
            Seen::Eof => connection.ended = true,
            // As the recorder did, we answer a close frame with a close frame.
            Seen::Close { code, .. } if !connection.we_closed => {
                let payload = code.map(u16::to_be_bytes).unwrap_or_default();
                connection.line.frame(&RawFrame::new(8, payload)).await;
            }
            _ => {}
        }
    }

    /// Long texts are recorded by their hash, and in subscription ids the integer varies.
    fn text(&mut self, text: &str) -> Value {
        if text.len() > 4_000 {
            return json!({"text": hex::encode(Sha256::digest(text)), "len": text.len()});
        }
        const PREFIX: &str = "__absinthe__:doc:";
        let mut parts = text.split(PREFIX);
        let mut norm = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            // Ids that a server makes up are negative; others are what a client made up.
            let Some((integer, rest)) = part.split_once(':').filter(|_| part.starts_with('-'))
            else {
                norm.push_str(PREFIX);
                norm.push_str(part);
                continue;
            };
            let known = self.integers.iter().position(|known| known == integer);
            let number = known.unwrap_or_else(|| {
                self.integers.push(integer.to_owned());
                self.integers.len() - 1
            });
            let hash = rest.split('"').next().unwrap_or_default();
            self.first_id.get_or_insert_with(|| format!("{PREFIX}{integer}:{hash}"));
            write!(norm, "{PREFIX}<N{}>:{rest}", number + 1).expect("it is a String");
        }
        json!({"text": norm})
    }
}

fn request(step: &Value, addr: SocketAddr) -> Vec<u8> {
    // Characters of a record are bytes.
    let latin1 = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<u8>>();
    if let Some(raw) = step["raw_http"].as_str() {
        return latin1(&raw.replace("$HOST", &addr.to_string()));
    }
    let mut headers = vec![
        ("Host".to_owned(), addr.to_string()),
        ("Connection".to_owned(), "Upgrade".to_owned()),
        ("Upgrade".to_owned(), "websocket".to_owned()),
        ("Sec-WebSocket-Version".to_owned(), "13".to_owned()),
        ("Sec-WebSocket-Key".to_owned(), KEY.to_owned()),
    ];
    for header in step["headers"].as_array().into_iter().flatten() {
        let name = word(&header[0]);
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if let Some(value) = header[1].as_str() {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    let path = step["path"].as_str().unwrap_or("/api/graph/websocket");
    let query = step["query"].as_str().map(|query| format!("?{query}")).unwrap_or_default();
    let method = step["method"].as_str().unwrap_or("GET");
    let version = step["http"].as_str().unwrap_or("HTTP/1.1");
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let body = step["body"].as_str().unwrap_or_default();
    latin1(&format!("{method} {path}{query} {version}\r\n{headers}\r\n{body}"))
}

/// A text to send: as it stands, or in parts that may repeat.
fn data_of(data: &Value) -> String {
    let part = |part: &Value| match part.as_str() {
        Some(text) => text.to_owned(),
        None => word(&part["repeat"]).repeat(part["times"].as_u64().unwrap_or(0) as usize),
    };
    match data.as_str() {
        Some(text) => text.to_owned(),
        None => data["parts"].as_array().into_iter().flatten().map(part).collect(),
    }
}

/// The records that are not reproduced, each with its reason: lines of `ID: REASON`.
fn differences() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join("differences-protocol.txt"))
        .expect("the list is there");
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").expect("a line is ID: REASON"))
        .map(|(id, reason)| (id.to_owned(), reason.to_owned()))
        .collect()
}

fn read(category: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join(format!("{category}.jsonl")))
        .expect("the file is there");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recordings")
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
