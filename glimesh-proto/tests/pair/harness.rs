//! Both roles, a wire that takes no time, and somebody who makes them speak.

use std::collections::VecDeque;
use std::fmt::{Debug, Write as _};

use glimesh_proto::client::{self, Client};
use glimesh_proto::server::{self, Server};
use glimesh_proto::{ClientMessage, Close, Doc, Instant, Reply, SubscriptionId, Transmit};
use serde_json::Value;

/// What somebody outside the machines does.
pub(crate) enum Act {
    Join,
    Rejoin,
    Doc(&'static str),
    Unsubscribe(&'static str),
    Leave,
    Heartbeat,
    Publish(&'static str, Value),
    /// The channel's process on the server ends.
    Crash,
    /// The server says something out of turn.
    Say(&'static str),
    /// From now on the client's timers are not served: it is stuck.
    Stall,
    /// From now on the server answers nothing: its script ignores what it hears.
    Ignore,
    Close,
}

/// What the client's and the server's owners do, and what documents are answered with.
#[derive(Default)]
pub(crate) struct Script {
    acts: VecDeque<(Instant, Act)>,
    answers: VecDeque<Reply>,
}

impl Script {
    pub(crate) fn at(mut self, ms: u64, act: Act) -> Self {
        self.acts.push_back((Instant::from_millis(ms), act));
        self
    }

    pub(crate) fn answer(mut self, response: Value) -> Self {
        self.answers.push_back(Reply::ok(response));
        self
    }
}

/// Both roles, with a wire between them that takes no time.
pub(crate) struct Pair {
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
    pub(crate) fn new(config: server::Config, script: Script) -> Self {
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

    pub(crate) fn run_until(&mut self, end: Instant) -> &str {
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
            Act::Rejoin => self.client.rejoin(now).err(),
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
            Act::Crash => {
                self.server.crash_channel();
                None
            }
            Act::Say(text) => {
                self.server.send_text(text.to_owned());
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

    /// Answers and data can be seen on the wire; the rest is worth a line.
    fn tell(&mut self, event: &client::Event) {
        use client::Event;
        match event {
            Event::Subscribed { .. }
            | Event::Unsubscribed { .. }
            | Event::Replied { .. }
            | Event::Data { .. }
            | Event::HeartbeatAnswered => {}
            event => self.write("client:", event),
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
