//! The client's role: commands, the heartbeat timer, the reply timers.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::json;

use crate::channel::{ChannelState, Step};
use crate::frame::{Frame, Ref};
use crate::message::{Doc, Reply, ServerMessage, Status, SubscriptionId};
use crate::names;
use crate::time::Instant;
use crate::transmit::{Close, Transmit};
use crate::violation::Violation;

/// The settings of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The time between two heartbeats, counted from the open.
    pub heartbeat_every: Duration,
    /// How long a push waits for its reply before it is reported as unanswered.
    pub reply_within: Duration,
}

impl Default for Config {
    /// A heartbeat every 25 s leaves five seconds to the limit; a reply may take 10 s.
    ///
    /// Source of the 10 s: Phoenix, `assets/js/phoenix/constants.js`, `DEFAULT_TIMEOUT`.
    fn default() -> Self {
        Self { heartbeat_every: Duration::from_secs(25), reply_within: Duration::from_secs(10) }
    }
}

/// Why a command is refused; nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The connection has ended.
    #[error("the connection is closed")]
    Closed,
    /// The command does not fit the channel's state.
    #[error("the channel is {0:?}")]
    WrongState(ChannelState),
}

/// What a [`Client`] has to report.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The control topic is joined: documents may be sent.
    Joined,
    /// A push was answered; a refused join and a leave come so, too.
    Replied {
        /// The push's reference.
        msg_ref: Ref,
        /// The answer.
        reply: Reply,
    },
    /// Data for a subscription.
    Data {
        /// Whose data it is.
        subscription_id: SubscriptionId,
        /// A GraphQL result.
        result: serde_json::Value,
    },
    /// The heartbeat was answered.
    HeartbeatAnswered,
    /// A push or a heartbeat was not answered in time.
    Unanswered {
        /// The push's reference.
        msg_ref: Ref,
    },
    /// The channel crashed: join again.
    ChannelCrashed,
    /// The channel is gone in good order.
    ChannelClosed,
    /// The server ended the connection.
    Closed(Close),
    /// The server broke a rule.
    Violation(Violation),
}

/// One connection, seen from the client. It is born open and ends closed.
///
/// After every call that takes `&mut self`, drain [`poll_transmit`](Self::poll_transmit) and
/// [`poll_event`](Self::poll_event); time never goes back.
///
/// ```
/// use glimesh_proto::client::{Client, Config};
/// use glimesh_proto::{Instant, Transmit};
///
/// let mut client = Client::new(Config::default(), Instant::ZERO);
/// client.join(Instant::ZERO)?;
/// let join = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
/// assert_eq!(client.poll_transmit(), Some(Transmit::Text(join.into())));
/// # Ok::<(), glimesh_proto::client::CommandError>(())
/// ```
#[derive(Debug)]
pub struct Client {
    config: Config,
    state: State,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
}

#[derive(Debug)]
enum State {
    Open(Open),
    Closed,
}

#[derive(Debug)]
struct Open {
    channel: ChannelState,
    join_ref: Option<Ref>,
    last_ref: u64,
    next_heartbeat: Instant,
    pending: VecDeque<Pending>,
}

#[derive(Debug)]
struct Pending {
    msg_ref: Ref,
    what: What,
    deadline: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Join,
    Push,
    Leave,
    Heartbeat,
}

impl Client {
    /// A connection that was opened just now.
    pub fn new(config: Config, now: Instant) -> Self {
        let open = Open {
            channel: ChannelState::Closed,
            join_ref: None,
            last_ref: 0,
            next_heartbeat: now + config.heartbeat_every,
            pending: VecDeque::new(),
        };
        Self {
            config,
            state: State::Open(open),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    // Commands: refused when we are in the wrong.

    /// Joins the control topic.
    ///
    /// # Errors
    ///
    /// [`CommandError::WrongState`] while a join is pending, the topic joined, or a leave pending.
    pub fn join(&mut self, now: Instant) -> Result<Ref, CommandError> {
        let State::Open(open) = &mut self.state else { return Err(CommandError::Closed) };
        if !matches!(open.channel, ChannelState::Closed | ChannelState::Errored) {
            return Err(CommandError::WrongState(open.channel));
        }
        open.channel = ChannelState::Joining;
        let msg_ref = open.next_ref();
        open.join_ref = Some(msg_ref.clone());
        Ok(self.push(now, What::Join, msg_ref, names::PHX_JOIN, json!({})))
    }

    /// Sends a document.
    ///
    /// # Errors
    ///
    /// [`CommandError::WrongState`] unless the topic is joined.
    pub fn send_doc(&mut self, now: Instant, doc: &Doc) -> Result<Ref, CommandError> {
        let msg_ref = self.step(Step::Push)?;
        Ok(self.push(now, What::Push, msg_ref, names::DOC, doc.to_payload()))
    }

    /// Ends a subscription.
    ///
    /// # Errors
    ///
    /// [`CommandError::WrongState`] unless the topic is joined.
    pub fn unsubscribe(&mut self, now: Instant, id: &SubscriptionId) -> Result<Ref, CommandError> {
        let msg_ref = self.step(Step::Push)?;
        let payload = json!({"subscriptionId": id.0});
        Ok(self.push(now, What::Push, msg_ref, names::UNSUBSCRIBE, payload))
    }

    /// Leaves the control topic.
    ///
    /// # Errors
    ///
    /// [`CommandError::WrongState`] unless the topic is joined or being joined.
    pub fn leave(&mut self, now: Instant) -> Result<Ref, CommandError> {
        let msg_ref = self.step(Step::Leave)?;
        Ok(self.push(now, What::Leave, msg_ref, names::PHX_LEAVE, json!({})))
    }

    /// Ends the connection.
    pub fn close(&mut self, close: Close) {
        if matches!(self.state, State::Open(_)) {
            self.state = State::Closed;
            self.transmits.push_back(Transmit::Close(close));
        }
    }

    // Input: never refused, never panics.

    /// A text message came.
    pub fn handle_text(&mut self, _now: Instant, text: &str) {
        let State::Open(open) = &mut self.state else { return };
        let read = Frame::decode(text)
            .map_err(Violation::from)
            .and_then(|frame| Ok((ServerMessage::try_from(&frame)?, frame)));
        let (message, frame) = match read {
            Ok(read) => read,
            Err(violation) => return self.events.push_back(Event::Violation(violation)),
        };
        let event = match message {
            ServerMessage::Reply(reply) => open.take_reply(&frame, reply),
            ServerMessage::Data { subscription_id, result } => {
                Some(Event::Data { subscription_id, result })
            }
            ServerMessage::Error => open.channel_event(&frame, Step::Error, Event::ChannelCrashed),
            ServerMessage::Close => open.channel_event(&frame, Step::Close, Event::ChannelClosed),
        };
        self.events.extend(event);
    }

    /// The server ended the connection, with a close frame or without.
    pub fn handle_close(&mut self, close: Close) {
        if matches!(self.state, State::Open(_)) {
            self.state = State::Closed;
            self.events.push_back(Event::Closed(close));
        }
    }

    /// Time has passed: reports what is overdue, and sends the heartbeat that is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        let State::Open(open) = &mut self.state else { return };
        while let Some(overdue) = open.take_overdue(now) {
            self.events.push_back(Event::Unanswered { msg_ref: overdue.msg_ref });
        }
        if now >= open.next_heartbeat {
            // From the due time, not from now: a late wake-up does not make the beats drift.
            open.next_heartbeat = open.next_heartbeat + self.config.heartbeat_every;
            if open.next_heartbeat <= now {
                open.next_heartbeat = now + self.config.heartbeat_every;
            }
            self.send_heartbeat(now);
        }
    }

    // Output: drain all after every command and every input.

    /// The next thing to put on the WebSocket.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called; `None`: nothing is scheduled.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Open(open) => {
                let replies = open.pending.iter().map(|pending| pending.deadline);
                replies.chain([open.next_heartbeat]).min()
            }
            State::Closed => None,
        }
    }

    /// Where the control topic's channel stands.
    pub const fn channel(&self) -> ChannelState {
        match &self.state {
            State::Open(open) => open.channel,
            State::Closed => ChannelState::Closed,
        }
    }

    /// Sends a heartbeat now, whatever the timer says.
    pub fn send_heartbeat(&mut self, now: Instant) {
        let State::Open(open) = &mut self.state else { return };
        let msg_ref = open.next_ref();
        let deadline = now + self.config.reply_within;
        open.pending.push_back(Pending {
            msg_ref: msg_ref.clone(),
            what: What::Heartbeat,
            deadline,
        });
        self.transmits.push_back(Transmit::Text(Frame::heartbeat(msg_ref).encode()));
    }

    fn step(&mut self, step: Step) -> Result<Ref, CommandError> {
        let State::Open(open) = &mut self.state else { return Err(CommandError::Closed) };
        let wrong = CommandError::WrongState(open.channel);
        open.channel = open.channel.step(step).ok_or(wrong)?;
        Ok(open.next_ref())
    }

    fn push(
        &mut self,
        now: Instant,
        what: What,
        msg_ref: Ref,
        event: &str,
        payload: serde_json::Value,
    ) -> Ref {
        if let State::Open(open) = &mut self.state {
            let deadline = now + self.config.reply_within;
            open.pending.push_back(Pending { msg_ref: msg_ref.clone(), what, deadline });
            let topic = names::CONTROL_TOPIC;
            let frame =
                Frame::push(open.join_ref.clone(), Some(msg_ref.clone()), topic, event, payload);
            self.transmits.push_back(Transmit::Text(frame.encode()));
        }
        msg_ref
    }
}

impl Open {
    fn next_ref(&mut self) -> Ref {
        self.last_ref += 1;
        Ref::text(self.last_ref.to_string())
    }

    fn take_reply(&mut self, frame: &Frame, reply: Reply) -> Option<Event> {
        let found = self.pending.iter().position(|pending| {
            Some(&pending.msg_ref) == frame.msg_ref.as_ref()
                && (pending.what == What::Heartbeat) == (frame.topic == names::PHOENIX_TOPIC)
        });
        let Some(pending) = found.and_then(|at| self.pending.remove(at)) else {
            return Some(Event::Violation(Violation::UnexpectedReply));
        };
        let step = match (pending.what, reply.status) {
            (What::Heartbeat, _) => return Some(Event::HeartbeatAnswered),
            (What::Join, Status::Ok) => Some(Step::JoinOk),
            (What::Join, Status::Error) => Some(Step::JoinError),
            (What::Leave, _) => Some(Step::Close),
            (What::Push, _) => None,
        };
        if let Some(next) = step.and_then(|step| self.channel.step(step)) {
            self.channel = next;
        }
        if step == Some(Step::JoinOk) {
            return Some(Event::Joined);
        }
        Some(Event::Replied { msg_ref: pending.msg_ref, reply })
    }

    /// A channel event with another join ref than the live one speaks of an older channel.
    fn channel_event(&mut self, frame: &Frame, step: Step, event: Event) -> Option<Event> {
        if frame.topic != names::CONTROL_TOPIC || frame.join_ref != self.join_ref {
            return None;
        }
        self.channel = self.channel.step(step)?;
        Some(event)
    }

    fn take_overdue(&mut self, now: Instant) -> Option<Pending> {
        let at = self.pending.iter().position(|pending| pending.deadline <= now)?;
        let pending = self.pending.remove(at)?;
        // Otherwise the channel could never be joined again.
        self.channel = match (pending.what, self.channel) {
            (What::Join, ChannelState::Joining) => ChannelState::Errored,
            (What::Leave, ChannelState::Leaving) => ChannelState::Closed,
            (_, channel) => channel,
        };
        Some(pending)
    }
}
