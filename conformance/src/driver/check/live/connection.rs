//! Opening, joining and ending connections.

use glimesh_mock::scenario::Auth as Given;
use glimesh_mock::transcript::{Entry, From, What};
use glimesh_mock::{CLIENT_ID, TOKEN};
use serde_json::{Value, json};

use super::post::send_chat;
use super::{Conn, Live};
use crate::driver::check::finding::{Code, Finding};
use crate::driver::check::golden::{too_early, unclaimed, wants_kind, wrong_ok};
use crate::driver::check::talk::span;
use crate::driver::check::wire::Since;
use crate::driver::{Answer, Auth, AuthKind, ConnState, ErrorKind, Event, Op, Options};

impl Live<'_> {
    fn connect(&self, conn: &str, url: String, auth: Auth) -> Op {
        let ca_file = self.server.ca_file().map(|path| path.to_string_lossy().into_owned());
        let options = Options { heartbeat_ms: None, auto_reconnect: false, auto_subscribe: false };
        Op::Connect { conn: conn.to_owned(), url, auth, ca_file, options }
    }

    /// A token that nobody has: the server answers the upgrade with 403.
    pub(super) async fn refused(&mut self) {
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

    pub(super) async fn open(&mut self, name: &'static str, given: Given) -> Option<Conn> {
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

    pub(super) async fn join(&mut self, conn: Conn) -> bool {
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

    pub(super) async fn state(&mut self, conn: Conn, expected: ConnState) {
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

    pub(super) async fn closed_by_server(&mut self, conn: Conn) {
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

    pub(super) async fn disconnect(&mut self, conn: Conn) {
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
}

fn opened(entry: &Entry) -> Option<u32> {
    matches!(entry.what, What::Upgrade { status: 101, .. }).then_some(entry.conn?)
}

fn conn_state(value: &Value) -> Option<ConnState> {
    serde_json::from_value(value.clone()).ok()
}
