//! A subscription, and what is told of its messages.

use glimesh_mock::CHANNEL_ID;
use serde_json::{Value, json};

use super::{Conn, Live};
use crate::driver::check::finding::{Code, Finding};
use crate::driver::check::golden::{wants_kind, wrong_ok, wrong_outcome};
use crate::driver::check::talk::span;
use crate::driver::check::wire::Since;
use crate::driver::{Answer, ErrorKind, Event, Op};

/// What somebody else says.
const SAID: &str = "hello \"adapter\" \u{1f44b}";

/// Who says it.
const SPEAKER: &str = "TheCat";

const SUB: &str = "s1";

impl Live<'_> {
    pub(super) async fn subscribe(&mut self, conn: Conn) -> bool {
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
    pub(super) async fn chat(&mut self, conn: Conn) {
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

    pub(super) async fn expect_in_vain(&mut self, conn: Conn) {
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
    pub(super) fn told_once(&mut self, conn: Conn, mark: usize) {
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

    pub(super) async fn unsubscribe(&mut self, conn: Conn) {
        if !self.begins("unsubscribe", "unsubscribe") {
            return;
        }
        let since = Since::now(self.server);
        let op = Op::Unsubscribe { conn: conn.name.to_owned(), sub: SUB.to_owned() };
        let Some(told) = self.talk.ask(op).await else { return };
        let push = since.push(conn.number, |sent| sent.event == "unsubscribe").await;
        self.agrees_with_push(&told, "unsubscribe", "an unsubscribe", &push, since);
    }
}

pub(super) struct Chat {
    sub: String,
    n: u64,
    data: Value,
}

pub(super) fn chat_of(event: &Event, name: &str) -> Option<Chat> {
    match event {
        Event::Chat { conn, sub, n, data } if conn == name => {
            Some(Chat { sub: sub.clone(), n: *n, data: Value::Object(data.clone()) })
        }
        _ => None,
    }
}

fn expect(conn: Conn, within_ms: u64) -> Op {
    Op::Expect { conn: conn.name.to_owned(), event: "chat".to_owned(), count: 1, within_ms }
}
