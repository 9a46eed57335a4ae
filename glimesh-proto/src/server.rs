//! The server's role: the drop rule, the channel, and what a correct answer is.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};

use crate::binary::Push;
use crate::channel::{ChannelState, Step};
use crate::deadline::{Deadline, DropRule, Sign};
use crate::frame::{Frame, Ref};
use crate::message::{ClientMessage, Reply, Status, SubscriptionId};
use crate::names;
use crate::time::Instant;
use crate::transmit::{Close, Transmit};
use crate::violation::{Consequence, Violation};

/// The settings of a server, one set for each profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// When a silent client is dropped.
    pub drop_rule: DropRule,
    /// The first element of the reply to a heartbeat; the real server sends `null`.
    pub heartbeat_reply_join_ref: Option<Ref>,
}

impl Config {
    /// The rule that the document states, with a grace for clients whose timer is exactly 30 s.
    pub const fn glimesh() -> Self {
        Self { drop_rule: DropRule::glimesh(), heartbeat_reply_join_ref: None }
    }

    /// The rule that was deployed.
    pub const fn phoenix() -> Self {
        Self { drop_rule: DropRule::phoenix(), heartbeat_reply_join_ref: None }
    }

    /// As [`glimesh`](Self::glimesh), with the text `"null"` in the heartbeat's reply, as the document prints it.
    pub fn literal() -> Self {
        Self { heartbeat_reply_join_ref: Some(Ref::text("null")), ..Self::glimesh() }
    }
}

/// What a [`Server`] has to report.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The client said something that can be answered.
    Received {
        /// The frame as it came.
        frame: Frame,
        /// What it means.
        message: ClientMessage,
    },
    /// The client broke a rule; [`Violation::consequence`] says what the real server does.
    Violation {
        /// The frame, if it could be read.
        frame: Option<Frame>,
        /// What is wrong with it.
        violation: Violation,
    },
    /// The drop rule struck: the close frame is among the transmits.
    Dropped {
        /// How long the client was silent.
        silent_for: Duration,
    },
    /// The client ended the connection.
    Closed(Close),
}

/// One connection, seen from the server. It is born open and ends closed.
///
/// After every call that takes `&mut self`, drain [`poll_transmit`](Self::poll_transmit) and
/// [`poll_event`](Self::poll_event); time never goes back.
///
/// The machine answers nothing by itself: [`correct_answer`](Self::correct_answer) says what the real server
/// would answer, and whoever drives the machine decides what is sent.
///
/// ```
/// use glimesh_proto::server::{Config, Event, Server};
/// use glimesh_proto::{Instant, Transmit};
///
/// let mut server = Server::new(Config::glimesh(), Instant::ZERO);
/// server.handle_text(Instant::ZERO, r#"["1","1","phoenix","heartbeat",{}]"#);
/// let Some(Event::Received { frame, message }) = server.poll_event() else { panic!() };
/// let answer = server.correct_answer(&frame, &message).expect("a heartbeat needs no world");
/// server.reply(&frame, answer);
/// let reply = r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;
/// assert_eq!(server.poll_transmit(), Some(Transmit::Text(reply.into())));
/// ```
#[derive(Debug)]
pub struct Server {
    heartbeat_reply_join_ref: Option<Ref>,
    state: State,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
}

#[derive(Debug)]
enum State {
    Open { deadline: Deadline, channel: Channel },
    Closed,
}

/// The control topic's channel.
#[derive(Debug)]
struct Channel {
    state: ChannelState,
    /// As the join carried it; `phx_close` and `phx_error` repeat it. Source: recordings, rule 19.
    join_ref: Option<Ref>,
    /// What replies carry: the join's ref where its join ref was null. Source: recordings, rule 19.
    reply_ref: Option<Ref>,
    /// What its documents were answered with; gone with the channel. Source: recordings, rules 18 and 28.
    subscriptions: BTreeSet<SubscriptionId>,
}

impl Channel {
    const CLOSED: Self = Self {
        state: ChannelState::Closed,
        join_ref: None,
        reply_ref: None,
        subscriptions: BTreeSet::new(),
    };

    fn of_join(join: &Frame) -> Self {
        // Elixir's `||` passes over `false`, too.
        let truthy = |join_ref: &Ref| join_ref.as_json().as_str() != "false";
        let reply_ref = join.join_ref.clone().filter(truthy).or_else(|| join.msg_ref.clone());
        let join_ref = join.join_ref.clone();
        Self { state: ChannelState::Joined, join_ref, reply_ref, ..Self::CLOSED }
    }

    /// A document or an `unsubscribe` is answered with `ok`.
    fn grant(&mut self, event: &str, response: &Value) {
        let Some(id) = response.get("subscriptionId").and_then(Value::as_str) else { return };
        let id = SubscriptionId(id.to_owned());
        if event == names::DOC {
            self.subscriptions.insert(id);
        } else {
            self.subscriptions.remove(&id);
        }
    }

    const fn is_joined(&self) -> bool {
        self.state.step(Step::Push).is_some()
    }
}

impl Server {
    /// A connection that was opened just now, by the 101 of its upgrade.
    pub fn new(config: Config, now: Instant) -> Self {
        let deadline = Deadline::new(config.drop_rule, now);
        Self {
            heartbeat_reply_join_ref: config.heartbeat_reply_join_ref,
            state: State::Open { deadline, channel: Channel::CLOSED },
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    // Input: never refused, never panics.

    /// A text message came.
    pub fn handle_text(&mut self, now: Instant, text: &str) {
        if !self.is_open() {
            return;
        }
        self.handle_traffic(now);
        match Frame::decode(text) {
            Ok(frame) => self.handle_frame(now, frame),
            Err(error) => self.violation(None, Violation::Unreadable(error)),
        }
    }

    /// A binary message came. Pushes in Phoenix's binary form are read, too.
    pub fn handle_binary(&mut self, now: Instant, bytes: &[u8]) {
        if !self.is_open() {
            return;
        }
        self.handle_traffic(now);
        match Push::decode(bytes) {
            Ok(push) => self.handle_frame(now, push.to_frame()),
            Err(_) => self.violation(None, Violation::Binary),
        }
    }

    /// Some bytes came: a ping, a pong, a part of a frame. Also called for each message.
    pub const fn handle_traffic(&mut self, now: Instant) {
        self.observe(Sign::Byte, now);
    }

    /// The client ended the connection, with a close frame or without.
    pub fn handle_close(&mut self, close: Close) {
        if self.is_open() {
            self.state = State::Closed;
            self.events.push_back(Event::Closed(close));
        }
    }

    /// Time has passed. Drops the client if its time is over; what comes at the deadline is in time.
    pub fn handle_timeout(&mut self, now: Instant) {
        let State::Open { deadline, .. } = &self.state else { return };
        let Some(silent_for) = deadline.overrun(now) else { return };
        self.events.push_back(Event::Dropped { silent_for });
        self.close(Close::new(names::CLOSE_NORMAL));
    }

    // Commands.

    /// What the real server answers, where that depends on the protocol alone.
    ///
    /// `None` for a document: only the world can answer it.
    pub fn correct_answer(&self, frame: &Frame, message: &ClientMessage) -> Option<Reply> {
        match message {
            ClientMessage::Join | ClientMessage::Heartbeat | ClientMessage::Leave => {
                Some(Reply::ok_empty())
            }
            ClientMessage::Unsubscribe(id) => Some(Reply::ok(json!({"subscriptionId": id.0}))),
            ClientMessage::Doc(_) if !self.is_joined() && frame.topic == names::CONTROL_TOPIC => {
                Some(Reply::unmatched_topic())
            }
            ClientMessage::Doc(_) => None,
        }
    }

    /// Answers a frame; finds the right join ref and moves the channel.
    pub fn reply(&mut self, to: &Frame, reply: Reply) {
        let State::Open { channel, .. } = &mut self.state else { return };
        let on_control = to.topic == names::CONTROL_TOPIC;
        let mut gone = None;
        let join_ref = match to.event.as_str() {
            names::HEARTBEAT if to.topic == names::PHOENIX_TOPIC => {
                self.heartbeat_reply_join_ref.clone()
            }
            names::PHX_JOIN if on_control && reply.status == Status::Ok => {
                let old = std::mem::replace(channel, Channel::of_join(to));
                gone = old.is_joined().then_some(old.join_ref);
                to.join_ref.clone()
            }
            names::PHX_LEAVE if on_control && channel.is_joined() && reply.status == Status::Ok => {
                let old = std::mem::replace(channel, Channel::CLOSED);
                gone = Some(old.join_ref);
                old.reply_ref
            }
            event @ (names::DOC | names::UNSUBSCRIBE) if on_control && channel.is_joined() => {
                if reply.status == Status::Ok {
                    channel.grant(event, &reply.response);
                }
                channel.reply_ref.clone()
            }
            _ => to.join_ref.clone(),
        };
        self.send_reply(join_ref, to, &reply);
        if let Some(old) = gone {
            self.send_channel_event(old, names::PHX_CLOSE);
        }
    }

    /// Does what the real server does about a broken rule.
    pub fn apply(&mut self, frame: Option<&Frame>, consequence: Consequence) {
        match (consequence, frame) {
            (Consequence::Close(close), _) => self.close(close),
            (Consequence::CrashChannel, _) => self.crash_channel(),
            (Consequence::Reply { reply, with_join_ref: true }, Some(frame)) => {
                self.reply(frame, reply);
            }
            (Consequence::Reply { reply, with_join_ref: false }, Some(frame)) => {
                self.send_reply(None, frame, &reply);
            }
            (Consequence::Reply { .. }, None) | (Consequence::Silence, _) => {}
        }
    }

    /// Ends the channel as a crash does: `phx_error`, and every push until the next join is unmatched.
    pub fn crash_channel(&mut self) {
        let State::Open { channel, .. } = &mut self.state else { return };
        if channel.is_joined() {
            let old = std::mem::replace(channel, Channel::CLOSED);
            self.send_channel_event(old.join_ref, names::PHX_ERROR);
        }
    }

    /// Sends data to a subscriber; nothing if the subscription has ended while the data was on its way.
    pub fn publish(&mut self, id: &SubscriptionId, result: Value) {
        if self.is_subscribed(id) {
            self.send_text(Frame::data(id, result).encode());
        }
    }

    /// Sends any text; deliberate nonsense goes here.
    pub fn send_text(&mut self, text: String) {
        if self.is_open() {
            self.transmits.push_back(Transmit::Text(text));
        }
    }

    /// Ends the connection.
    pub fn close(&mut self, close: Close) {
        if self.is_open() {
            self.state = State::Closed;
            self.transmits.push_back(Transmit::Close(close));
        }
    }

    // Output: drain all after every command and every input.

    /// The next thing to put on the WebSocket.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        if self.events.is_empty() {
            // Room for a few events is a kilobyte, and there are thousands of idle connections.
            self.events = VecDeque::new();
        }
        event
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called; `None` once closed, and before the drop rule
    /// is armed.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Open { deadline, .. } => deadline.at(),
            State::Closed => None,
        }
    }

    /// Whether the connection stands.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Whether the control topic is joined.
    pub const fn is_joined(&self) -> bool {
        matches!(&self.state, State::Open { channel, .. } if channel.is_joined())
    }

    /// Whether a document was answered with this id, and neither it nor its channel has ended since.
    pub fn is_subscribed(&self, id: &SubscriptionId) -> bool {
        matches!(&self.state, State::Open { channel, .. } if channel.subscriptions.contains(id))
    }

    /// The live subscriptions.
    pub fn subscriptions(&self) -> impl Iterator<Item = &SubscriptionId> {
        let channel = match &self.state {
            State::Open { channel, .. } => Some(channel),
            State::Closed => None,
        };
        channel.into_iter().flat_map(|channel| &channel.subscriptions)
    }

    fn handle_frame(&mut self, now: Instant, frame: Frame) {
        match self.read(&frame) {
            Ok(message) => {
                match message {
                    ClientMessage::Heartbeat => self.observe(Sign::Heartbeat, now),
                    ClientMessage::Join => self.observe(Sign::Join, now),
                    _ => {}
                }
                self.events.push_back(Event::Received { frame, message });
            }
            Err(violation) => self.violation(Some(frame), violation),
        }
    }

    fn read(&self, frame: &Frame) -> Result<ClientMessage, Violation> {
        let not_joined = || Violation::NotJoined { topic: frame.topic.to_string() };
        let on_control = frame.topic == names::CONTROL_TOPIC;
        if on_control && !self.is_joined() && !is_join_or_leave(&frame.event) {
            return Err(not_joined());
        }
        let message = ClientMessage::try_from(frame)?;
        if message == ClientMessage::Leave && on_control && !self.leave_is_for_this_join(frame) {
            return Err(Violation::ForeignJoinRef);
        }
        Ok(message)
    }

    /// Source: recordings, rule 20.
    fn leave_is_for_this_join(&self, leave: &Frame) -> bool {
        match &self.state {
            State::Open { channel, .. } if channel.is_joined() => {
                channel.join_ref.is_none() || channel.join_ref == leave.join_ref
            }
            _ => true,
        }
    }

    const fn observe(&mut self, sign: Sign, now: Instant) {
        if let State::Open { deadline, .. } = &mut self.state {
            deadline.observe(sign, now);
        }
    }

    fn violation(&mut self, frame: Option<Frame>, violation: Violation) {
        self.events.push_back(Event::Violation { frame, violation });
    }

    fn send_reply(&mut self, join_ref: Option<Ref>, to: &Frame, reply: &Reply) {
        let event = names::PHX_REPLY;
        let payload = reply.to_payload();
        let frame = Frame::push(join_ref, to.msg_ref.clone(), to.topic.clone(), event, payload);
        self.send_text(frame.encode());
    }

    fn send_channel_event(&mut self, join_ref: Option<Ref>, event: &str) {
        let frame = Frame::push(join_ref.clone(), join_ref, names::CONTROL_TOPIC, event, json!({}));
        self.send_text(frame.encode());
    }
}

fn is_join_or_leave(event: &str) -> bool {
    matches!(event, names::PHX_JOIN | names::PHX_LEAVE)
}
