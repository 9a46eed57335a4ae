//! Client against Server on a simulated clock: nothing sleeps, and the result is the transcript.

use std::collections::VecDeque;
use std::fmt::{Debug, Write as _};
use std::time::Duration;

use glimesh_proto::client::{self, Client};
use glimesh_proto::server::{self, Server};
use glimesh_proto::{ClientMessage, Close, Doc, Instant, Reply, SubscriptionId, Transmit};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// What somebody outside the machines does.
enum Act {
    Join,
    Doc(&'static str),
    Unsubscribe(&'static str),
    Leave,
    Heartbeat,
    Publish(&'static str, Value),
    /// From now on the client's timers are not served: it is stuck.
    Stall,
    /// From now on the server answers nothing: its script ignores what it hears.
    Ignore,
    Close,
}

/// What the client's and the server's owners do, and what documents are answered with.
#[derive(Default)]
struct Script {
    acts: VecDeque<(Instant, Act)>,
    answers: VecDeque<Reply>,
}

impl Script {
    fn at(mut self, ms: u64, act: Act) -> Self {
        self.acts.push_back((Instant::from_millis(ms), act));
        self
    }

    fn answer(mut self, response: Value) -> Self {
        self.answers.push_back(Reply::ok(response));
        self
    }
}

/// Both roles, with a wire between them that takes no time.
struct Pair {
    now: Instant,
    client: Client,
    server: Server,
    script: Script,
    stalled: bool,
    ignoring: bool,
    transcript: String,
}

/// More than any conversation of these tests needs; a machine that asks for the same timeout for ever ends here.
const MOST_STEPS: usize = 1_000;

impl Pair {
    fn new(config: server::Config, script: Script) -> Self {
        Self {
            now: Instant::ZERO,
            client: Client::new(client::Config::default(), Instant::ZERO),
            server: Server::new(config, Instant::ZERO),
            script,
            stalled: false,
            ignoring: false,
            transcript: String::new(),
        }
    }

    fn run_until(&mut self, end: Instant) -> &str {
        for _ in 0..MOST_STEPS {
            self.drain();
            let act = self.script.acts.front().map(|(at, _)| *at);
            let client = self.client.poll_timeout().filter(|_| !self.stalled);
            let next = [act, client, self.server.poll_timeout()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return &self.transcript;
            };
            assert!(next >= self.now, "time went back from {} to {next}", self.now);
            self.now = next;
            // What is said at an instant comes before the timeouts of that instant: the deadline is in time.
            if act == Some(next) {
                let (_, act) = self.script.acts.pop_front().expect("it was there");
                self.act(act);
            } else if client == Some(next) {
                self.client.handle_timeout(next);
            } else {
                self.server.handle_timeout(next);
            }
        }
        panic!("no end after {MOST_STEPS} steps:\n{}", self.transcript);
    }

    fn act(&mut self, act: Act) {
        let now = self.now;
        let refused = match act {
            Act::Join => self.client.join(now).err(),
            Act::Doc(query) => self.client.send_doc(now, &Doc::new(query)).err(),
            Act::Unsubscribe(id) => self.client.unsubscribe(now, &SubscriptionId(id.into())).err(),
            Act::Leave => self.client.leave(now).err(),
            Act::Heartbeat => {
                self.client.send_heartbeat(now);
                None
            }
            Act::Publish(id, result) => {
                self.server.publish(&SubscriptionId(id.into()), result);
                None
            }
            Act::Stall => {
                self.stalled = true;
                None
            }
            Act::Ignore => {
                self.ignoring = true;
                None
            }
            Act::Close => {
                self.client.close(Close::new(1000));
                None
            }
        };
        if let Some(refused) = refused {
            self.write("client refuses:", &refused);
        }
    }

    /// Carries everything over the wire until neither side has anything to say.
    fn drain(&mut self) {
        loop {
            if let Some(transmit) = self.client.poll_transmit() {
                self.write(">", &Wire(&transmit));
                match transmit {
                    Transmit::Text(text) => self.server.handle_text(self.now, &text),
                    Transmit::Close(close) => self.server.handle_close(close),
                }
            } else if let Some(transmit) = self.server.poll_transmit() {
                self.write("<", &Wire(&transmit));
                match transmit {
                    Transmit::Text(text) => self.client.handle_text(self.now, &text),
                    Transmit::Close(close) => self.client.handle_close(close),
                }
            } else if let Some(event) = self.server.poll_event() {
                self.serve(event);
            } else if let Some(event) = self.client.poll_event() {
                self.tell(&event);
            } else {
                return;
            }
        }
    }

    fn serve(&mut self, event: server::Event) {
        match event {
            server::Event::Received { .. } if self.ignoring => {}
            server::Event::Received { frame, message } => {
                let answer = self.server.correct_answer(&frame, &message);
                let answer = match message {
                    ClientMessage::Doc(_) => answer.or_else(|| self.script.answers.pop_front()),
                    _ => answer,
                };
                if let Some(answer) = answer {
                    self.server.reply(&frame, answer);
                }
            }
            server::Event::Violation { frame, violation } => {
                self.write("server:", &violation);
                self.server.apply(frame.as_ref(), violation.consequence());
            }
            event => self.write("server:", &event),
        }
    }

    /// Replies and data can be seen on the wire; the rest is worth a line.
    fn tell(&mut self, event: &client::Event) {
        use client::Event;
        if !matches!(event, Event::Replied { .. } | Event::Data { .. } | Event::HeartbeatAnswered) {
            self.write("client:", event);
        }
    }

    fn write(&mut self, who: &str, what: &dyn Debug) {
        let seconds = self.now.since_start().as_secs_f64();
        writeln!(self.transcript, "{seconds:7.3}s {who} {what:?}")
            .expect("writing to a String cannot fail");
    }
}

struct Wire<'a>(&'a Transmit);

impl Debug for Wire<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Transmit::Text(text) => f.write_str(text),
            Transmit::Close(close) => write!(f, "close {close}"),
        }
    }
}

fn seconds(seconds: u64) -> Instant {
    Instant::from(Duration::from_secs(seconds))
}

#[test]
fn the_documents_conversation() {
    const ID: &str = "__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D";
    let user = json!({"avatar": "/uploads/avatars/Mytho.png?v=63762672056", "username": "Mytho"});
    let said = json!({"data": {"chatMessage": {"message": "hello world!", "user": user}}});
    let script = Script::default()
        .at(0, Act::Join)
        .at(100, Act::Doc("subscription{ chatMessage(channelId: 6) { user { username avatar } message } }"))
        .answer(json!({"subscriptionId": ID}))
        .at(26_000, Act::Publish(ID, said))
        .at(27_000, Act::Doc(r#"mutation {createChatMessage(channelId:6, message: {message: "Hello There!"}) {message }}"#))
        .answer(json!({"data": {"createChatMessage": {"message": "Hello There!"}}}))
        .at(28_000, Act::Doc(r#"query {followers(streamerUsername: "CHANNEL") {id,user {username}}}"#))
        .answer(json!({"data": {"followers": [{"id": "613", "user": {"username": "Mytho"}}]}}))
        .at(29_000, Act::Unsubscribe(ID))
        .at(30_000, Act::Leave)
        .at(31_000, Act::Doc("{myself{id}}"))
        .at(32_000, Act::Close);
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(60)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
     0.100s > ["1","2","__absinthe__:control","doc",{"query":"subscription{ chatMessage(channelId: 6) { user { username avatar } message } }","variables":{}}]
     0.100s < ["1","2","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D"},"status":"ok"}]
    25.000s > [null,"3","phoenix","heartbeat",{}]
    25.000s < [null,"3","phoenix","phx_reply",{"response":{},"status":"ok"}]
    26.000s < [null,null,"__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D","subscription:data",{"result":{"data":{"chatMessage":{"message":"hello world!","user":{"avatar":"/uploads/avatars/Mytho.png?v=63762672056","username":"Mytho"}}}},"subscriptionId":"__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D"}]
    27.000s > ["1","4","__absinthe__:control","doc",{"query":"mutation {createChatMessage(channelId:6, message: {message: \"Hello There!\"}) {message }}","variables":{}}]
    27.000s < ["1","4","__absinthe__:control","phx_reply",{"response":{"data":{"createChatMessage":{"message":"Hello There!"}}},"status":"ok"}]
    28.000s > ["1","5","__absinthe__:control","doc",{"query":"query {followers(streamerUsername: \"CHANNEL\") {id,user {username}}}","variables":{}}]
    28.000s < ["1","5","__absinthe__:control","phx_reply",{"response":{"data":{"followers":[{"id":"613","user":{"username":"Mytho"}}]}},"status":"ok"}]
    29.000s > ["1","6","__absinthe__:control","unsubscribe",{"subscriptionId":"__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D"}]
    29.000s < ["1","6","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D"},"status":"ok"}]
    30.000s > ["1","7","__absinthe__:control","phx_leave",{}]
    30.000s < ["1","7","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    30.000s < ["1","1","__absinthe__:control","phx_close",{}]
    31.000s client refuses: WrongState(Closed)
    32.000s > close 1000
    32.000s server: Closed(Close { code: Some(1000), reason: "" })
    "#);
}

#[test]
fn two_minutes_of_heartbeats() {
    let script = Script::default().at(0, Act::Join);
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(120)), @r#"
      0.000s > ["1","1","__absinthe__:control","phx_join",{}]
      0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
      0.000s client: Joined
     25.000s > [null,"2","phoenix","heartbeat",{}]
     25.000s < [null,"2","phoenix","phx_reply",{"response":{},"status":"ok"}]
     50.000s > [null,"3","phoenix","heartbeat",{}]
     50.000s < [null,"3","phoenix","phx_reply",{"response":{},"status":"ok"}]
     75.000s > [null,"4","phoenix","heartbeat",{}]
     75.000s < [null,"4","phoenix","phx_reply",{"response":{},"status":"ok"}]
    100.000s > [null,"5","phoenix","heartbeat",{}]
    100.000s < [null,"5","phoenix","phx_reply",{"response":{},"status":"ok"}]
    "#);
}

#[test]
fn client_is_dropped_at_32_s_when_it_falls_silent() {
    let script = Script::default().at(0, Act::Join).at(1, Act::Stall);
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(120)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
    32.000s < close 1000
    32.000s server: Dropped { silent_for: 32s }
    32.000s client: Closed(Close { code: Some(1000), reason: "" })
    "#);
}

#[test]
fn client_is_dropped_at_60_s_of_silence_in_profile_phoenix() {
    let script = Script::default().at(0, Act::Join).at(1, Act::Stall);
    assert_snapshot!(Pair::new(server::Config::phoenix(), script).run_until(seconds(120)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
    60.000s < close 1000
    60.000s server: Dropped { silent_for: 60s }
    60.000s client: Closed(Close { code: Some(1000), reason: "" })
    "#);
}

#[test]
fn documents_do_not_replace_heartbeats() {
    let script = Script::default()
        .at(0, Act::Join)
        .at(1, Act::Stall)
        .at(31_000, Act::Doc("{myself{id}}"))
        .answer(json!({"data": {"myself": {"id": "1"}}}));
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(120)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
    31.000s > ["1","2","__absinthe__:control","doc",{"query":"{myself{id}}","variables":{}}]
    31.000s < ["1","2","__absinthe__:control","phx_reply",{"response":{"data":{"myself":{"id":"1"}}},"status":"ok"}]
    32.000s < close 1000
    32.000s server: Dropped { silent_for: 32s }
    32.000s client: Closed(Close { code: Some(1000), reason: "" })
    "#);
}

#[test]
fn heartbeat_at_the_deadline_is_in_time() {
    let script = Script::default()
        .at(0, Act::Stall)
        .at(32_000, Act::Heartbeat)
        .at(64_000, Act::Heartbeat)
        .at(96_001, Act::Heartbeat);
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(120)), @r#"
    32.000s > [null,"1","phoenix","heartbeat",{}]
    32.000s < [null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]
    64.000s > [null,"2","phoenix","heartbeat",{}]
    64.000s < [null,"2","phoenix","phx_reply",{"response":{},"status":"ok"}]
    96.000s < close 1000
    96.000s server: Dropped { silent_for: 32s }
    96.000s client: Closed(Close { code: Some(1000), reason: "" })
    "#);
}

#[test]
fn refused_commands_change_nothing() {
    let script = Script::default()
        .at(0, Act::Doc("{myself{id}}"))
        .at(1, Act::Leave)
        .at(2, Act::Join)
        .at(3, Act::Join)
        .at(4, Act::Close)
        .at(5, Act::Join)
        .at(6, Act::Heartbeat);
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(60)), @r#"
    0.000s client refuses: WrongState(Closed)
    0.001s client refuses: WrongState(Closed)
    0.002s > ["1","1","__absinthe__:control","phx_join",{}]
    0.002s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.002s client: Joined
    0.003s client refuses: WrongState(Joined)
    0.004s > close 1000
    0.004s server: Closed(Close { code: Some(1000), reason: "" })
    0.005s client refuses: Closed
    "#);
}

#[test]
fn unanswered_join_and_leave_can_be_repeated() {
    let script = Script::default()
        .at(0, Act::Join)
        .at(1_000, Act::Ignore)
        .at(2_000, Act::Leave)
        .at(3_000, Act::Join)
        .at(13_000, Act::Join)
        .at(24_000, Act::Join);
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(24)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
     2.000s > ["1","2","__absinthe__:control","phx_leave",{}]
     3.000s client refuses: WrongState(Leaving)
    12.000s client: Unanswered { msg_ref: Ref("2") }
    13.000s > ["3","3","__absinthe__:control","phx_join",{}]
    23.000s client: Unanswered { msg_ref: Ref("3") }
    24.000s > ["4","4","__absinthe__:control","phx_join",{}]
    "#);
}
