//! A client and a server with a link between them that loses, delays, doubles and reorders; and what must hold.
//!
//! Time is simulated. Every operation ends with a look at all invariants, so who runs a sequence of operations has
//! tested it. Used by the model test beside it and by the fuzz target `operations`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use glimesh_proto::client::{self, Client};
use glimesh_proto::server::{self, Server};
use glimesh_proto::{
    ChannelState, ClientMessage, Close, Doc, Frame, Instant, Ref, Reply, SubscriptionId,
    SubscriptionState, Transmit, names,
};
use serde_json::json;

/// What somebody outside the machines does.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Join,
    Rejoin,
    Leave,
    Query,
    Subscribe,
    /// Ends one of the client's subscriptions, if it has one.
    Unsubscribe(u8),
    Heartbeat,
    /// Something happens that one of the server's subscribers is told.
    Publish(u8),
    /// The channel's process on the server ends.
    Crash,
    /// From now on the server answers, or does not.
    Mute(bool),
    /// From now on nothing arrives any more.
    Cut,
    /// The server says something out of turn.
    ServerSays(String),
    /// The client says something that no machine would.
    ClientSays(String),
    ClientCloses,
    ServerCloses,
    /// Milliseconds.
    Wait(u32),
}

/// What the link does with one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    pub(crate) is_lost: bool,
    pub(crate) delay_ms: u16,
    /// A second copy arrives that much after the first.
    pub(crate) again_after_ms: Option<u16>,
}

/// How a link behaves.
#[derive(Clone, Debug)]
pub(crate) struct Nature {
    /// What happens to the messages, one after the other, again and again; empty: they arrive at once.
    pub(crate) fates: Vec<Fate>,
    /// Whether no message overtakes another.
    pub(crate) keeps_order: bool,
}

impl Nature {
    fn loses(&self) -> bool {
        self.fates.iter().any(|fate| fate.is_lost)
    }

    fn is_faithful(&self) -> bool {
        let doubles = self.fates.iter().any(|fate| fate.again_after_ms.is_some());
        self.keeps_order && !self.loses() && !doubles
    }
}

/// No message is under way for longer than this, its second copy not counted.
pub(crate) const MOST_DELAY_MS: u16 = 3_000;

#[derive(Debug)]
enum Arrival {
    AtServer(Transmit),
    AtClient(Transmit),
}

#[derive(Debug)]
struct Link {
    nature: Nature,
    is_cut: bool,
    sent: usize,
    last_arrival: Instant,
    /// By time, and then in the order of sending.
    under_way: BTreeMap<(Instant, usize), Arrival>,
}

impl Link {
    fn send(&mut self, now: Instant, arrival: impl Fn() -> Arrival) {
        let fates = &self.nature.fates;
        let fate = fates.get(self.sent % fates.len().max(1)).copied();
        let at_once = Fate { is_lost: false, delay_ms: 0, again_after_ms: None };
        let Fate { is_lost, delay_ms, again_after_ms } = fate.unwrap_or(at_once);
        self.sent += 1;
        if is_lost || self.is_cut {
            return;
        }
        let delay = |ms: u16| Duration::from_millis(u64::from(ms));
        let mut at = now + delay(delay_ms.min(MOST_DELAY_MS));
        if self.nature.keeps_order {
            at = at.max(self.last_arrival);
        }
        self.last_arrival = at;
        self.under_way.insert((at, 2 * self.sent), arrival());
        if let Some(again) = again_after_ms {
            self.under_way.insert((at + delay(again), 2 * self.sent + 1), arrival());
        }
    }

    fn next_arrival(&self) -> Option<Instant> {
        self.under_way.keys().next().map(|(at, _)| *at)
    }
}

/// What a client shows of itself.
type Shown = (ChannelState, Vec<(SubscriptionId, SubscriptionState)>, Vec<(Ref, Instant)>);

#[derive(Debug)]
pub(crate) struct Simulation {
    now: Instant,
    client: Client,
    server: Server,
    link: Link,
    is_muted: bool,
    /// Only the machines have spoken, and every question was answered.
    is_undisturbed: bool,
    last_id: u32,
    last_join: Option<Ref>,
    /// The client was opened, or its heartbeat answered.
    client_heard: Instant,
    /// The server was opened, or heard a heartbeat.
    server_heard: Instant,
}

/// More than one operation can need: a machine that asks for the same timeout for ever ends here.
const MOST_STEPS: usize = 20_000;

fn client_config() -> client::Config {
    client::Config::default()
}

fn drop_after() -> Duration {
    let rule = server::Config::glimesh().drop_rule;
    rule.limit + rule.grace
}

impl Simulation {
    pub(crate) fn new(nature: Nature) -> Self {
        let start = Instant::ZERO;
        Self {
            now: start,
            client: Client::new(client_config(), start),
            server: Server::new(server::Config::glimesh(), start),
            link: Link {
                nature,
                is_cut: false,
                sent: 0,
                last_arrival: start,
                under_way: BTreeMap::new(),
            },
            is_muted: false,
            is_undisturbed: true,
            last_id: 0,
            last_join: None,
            client_heard: start,
            server_heard: start,
        }
    }

    /// Does it, carries what is said as far as it gets, and looks at everything that must hold.
    pub(crate) fn apply(&mut self, operation: &Operation) {
        self.act(operation);
        self.drain();
        if let Operation::Wait(ms) = operation {
            self.run_until(self.now + Duration::from_millis(u64::from(*ms)));
        } else {
            self.run_until(self.now);
        }
        self.check();
    }

    fn act(&mut self, operation: &Operation) {
        let now = self.now;
        match operation {
            Operation::Join => self.command(|client| client.join(now)),
            Operation::Rejoin => self.command(|client| client.rejoin(now)),
            Operation::Leave => self.command(|client| client.leave(now)),
            Operation::Query => self.command(|client| client.send_doc(now, &Doc::new("{a}"))),
            Operation::Subscribe => {
                self.command(|client| client.send_doc(now, &Doc::new("subscription{a}")));
            }
            Operation::Unsubscribe(which) => {
                let ids: Vec<_> = self.client.subscriptions().map(|(id, _)| id.clone()).collect();
                if let Some(id) = ids.get(usize::from(*which) % ids.len().max(1)) {
                    self.command(|client| client.unsubscribe(now, id));
                }
            }
            Operation::Heartbeat => self.client.send_heartbeat(now),
            Operation::Publish(which) => {
                let ids: Vec<_> = self.server.subscriptions().cloned().collect();
                if let Some(id) = ids.get(usize::from(*which) % ids.len().max(1)) {
                    self.server.publish(id, json!({"data": {"a": 1}}));
                }
            }
            Operation::Crash => self.server.crash_channel(),
            Operation::Mute(is_muted) => {
                self.is_muted = *is_muted;
                self.is_undisturbed &= !is_muted;
            }
            Operation::Cut => self.link.is_cut = true,
            Operation::ServerSays(text) => {
                self.is_undisturbed = false;
                self.server.send_text(text.clone());
            }
            Operation::ClientSays(text) => {
                self.is_undisturbed = false;
                self.server.handle_text(now, text);
            }
            Operation::ClientCloses => self.client.close(Close::new(names::CLOSE_NORMAL)),
            Operation::ServerCloses => self.server.close(Close::new(names::CLOSE_NORMAL)),
            Operation::Wait(_) => {}
        }
    }

    /// A command is one more push that waits, or changes nothing at all.
    fn command(&mut self, command: impl FnOnce(&mut Client) -> Result<Ref, client::CommandError>) {
        let before = self.shown();
        match command(&mut self.client) {
            Ok(msg_ref) => {
                let waiting: Vec<_> = self.client.pending().collect();
                assert_eq!(waiting.len(), before.2.len() + 1);
                assert_eq!(waiting.last().map(|(last, _)| *last), Some(&msg_ref));
                if self.client.channel() == ChannelState::Joining {
                    self.last_join = Some(msg_ref);
                }
            }
            Err(_) => assert_eq!(self.shown(), before, "a refused command changed something"),
        }
    }

    fn run_until(&mut self, end: Instant) {
        for _ in 0..MOST_STEPS {
            let arrival = self.link.next_arrival();
            let timeouts = [self.client.poll_timeout(), self.server.poll_timeout()];
            let next = timeouts.into_iter().chain([arrival]).flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            assert!(next >= self.now, "time went back from {} to {next}", self.now);
            self.now = next;
            // What arrives at a deadline is in time.
            if arrival == Some(next) {
                if let Some((_, arrival)) = self.link.under_way.pop_first() {
                    self.arrive(arrival);
                }
            } else if timeouts[0] == Some(next) {
                self.tell_client(|client| client.handle_timeout(next));
                assert!(self.client.poll_timeout().is_none_or(|timeout| timeout > next));
            } else {
                self.server.handle_timeout(next);
                assert!(!self.server.is_open(), "a deadline passed without a drop");
            }
            self.drain();
        }
        panic!("no end after {MOST_STEPS} steps");
    }

    fn arrive(&mut self, arrival: Arrival) {
        let now = self.now;
        match arrival {
            Arrival::AtServer(Transmit::Text(text)) => self.server.handle_text(now, &text),
            Arrival::AtServer(Transmit::Close(close)) => self.server.handle_close(close),
            Arrival::AtClient(Transmit::Close(close)) => {
                self.tell_client(|client| client.handle_close(close));
            }
            Arrival::AtClient(Transmit::Text(text)) => {
                let is_outdated = self.is_outdated(&text) && self.client.is_open();
                let before = self.shown();
                let events = self.tell_client(|client| client.handle_text(now, &text));
                if is_outdated {
                    self.check_outdated(&text, &events, before);
                }
            }
        }
    }

    /// The past moves no channel; at most it answers a push that waits.
    fn check_outdated(&self, text: &str, events: &[client::Event], mut before: Shown) {
        match events {
            [client::Event::Stale(_) | client::Event::Violation(_)] => {}
            [client::Event::Replied { msg_ref, .. }] => {
                before.2.retain(|(waiting, _)| waiting != msg_ref);
            }
            _ => panic!("{text} {events:?}"),
        }
        assert_eq!(self.shown(), before, "{text}");
    }

    /// Whether a text speaks of a channel that another join has replaced.
    fn is_outdated(&self, text: &str) -> bool {
        Frame::decode(text).is_ok_and(|frame| {
            let ends_or_answers =
                [names::PHX_REPLY, names::PHX_CLOSE, names::PHX_ERROR].contains(&&*frame.event);
            frame.topic == names::CONTROL_TOPIC
                && ends_or_answers
                && frame.join_ref.is_some()
                && frame.join_ref != self.last_join
        })
    }

    /// One input of the client's: each push is settled at most once, and the past changes nothing.
    fn tell_client(&mut self, input: impl FnOnce(&mut Client)) -> Vec<client::Event> {
        use client::Event;
        let before = self.shown();
        let waited: BTreeSet<_> = before.2.iter().map(|(msg_ref, _)| msg_ref.to_string()).collect();
        input(&mut self.client);
        let after = self.shown();
        let waits: BTreeSet<_> = after.2.iter().map(|(msg_ref, _)| msg_ref.to_string()).collect();
        let events: Vec<Event> = std::iter::from_fn(|| self.client.poll_event()).collect();
        let mut settled = 0;
        for event in &events {
            match event {
                Event::HeartbeatAnswered => {
                    self.client_heard = self.now;
                    settled += 1;
                }
                Event::Joined | Event::HeartbeatMissed { .. } => settled += 1,
                Event::Replied { msg_ref, .. } | Event::Unanswered { msg_ref } => {
                    assert!(waited.contains(&msg_ref.to_string()), "{event:?} {waited:?}");
                    settled += 1;
                }
                Event::Subscribed { msg_ref, .. } | Event::Unsubscribed { msg_ref, .. } => {
                    // It may have been given up before.
                    settled += usize::from(waited.contains(&msg_ref.to_string()));
                }
                Event::Stale(_) | Event::Violation(_) => assert_eq!(after, before, "{event:?}"),
                Event::Data { .. }
                | Event::ChannelCrashed
                | Event::ChannelClosed
                | Event::Closed(_) => {}
            }
        }
        if self.client.is_open() {
            assert_eq!(waited.difference(&waits).count(), settled, "{events:?}");
        }
        events
    }

    /// Carries what is said into the link until neither side has anything to say.
    fn drain(&mut self) {
        let now = self.now;
        loop {
            if let Some(transmit) = self.client.poll_transmit() {
                self.link.send(now, || Arrival::AtServer(transmit.clone()));
            } else if let Some(transmit) = self.server.poll_transmit() {
                self.link.send(now, || Arrival::AtClient(transmit.clone()));
            } else if let Some(event) = self.server.poll_event() {
                self.serve(event);
            } else {
                return;
            }
        }
    }

    fn serve(&mut self, event: server::Event) {
        match event {
            server::Event::Received { frame, message } => {
                if message == ClientMessage::Heartbeat {
                    self.server_heard = self.now;
                }
                if !self.is_muted {
                    let answer = self.server.correct_answer(&frame, &message);
                    let answer = answer.unwrap_or_else(|| self.execute(&message));
                    self.server.reply(&frame, answer);
                }
            }
            server::Event::Violation { frame, violation } => {
                self.server.apply(frame.as_ref(), violation.consequence());
            }
            server::Event::Dropped { silent_for } => {
                assert_eq!(silent_for, self.now.since(self.server_heard));
                assert_eq!(silent_for, drop_after());
                let may_be_lost = self.link.nature.loses() || self.link.is_cut;
                assert!(may_be_lost, "dropped, though every heartbeat arrives");
            }
            server::Event::Closed(_) => {}
        }
    }

    /// What the world answers to a document.
    fn execute(&mut self, message: &ClientMessage) -> Reply {
        match message {
            ClientMessage::Doc(doc) if doc.query.starts_with("subscription") => {
                self.last_id += 1;
                Reply::ok(
                    json!({"subscriptionId": format!("__absinthe__:doc:-{}:A", self.last_id)}),
                )
            }
            _ => Reply::ok(json!({"data": {"a": null}})),
        }
    }

    fn check(&self) {
        let client = client_config();
        if self.client.is_open() {
            let silence = self.now.since(self.client_heard);
            let longest = client.heartbeat_every + client.reply_within;
            assert!(silence <= longest, "the client lives on a link that is dead for {silence:?}");
            for (msg_ref, deadline) in self.client.pending() {
                assert!(deadline > self.now, "{msg_ref} waits after its time");
                assert!(deadline <= self.now + client.reply_within);
            }
        } else {
            assert_eq!(self.client.pending().count(), 0);
            assert_eq!(self.client.poll_timeout(), None);
        }
        if self.server.is_open() {
            assert!(self.now.since(self.server_heard) < drop_after());
        }
        if self.client.channel() != ChannelState::Joined {
            assert_eq!(self.client.subscriptions().count(), 0, "subscribed without a channel");
        }
        if !self.server.is_joined() {
            assert_eq!(self.server.subscriptions().count(), 0, "subscribed without a channel");
        }
        self.check_agreement();
    }

    /// Where nothing is lost, doubled, reordered, forged or left unanswered, both sides come to the same end.
    fn check_agreement(&self) {
        let is_quiet = self.link.under_way.is_empty() && !self.link.is_cut;
        let is_open = self.client.is_open() && self.server.is_open();
        if !(is_quiet && is_open && self.is_undisturbed && self.link.nature.is_faithful()) {
            return;
        }
        assert_eq!(self.client.channel() == ChannelState::Joined, self.server.is_joined());
        let client: BTreeSet<_> = self.client.subscriptions().map(|(id, _)| id).collect();
        let server: BTreeSet<_> = self.server.subscriptions().collect();
        assert_eq!(client, server);
    }

    fn shown(&self) -> Shown {
        (
            self.client.channel(),
            self.client.subscriptions().map(|(id, state)| (id.clone(), state)).collect(),
            self.client.pending().map(|(msg_ref, deadline)| (msg_ref.clone(), deadline)).collect(),
        )
    }
}
