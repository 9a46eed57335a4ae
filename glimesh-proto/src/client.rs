//! The client's role: commands, the heartbeat timer, the reply timers, the subscriptions.

mod event;
mod open;
mod pending;
mod subscriptions;

use std::collections::VecDeque;
use std::time::Duration;

use crate::channel::{ChannelState, Step};
use crate::frame::{Frame, Ref};
use crate::message::{Doc, ServerMessage, SubscriptionId};
use crate::names;
use crate::subscription::{SubscriptionState, SubscriptionStep};
use crate::time::Instant;
use crate::transmit::{Close, Transmit};
use crate::violation::Violation;

pub use event::{Event, Stale};
use open::Open;
use pending::{Pending, What};

/// The settings of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The subscription is unknown, ending, or ended.
    #[error("there is no such subscription")]
    NotSubscribed,
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
    Open(Box<Open>),
    Closed,
}

impl Client {
    /// A connection that was opened just now.
    pub fn new(config: Config, now: Instant) -> Self {
        Self {
            config,
            state: State::Open(Box::new(Open::new(now + config.heartbeat_every))),
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
        match self.channel() {
            state @ (ChannelState::Joining | ChannelState::Joined) => {
                Err(CommandError::WrongState(state))
            }
            _ => self.rejoin(now),
        }
    }

    /// Joins the control topic though it may be joined already: the server replaces the channel.
    ///
    /// The subscriptions are gone, and what the old channel still says is [stale](Event::Stale), unless it answers a
    /// push that waits. It repairs a channel that forgot who its client is.
    ///
    /// # Errors
    ///
    /// [`CommandError::WrongState`] while a leave is pending.
    ///
    /// Source: recordings, rules 18 and 29.
    pub fn rejoin(&mut self, now: Instant) -> Result<Ref, CommandError> {
        let open = self.open_for(Step::Join)?;
        open.leave_channel_behind();
        let msg_ref = open.next_ref();
        open.join_ref = Some(msg_ref.clone());
        Ok(self.push(now, What::Join, msg_ref, |open, msg_ref| open.join_frame(msg_ref)))
    }

    /// Sends a document; a subscription's answer is reported as [`Event::Subscribed`].
    ///
    /// # Errors
    ///
    /// [`CommandError::WrongState`] unless the topic is joined.
    pub fn send_doc(&mut self, now: Instant, doc: &Doc) -> Result<Ref, CommandError> {
        let msg_ref = self.open_for(Step::Push)?.next_ref();
        Ok(self.push(now, What::Doc, msg_ref, |open, msg_ref| {
            open.frame(msg_ref, names::DOC, doc.to_payload())
        }))
    }

    /// Ends a subscription; the answer is reported as [`Event::Unsubscribed`].
    ///
    /// # Errors
    ///
    /// [`CommandError::WrongState`] unless the topic is joined, [`CommandError::NotSubscribed`] unless the
    /// subscription is live.
    pub fn unsubscribe(&mut self, now: Instant, id: &SubscriptionId) -> Result<Ref, CommandError> {
        let open = self.open_for(Step::Push)?;
        if !open.subscriptions.step(id, SubscriptionStep::Unsubscribe) {
            return Err(CommandError::NotSubscribed);
        }
        let msg_ref = open.next_ref();
        Ok(self.push(now, What::Unsubscribe(id.clone()), msg_ref, |open, msg_ref| {
            open.unsubscribe_frame(msg_ref, id)
        }))
    }

    /// Leaves the control topic. Its subscriptions are gone at once.
    ///
    /// # Errors
    ///
    /// [`CommandError::WrongState`] unless the topic is joined or being joined, or its channel crashed.
    pub fn leave(&mut self, now: Instant) -> Result<Ref, CommandError> {
        let open = self.open_for(Step::Leave)?;
        open.subscriptions.end_all();
        let msg_ref = open.next_ref();
        Ok(self.push(now, What::Leave, msg_ref, |open, msg_ref| open.leave_frame(msg_ref)))
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
                Some(open.take_data(subscription_id, result))
            }
            ServerMessage::Error => open.take_end(&frame, Step::Error),
            ServerMessage::Close => open.take_end(&frame, Step::Close),
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
    ///
    /// A heartbeat that is overdue ends the connection.
    pub fn handle_timeout(&mut self, now: Instant) {
        let State::Open(open) = &mut self.state else { return };
        while let Some(event) = open.take_overdue(now) {
            let is_dead = matches!(event, Event::HeartbeatMissed { .. });
            self.events.push_back(event);
            if is_dead {
                // As Phoenix's own client does. Source: Phoenix, `assets/js/phoenix/socket.js`, `heartbeatTimeout`.
                return self.close(Close::new(names::CLOSE_NORMAL));
            }
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
                let reply = open.waiting.next_deadline();
                Some(reply.map_or(open.next_heartbeat, |reply| reply.min(open.next_heartbeat)))
            }
            State::Closed => None,
        }
    }

    /// Whether the connection stands.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Where the control topic's channel stands.
    pub fn channel(&self) -> ChannelState {
        self.open().map_or(ChannelState::Closed, |open| open.channel)
    }

    /// The subscriptions, each live or ending.
    pub fn subscriptions(&self) -> impl Iterator<Item = (&SubscriptionId, SubscriptionState)> {
        self.open().into_iter().flat_map(|open| open.subscriptions.live())
    }

    /// The pushes that wait for their replies, the next deadline first.
    pub fn pending(&self) -> impl Iterator<Item = (&Ref, Instant)> {
        self.open().into_iter().flat_map(|open| open.waiting.iter())
    }

    /// Sends a heartbeat now, whatever the timer says.
    pub fn send_heartbeat(&mut self, now: Instant) {
        if let State::Open(open) = &mut self.state {
            let msg_ref = open.next_ref();
            self.push(now, What::Heartbeat, msg_ref, |_, msg_ref| Frame::heartbeat(msg_ref));
        }
    }

    fn open(&self) -> Option<&Open> {
        match &self.state {
            State::Open(open) => Some(open),
            State::Closed => None,
        }
    }

    /// Takes a step of the channel's, if it is legal.
    fn open_for(&mut self, step: Step) -> Result<&mut Open, CommandError> {
        let State::Open(open) = &mut self.state else { return Err(CommandError::Closed) };
        let wrong = CommandError::WrongState(open.channel);
        open.channel = open.channel.step(step).ok_or(wrong)?;
        Ok(open)
    }

    fn push(
        &mut self,
        now: Instant,
        what: What,
        msg_ref: Ref,
        frame: impl FnOnce(&Open, Ref) -> Frame,
    ) -> Ref {
        if let State::Open(open) = &mut self.state {
            let deadline = now + self.config.reply_within;
            open.waiting.push(Pending { msg_ref: msg_ref.clone(), what, deadline });
            let text = frame(open, msg_ref.clone()).encode();
            self.transmits.push_back(Transmit::Text(text));
        }
        msg_ref
    }
}
