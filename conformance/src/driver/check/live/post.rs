//! Posts and queries.

use glimesh_mock::CHANNEL_ID;
use glimesh_mock::transcript::From;
use serde_json::{Map, Value, json};

use super::chat::chat_of;
use super::{Conn, Live};
use crate::driver::check::finding::{Code, Finding};
use crate::driver::check::golden::{unclaimed, wants_kind};
use crate::driver::check::wire::{Push, Sent, Since};
use crate::driver::{Answer, ErrorKind, Op};

/// What is posted: everything that has to be escaped somewhere.
const POSTED: &str = "say \"hi\" \\ 'there' {user} $id \u{e9}\u{1f408}";

impl Live<'_> {
    pub(super) async fn send_chat(&mut self, conn: Conn) {
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

    pub(super) async fn query(&mut self, conn: Conn) {
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

    /// A client id may read, and not post.
    pub(super) async fn post_without_leave(&mut self, conn: Conn) {
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

pub(super) fn send_chat(conn: Conn) -> Op {
    Op::SendChat {
        conn: conn.name.to_owned(),
        channel_id: CHANNEL_ID.to_string(),
        text: POSTED.to_owned(),
    }
}
