//! Every op with a server that is right, and what crossed the wire beside what the adapter says of it.

use glimesh_mock::scenario::Auth as Given;
use glimesh_mock::transcript::{Entry, From, What};
use glimesh_mock::{CHANNEL_ID, CLIENT_ID, MockServer, TOKEN};
use serde_json::{Map, Value, json};

use super::finding::{Code, Finding};
use super::golden::{too_early, unclaimed, wants_kind, wrong_ok, wrong_outcome};
use super::talk::{Talk, Told, span};
use super::wire::{Push, Sent, Since};
use crate::driver::{Answer, Auth, AuthKind, ConnState, ErrorKind, Event, Hello, Op, Options};

/// What is posted: everything that has to be escaped somewhere.
const POSTED: &str = "say \"hi\" \\ 'there' {user} $id \u{e9}\u{1f408}";

/// What somebody else says.
const SAID: &str = "hello \"adapter\" \u{1f44b}";

/// Who says it.
const SPEAKER: &str = "TheCat";

const SUB: &str = "s1";

struct Live<'a> {
    talk: &'a mut Talk,
    server: &'a MockServer,
    hello: &'a Hello,
}

/// A connection that stands.
#[derive(Clone, Copy)]
struct Conn {
    /// What the adapter knows it by.
    name: &'static str,
    /// Which one it is on the wire.
    number: u32,
}

pub(super) async fn live(talk: &mut Talk, server: &MockServer, hello: &Hello) {
    if !hello.ops.iter().any(|op| op == "connect") {
        return talk.skip("everything with a server", "hello does not claim connect");
    }
    Live { talk, server, hello }.all().await;
}

impl Live<'_> {
    async fn all(&mut self) {
        self.refused().await;
        let Some(a) = self.open("a", Given::Token).await else {
            return self.talk.skip("the rest", "there is no connection");
        };
        if self.join(a).await {
            self.state(a, ConnState::Joined).await;
            let mark = self.talk.mark();
            let subscribed = self.subscribe(a).await;
            if subscribed {
                self.chat(a).await;
            }
            self.send_chat(a).await;
            self.query(a).await;
            self.expect_in_vain(a).await;
            if subscribed {
                self.told_once(a, mark);
                self.unsubscribe(a).await;
            }
        }
        if let Some(b) = self.open("b", Given::ClientId).await {
            if self.join(b).await {
                self.post_without_leave(b).await;
            }
            self.closed_by_server(b).await;
        }
        self.disconnect(a).await;
    }

    /// Begins a step with an op, unless hello does not claim it.
    fn begins(&mut self, name: &str, op: &str) -> bool {
        let why = match () {
            () if self.talk.is_over() => "the adapter is gone".to_owned(),
            () if !self.hello.ops.iter().any(|claimed| claimed == op) => {
                format!("hello does not claim {op}")
            }
            () => {
                self.talk.begin(name);
                return true;
            }
        };
        self.talk.skip(name, why);
        false
    }

    fn connect(&self, conn: &str, url: String, auth: Auth) -> Op {
        let ca_file = self.server.ca_file().map(|path| path.to_string_lossy().into_owned());
        let options = Options { heartbeat_ms: None, auto_reconnect: false, auto_subscribe: false };
        Op::Connect { conn: conn.to_owned(), url, auth, ca_file, options }
    }

    /// A token that nobody has: the server answers the upgrade with 403.
    async fn refused(&mut self) {
        if !self.begins("connect with a token that nobody has", "connect") {
            return;
        }
        let since = Since::now(self.server);
        let url = self.server.url_with(Given::Token).replace(TOKEN, "tok_of_nobody");
        let auth = Auth { kind: AuthKind::Token, value: "tok_of_nobody".to_owned() };
        let op = self.connect("n", url, auth);
        let Some(told) = self.talk.ask(op).await else { return };
        match &told.answer {
            Answer::Ok(_) => {
                let what = "the adapter says that it is connected; the server has refused it";
                let help = "say ok when the WebSocket is open";
                self.contradiction(&told, &["ok"], what, help, since);
            }
            Answer::Error(_) => {
                let kinds = [ErrorKind::Auth, ErrorKind::Handshake];
                let what =
                    "an upgrade that the server refuses is an error of the kind auth or handshake";
                wants_kind(self.talk, &told, &kinds, what);
            }
            Answer::Unsupported(_) => unclaimed(self.talk, &told, Some(self.hello), "connect"),
        }
    }

    async fn open(&mut self, name: &'static str, given: Given) -> Option<Conn> {
        let title = match given {
            Given::Token => "connect with a token".to_owned(),
            Given::ClientId => "a second connection, with a client id".to_owned(),
        };
        if !self.begins(&title, "connect") {
            return None;
        }
        let since = Since::now(self.server);
        let auth = match given {
            Given::Token => Auth { kind: AuthKind::Token, value: TOKEN.to_owned() },
            Given::ClientId => Auth { kind: AuthKind::ClientId, value: CLIENT_ID.to_owned() },
        };
        let op = self.connect(name, self.server.url_with(given), auth);
        let told = self.talk.ask(op).await?;
        let number = since.find(|entries| entries.iter().find_map(opened)).await;
        self.agrees(&told, "connect", "the server has opened a WebSocket", number.is_some(), since)
            .then_some(())?;
        Some(Conn { name, number: number? })
    }

    async fn join(&mut self, conn: Conn) -> bool {
        if !self.begins(&format!("join, connection {}", conn.name), "join") {
            return false;
        }
        // A client may have joined as soon as it was open.
        let since = Since::all(self.server);
        let Some(told) = self.talk.ask(Op::Join { conn: conn.name.to_owned() }).await else {
            return false;
        };
        let push = since.push(conn.number, |sent| sent.event == "phx_join").await;
        self.agrees_with_push(&told, "join", "a join of the control topic", &push, since).is_some()
    }

    async fn state(&mut self, conn: Conn, expected: ConnState) {
        let word = json!(expected).as_str().unwrap_or_default().to_owned();
        if !self.begins(&format!("state of connection {}, which is {word}", conn.name), "state") {
            return;
        }
        let since = Since::now(self.server);
        let Some(told) = self.talk.ask(Op::State { conn: conn.name.to_owned() }).await else {
            return;
        };
        match &told.answer {
            Answer::Ok(reply) => match reply.ok.get("state").map(conn_state) {
                Some(Some(state)) if state == expected => {}
                Some(Some(_)) => {
                    let what = format!("on the wire, connection {} is {word}", conn.name);
                    self.contradiction(&told, &["ok", "state"], &what, "", since);
                }
                _ => {
                    let what = "the ok of state has a state: connecting, open, joined or closed";
                    self.talk.found(wrong_ok(&told, &["ok", "state"], what));
                }
            },
            // An adapter may forget a connection that is closed.
            Answer::Error(_) if expected == ConnState::Closed => too_early(self.talk, &told),
            _ => self.failed(&told, "state", since),
        }
    }

    async fn subscribe(&mut self, conn: Conn) -> bool {
        if !self.begins("subscribe", "subscribe") {
            return false;
        }
        let since = Since::now(self.server);
        let op = Op::Subscribe {
            conn: conn.name.to_owned(),
            sub: SUB.to_owned(),
            channel_id: CHANNEL_ID.to_string(),
            fields: ["message", "user.username"].map(str::to_owned).to_vec(),
        };
        let Some(told) = self.talk.ask(op).await else { return false };
        let push = since.push(conn.number, |sent| sent.is_doc("subscription")).await;
        let what = "a subscription";
        let Some(response) = self.agrees_with_push(&told, "subscribe", what, &push, since) else {
            return false;
        };
        let Answer::Ok(reply) = &told.answer else { return false };
        match reply.ok.get("subscription_id") {
            Some(id) if *id == response["subscriptionId"] => {}
            Some(Value::String(_)) => {
                let what = "the server has given another subscription id";
                let help = "it is subscriptionId in the response of the server's reply";
                self.contradiction(&told, &["ok", "subscription_id"], what, help, since);
            }
            _ => {
                let what = "the ok of subscribe has the subscription's id as a string";
                let help = r#"such as {"subscription_id": "__absinthe__:doc:…"}, subscriptionId in the response"#;
                self.talk.found(wrong_ok(&told, &["ok"], what).help(help));
            }
        }
        true
    }

    /// Somebody says something, and the adapter tells of it once.
    async fn chat(&mut self, conn: Conn) {
        self.talk.begin("a chat message comes");
        let since = Since::now(self.server);
        let mark = self.talk.mark();
        if self.server.say(CHANNEL_ID, SPEAKER, SAID).is_err() {
            return;
        }
        let told = self.talk.event(mark, |event| chat_of(event, conn.name)).await;
        let Some((line, chat)) = told else {
            let what = "the server has sent a chat message, and no chat event tells of it";
            let help = format!(
                "say {{\"event\": \"chat\", \"conn\": {:?}, \"sub\": {SUB:?}, \"n\": 1, \"data\": {{…}}}} \
                 as soon as the application has the message",
                conn.name
            );
            let finding = Finding::new(Code::Untold, what).help(help);
            return self.talk.found(finding.wire(since.shown()).log(self.talk.log()));
        };
        let mut is = |path: &[&str], what: &str, help: &str| {
            let finding = Finding::new(Code::ContradictsWire, what).help(help);
            self.talk.found(finding.at(&line, span(&line, path)).wire(since.shown()));
        };
        if chat.sub != SUB {
            is(
                &["sub"],
                "the message came for another subscription",
                &format!("{SUB:?}, as the kit calls it, not the id on the wire"),
            );
        }
        if chat.n != 1 {
            is(
                &["n"],
                "this is the first message of the subscription",
                "count the messages of each subscription, from 1",
            );
        }
        if chat.data["message"] != SAID {
            is(
                &["data", "message"],
                "the server has sent another text",
                &format!("{}", json!(SAID)),
            );
        }
        if chat.data["user"]["username"] != SPEAKER {
            let help = "the subscription asks for the fields message and user.username; data has them as they came";
            is(&["data", "user"], "the server has sent a user with a username", help);
        }
        self.expect_what_came(conn).await;
    }

    async fn expect_what_came(&mut self, conn: Conn) {
        if !self.begins("expect an event that has come", "expect") {
            return;
        }
        let since = Since::now(self.server);
        let within_ms = u64::try_from(self.talk.deadline().as_millis()).unwrap_or(u64::MAX);
        let Some(told) = self.talk.ask(expect(conn, within_ms / 2)).await else { return };
        if !matches!(told.answer, Answer::Ok(_)) {
            let what = "the event has been told, so expect is answered at once with ok";
            let help = "count the events of each connection since the last expect";
            self.talk.found(wrong_outcome(&told, what, help).wire(since.shown()));
        }
    }

    async fn send_chat(&mut self, conn: Conn) {
        if !self.begins("send_chat", "send_chat") {
            return;
        }
        let since = Since::now(self.server);
        let mark = self.talk.mark();
        let Some(told) = self.talk.ask(send_chat(conn)).await else { return };
        let push = since.push(conn.number, |sent| sent.is_doc("mutation")).await;
        let what = "a mutation";
        if self.agrees_with_push(&told, "send_chat", what, &push, since).is_none() {
            return;
        }
        let posted = since.find(|entries| {
            let frames = entries.iter().filter_map(Sent::of);
            frames.filter(|sent| sent.from == From::Client).find_map(|sent| posted(&sent.payload))
        });
        let posted = posted.await.unwrap_or_default();
        if posted != POSTED {
            let what = format!("what was posted is another text: {}", json!(posted));
            let help =
                "hand the text over in variables; inside a document it has to be escaped twice";
            self.contradiction(&told, &["ok"], &what, help, since);
            return;
        }
        // Our own message comes back, if the subscription stands.
        let came = since.find(|entries| {
            entries.iter().filter_map(Sent::of).find_map(|sent| sent.chat().map(|_| ()))
        });
        if came.await.is_some()
            && self.talk.event(mark, |event| chat_of(event, conn.name)).await.is_none()
        {
            let what = "the message came back from the server, and no chat event tells of it";
            let finding = Finding::new(Code::Untold, what).wire(since.shown());
            self.talk.found(finding.log(self.talk.log()));
        }
    }

    async fn query(&mut self, conn: Conn) {
        if !self.begins("query", "query") {
            return;
        }
        let since = Since::now(self.server);
        let document = "query($name: String) { channel(streamerUsername: $name) { id } }";
        let variables = Map::from_iter([("name".to_owned(), json!("Mytho"))]);
        let op = Op::Query { conn: conn.name.to_owned(), document: document.to_owned(), variables };
        let Some(told) = self.talk.ask(op).await else { return };
        let push = since.push(conn.number, |sent| sent.is_doc("query")).await;
        let Some(response) = self.agrees_with_push(&told, "query", "a query", &push, since) else {
            return;
        };
        let Answer::Ok(reply) = &told.answer else { return };
        if Value::Object(reply.ok.clone()) != response {
            let what = "the ok of query is the server's response, as it came";
            let help = "hand on what the server's reply has in `response`, nothing around it";
            self.contradiction(&told, &["ok"], what, help, since);
        }
    }

    async fn expect_in_vain(&mut self, conn: Conn) {
        // What has been told until now is counted by this one.
        if !self.begins("expect an event that does not come", "expect") {
            return;
        }
        let op = Op::Expect {
            conn: conn.name.to_owned(),
            event: "closed".to_owned(),
            count: 1,
            within_ms: 200,
        };
        let Some(told) = self.talk.ask(op).await else { return };
        match told.answer {
            Answer::Error(_) => {
                let what = "an expect that was in vain is an error of the kind timeout";
                wants_kind(self.talk, &told, &[ErrorKind::Timeout], what);
            }
            _ => {
                let what = "no such event was told, so expect fails after its time, here 200 ms";
                let help = r#"answer {"id": 7, "error": {"kind": "timeout", "message": "0 of 1 events came"}}"#;
                self.talk.found(wrong_outcome(&told, what, help));
            }
        }
    }

    /// No message is told that did not come, and none twice.
    fn told_once(&mut self, conn: Conn, mark: usize) {
        self.talk.begin("each message is told once");
        let since = Since::all(self.server);
        let sent = since.chats(conn.number);
        let told = self.talk.events(mark, |event| chat_of(event, conn.name));
        if let Some((line, _)) = told.get(sent) {
            let what = format!("{} chat events, and the server has sent {sent}", told.len());
            let help = "tell of each message once, when it comes from the server";
            let finding = Finding::new(Code::ContradictsWire, what).help(help);
            self.talk.found(finding.at(line, span(line, &["event"])).wire(since.shown()));
        }
    }

    async fn unsubscribe(&mut self, conn: Conn) {
        if !self.begins("unsubscribe", "unsubscribe") {
            return;
        }
        let since = Since::now(self.server);
        let op = Op::Unsubscribe { conn: conn.name.to_owned(), sub: SUB.to_owned() };
        let Some(told) = self.talk.ask(op).await else { return };
        let push = since.push(conn.number, |sent| sent.event == "unsubscribe").await;
        self.agrees_with_push(&told, "unsubscribe", "an unsubscribe", &push, since);
    }

    /// A client id may read, and not post.
    async fn post_without_leave(&mut self, conn: Conn) {
        if !self.begins("send_chat with a client id, which may only read", "send_chat") {
            return;
        }
        let since = Since::now(self.server);
        let Some(told) = self.talk.ask(send_chat(conn)).await else { return };
        match &told.answer {
            Answer::Ok(_) => {
                let push = since.push(conn.number, |sent| sent.is_doc("mutation")).await;
                let what = match push {
                    Push::Never => "the adapter says ok; on the wire, a mutation was never sent",
                    _ => "the adapter says that the message was posted; the server has refused it",
                };
                let help = "the reply's status is ok, and its response has errors: look for them";
                self.contradiction(&told, &["ok"], what, help, since);
            }
            Answer::Error(_) => {
                let what = "what the server refuses is an error of the kind server";
                wants_kind(self.talk, &told, &[ErrorKind::Server], what);
            }
            Answer::Unsupported(_) => unclaimed(self.talk, &told, Some(self.hello), "send_chat"),
        }
    }

    async fn closed_by_server(&mut self, conn: Conn) {
        if self.talk.is_over() {
            return;
        }
        self.talk.begin("the server closes a connection");
        let since = Since::now(self.server);
        let mark = self.talk.mark();
        // It is the newest one.
        if self.server.close(1012, "restart").is_err() {
            return;
        }
        let told = self.talk.event(mark, |event| match event {
            Event::Closed { conn: name, code, clean, .. } if name == conn.name => {
                Some((*code, *clean))
            }
            _ => None,
        });
        match told.await {
            None => {
                let what = "the server has closed the connection, and no closed event tells of it";
                let help = format!(
                    r#"say {{"event": "closed", "conn": "{}", "code": 1012, "clean": true, "will_retry": false}}"#,
                    conn.name
                );
                let finding = Finding::new(Code::Untold, what).help(help).wire(since.shown());
                self.talk.found(finding.log(self.talk.log()));
            }
            Some((line, (code, clean))) if code != Some(1012) || !clean => {
                let field = if clean { "code" } else { "clean" };
                let what = "the server has closed the connection with a close frame and code 1012";
                let finding = Finding::new(Code::ContradictsWire, what);
                self.talk.found(finding.at(&line, span(&line, &[field])).wire(since.shown()));
            }
            Some(_) => {}
        }
        self.state(conn, ConnState::Closed).await;
    }

    async fn disconnect(&mut self, conn: Conn) {
        if !self.begins("disconnect", "disconnect") {
            return;
        }
        let since = Since::now(self.server);
        let Some(told) = self.talk.ask(Op::Disconnect { conn: conn.name.to_owned() }).await else {
            return;
        };
        let is_end = |entry: &Entry| {
            let by_client = matches!(
                entry.what,
                What::Close { from: From::Client, .. } | What::Eof { from: From::Client, .. }
            );
            by_client && entry.conn == Some(conn.number)
        };
        let ended = since.find(|entries| entries.iter().any(is_end).then_some(())).await;
        let what = "the client has ended the connection";
        if !self.agrees(&told, "disconnect", what, ended.is_some(), since) {
            return;
        }
        self.state(conn, ConnState::Closed).await;
        if self.begins("send_chat on a closed connection", "send_chat") {
            let Some(told) = self.talk.ask(send_chat(conn)).await else { return };
            match &told.answer {
                Answer::Ok(_) => {
                    let what =
                        "the adapter says that the message was posted; the connection is closed";
                    self.contradiction(&told, &["ok"], what, "", since);
                }
                Answer::Error(_) => too_early(self.talk, &told),
                Answer::Unsupported(_) => {
                    unclaimed(self.talk, &told, Some(self.hello), "send_chat")
                }
            }
        }
    }

    /// Holds a reply to what crossed the wire. Returns whether it was done, and the adapter says so.
    fn agrees(&mut self, told: &Told, op: &str, what: &str, is_so: bool, since: Since<'_>) -> bool {
        match (&told.answer, is_so) {
            (Answer::Ok(_), true) => return true,
            (Answer::Ok(_), false) => {
                let what = format!("the adapter says ok; on the wire it is not so that {what}");
                self.contradiction(told, &["ok"], &what, "say ok when it is done", since);
            }
            (_, true) if matches!(told.answer, Answer::Error(_)) => {
                let what = format!("the adapter says that {op} failed; on the wire, {what}");
                self.contradiction(told, &["error"], &what, "", since);
            }
            _ => self.failed(told, op, since),
        }
        false
    }

    /// Holds a reply to a push and the server's answer. Returns the server's response if both say that it was done.
    fn agrees_with_push(
        &mut self,
        told: &Told,
        op: &str,
        what: &str,
        push: &Push,
        since: Since<'_>,
    ) -> Option<Value> {
        let is_ok = |response: &Value| response.get("errors").is_none();
        let says_ok = matches!(told.answer, Answer::Ok(_));
        let claim = match push {
            Push::Answered { is_ok: true, response } if says_ok && is_ok(response) => {
                return Some(response.clone());
            }
            Push::Answered { is_ok: true, response } if is_ok(response) => {
                if matches!(told.answer, Answer::Error(_)) {
                    let what = format!(
                        "the adapter says that {op} failed; the server has answered with ok"
                    );
                    self.contradiction(told, &["error"], &what, "", since);
                } else {
                    self.failed(told, op, since);
                }
                return None;
            }
            Push::Never => format!("{what} was never sent"),
            Push::Unanswered => format!("{what} was sent, and not answered"),
            Push::Answered { .. } => format!("{what} was answered with an error"),
        };
        if says_ok {
            let what = format!("the adapter says ok; on the wire, {claim}");
            let help = "say ok when the server's reply with the same ref has come";
            self.contradiction(told, &["ok"], &what, help, since);
        } else {
            self.failed(told, op, since);
        }
        None
    }

    /// An op that is claimed has not worked.
    fn failed(&mut self, told: &Told, op: &str, since: Since<'_>) {
        match &told.answer {
            Answer::Error(reply) => {
                let what = format!("{op} failed, with a server that is right");
                let message = &reply.error.message;
                let finding = Finding::new(Code::Failed, what).asked(&told.request);
                let finding = finding.at(&told.line, span(&told.line, &["error"]));
                let finding = finding.help(format!("the adapter's own words: {message}"));
                self.talk.found(finding.wire(since.shown()).log(self.talk.log()));
            }
            _ => unclaimed(self.talk, told, Some(self.hello), op),
        }
    }

    fn contradiction(
        &mut self,
        told: &Told,
        path: &[&str],
        what: &str,
        help: &str,
        since: Since<'_>,
    ) {
        let finding = Finding::new(Code::ContradictsWire, what).help(help).asked(&told.request);
        let finding = finding.at(&told.line, span(&told.line, path));
        self.talk.found(finding.wire(since.shown()));
    }
}

struct Chat {
    sub: String,
    n: u64,
    data: Value,
}

fn chat_of(event: &Event, name: &str) -> Option<Chat> {
    match event {
        Event::Chat { conn, sub, n, data } if conn == name => {
            Some(Chat { sub: sub.clone(), n: *n, data: Value::Object(data.clone()) })
        }
        _ => None,
    }
}

fn opened(entry: &Entry) -> Option<u32> {
    matches!(entry.what, What::Upgrade { status: 101, .. }).then_some(entry.conn?)
}

/// The text in a document that posts one, in its variables or in itself.
fn posted(payload: &Value) -> Option<String> {
    let query = payload["query"].as_str().filter(|query| query.contains("createChatMessage"))?;
    // Beside the channel's id, the text is the longest.
    let in_variables = texts(&payload["variables"]).into_iter().max_by_key(String::len);
    let in_document = || {
        let quoted = query.split_once("message:")?.1;
        let quoted = &quoted[quoted.find('"')?..];
        let mut values = serde_json::Deserializer::from_str(quoted).into_iter::<String>();
        values.next()?.ok()
    };
    in_document().or(in_variables)
}

/// The texts in a value, down to what a variable can hold.
fn texts(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Object(fields) => left.extend(fields.values()),
            Value::Array(values) => left.extend(values),
            _ => {}
        }
    }
    found
}

fn conn_state(value: &Value) -> Option<ConnState> {
    serde_json::from_value(value.clone()).ok()
}

fn send_chat(conn: Conn) -> Op {
    Op::SendChat {
        conn: conn.name.to_owned(),
        channel_id: CHANNEL_ID.to_string(),
        text: POSTED.to_owned(),
    }
}

fn expect(conn: Conn, within_ms: u64) -> Op {
    Op::Expect { conn: conn.name.to_owned(), event: "chat".to_owned(), count: 1, within_ms }
}
