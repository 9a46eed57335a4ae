//! What is said on one connection: the server machine, the rules and the world together. Does no I/O.

mod answer;

use std::collections::VecDeque;
use std::sync::Arc;

use answer::is_reply;
use glimesh_proto::connect::Vsn;
use glimesh_proto::server::{Event, Server};
use glimesh_proto::{Close, Consequence, Frame, Instant, Reply, Transmit, Violation, names, v1};
use serde_json::Value;

use crate::graphql;
use crate::held::Held;
use crate::mailbox::Data;
use crate::profile::HeartbeatDrop;
use crate::scenario::{Fragment, Known, Remembered, Then, fill};
use crate::shared::{Peer, Shared};
use crate::transcript::From;
use crate::why;
use crate::world::Viewer;

/// Something to send.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// A whole message, or the end.
    Transmit(Transmit),
    /// A text in several WebSocket frames.
    Fragment(Fragment),
}

/// One connection from its 101 on. Drain [`poll_outgoing`](Self::poll_outgoing) after every call.
pub(crate) struct Conversation {
    pub(crate) shared: Arc<Shared>,
    pub(crate) peer: Peer,
    server: Server,
    /// The channel forgets who its client is after some documents, until the next join.
    viewer: Viewer,
    held: Held,
    beats: u32,
    /// The client was silent for too long.
    dropped: bool,
    /// For which fault of the client's the connection ends.
    fault: Option<&'static str>,
    outgoing: VecDeque<Outgoing>,
    /// The number of this WebSocket in the session.
    number: u32,
    /// The live join, if the scenario asks for it.
    live: Remembered,
    /// Events that are not answered.
    muted: Vec<String>,
    /// How a rule wants the connection to end.
    end: Option<Then>,
}

impl Conversation {
    pub(crate) fn new(shared: Arc<Shared>, peer: Peer) -> Self {
        let config = shared.profile.scaled(shared.rate).config();
        Self {
            server: Server::new(config, peer.opened_at),
            viewer: peer.viewer.clone(),
            held: Held::new(&shared.limits),
            beats: 0,
            dropped: false,
            fault: None,
            outgoing: VecDeque::new(),
            number: shared.script.opened(),
            live: Remembered::default(),
            muted: Vec::new(),
            end: None,
            shared,
            peer,
        }
    }

    /// A text message came.
    pub(crate) fn hear(&mut self, now: Instant, text: &str) {
        self.shared.recorder.text(self.peer.conn, now, From::Client, text);
        match self.peer.vsn {
            Vsn::V2 => self.take(now, text),
            Vsn::V1 => match v1::decode(text) {
                Ok(frame) => self.take(now, &frame.encode()),
                Err(error) => {
                    let text = format!(
                        "{error}; without vsn=2.0.0 in the query the server speaks the older format; closed with 1011"
                    );
                    self.drop_for(("unreadable-frame", text));
                    self.server.close(Close::new(names::CLOSE_INTERNAL_ERROR));
                }
            },
        }
    }

    /// A binary message came.
    pub(crate) fn hear_binary(&mut self, now: Instant, bytes: &[u8]) {
        self.shared.recorder.binary(self.peer.conn, now, From::Client, bytes);
        self.server.handle_binary(now, bytes);
        self.react(now);
    }

    /// Bytes came that are no message yet.
    pub(crate) const fn hear_traffic(&mut self, at: Instant) {
        self.server.handle_traffic(at);
    }

    /// Somebody else wants this text to be sent.
    pub(crate) fn say(&mut self, text: String) {
        self.server.send_text(text);
    }

    /// Somebody else wants this text to be sent if the channel is joined.
    pub(crate) fn broadcast(&mut self, text: String) {
        if self.server.is_joined() {
            self.server.send_text(text);
        }
    }

    /// Somebody else wants the connection to end.
    pub(crate) fn close(&mut self, close: Close) {
        self.server.close(close);
    }

    /// Something happened that this connection has subscribed to. What is given back can be sent as it is, now.
    pub(crate) fn deliver(&mut self, data: Data) -> Option<Data> {
        // The channel may have gone while the data waited.
        if !self.server.is_joined() {
            return None;
        }
        if self.peer.vsn == Vsn::V2 && !self.shared.recorder.records() {
            return Some(data);
        }
        self.server.send_text(data.text());
        None
    }

    /// Somebody else wants the channel's process to end. It takes no notice of an exit signal `normal`.
    ///
    /// Source: recordings `lifecycle/channel_exit_*`.
    pub(crate) fn kill_channel(&mut self, reason: &str) {
        if reason == "normal" || !self.server.is_joined() {
            return;
        }
        self.note(("channel-crashed", format!("the channel was ended from outside: {reason}")));
        self.shared.chat.unsubscribe_all(self.peer.conn);
        self.server.crash_channel();
    }

    /// Time has passed.
    pub(crate) fn wake(&mut self, now: Instant) {
        self.server.handle_timeout(now);
        self.react(now);
        self.send_reversed(now);
        while let Some(due) = self.held.pop_due(now) {
            if let Some((frame, message, answer, then)) = due.read() {
                self.carry_out(now, &frame, message, answer, then);
            }
            while let Some(text) = self.held.pop_waiting() {
                self.feed(now, &text);
            }
        }
    }

    /// When [`wake`](Self::wake) wants to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        [self.server.poll_timeout(), self.held.deadline()].into_iter().flatten().min()
    }

    /// The next thing to send.
    pub(crate) fn poll_outgoing(&mut self) -> Option<Outgoing> {
        let next = self.outgoing.pop_front();
        let next = next.or_else(|| self.server.poll_transmit().map(Outgoing::Transmit))?;
        let is_v1 = self.peer.vsn == Vsn::V1;
        Some(match next {
            Outgoing::Transmit(Transmit::Text(text)) if is_v1 => {
                Outgoing::Transmit(Transmit::Text(to_v1(text)))
            }
            Outgoing::Fragment(it) if is_v1 => {
                Outgoing::Fragment(Fragment { text: to_v1(it.text), ..it })
            }
            Outgoing::Transmit(Transmit::Close(close)) => {
                let close = match self.ends_by() {
                    Some(HeartbeatDrop::Close(close)) => close.clone(),
                    _ => close,
                };
                Outgoing::Transmit(Transmit::Close(self.explained(close)))
            }
            other => other,
        })
    }

    /// The same close frame, with the fault as its reason where that is wanted and there is no other.
    pub(crate) fn explained(&self, close: Close) -> Close {
        match self.fault {
            Some(fault) if self.shared.profile.explain_closes && close.reason.is_empty() => {
                Close { reason: fault.to_owned(), ..close }
            }
            _ => close,
        }
    }

    /// How the connection ends, if its client was silent for too long.
    pub(crate) fn ends_by(&self) -> Option<&HeartbeatDrop> {
        self.dropped.then_some(&self.shared.profile.drop)
    }

    /// Writes down why something was done.
    pub(crate) fn note(&self, (code, text): why::Why) {
        self.shared.recorder.note(Some(self.peer.conn), code, &text);
    }

    /// Writes down why the connection ends for a fault of the client's.
    pub(crate) fn drop_for(&mut self, why: why::Why) {
        self.fault = Some(why.0);
        self.shared.metrics.dropped(why.0);
        self.note(why);
    }

    fn take(&mut self, now: Instant, text: &str) {
        let waits = !self.held.is_empty()
            && Frame::decode(text).is_ok_and(|frame| self.held.blocks(&frame.topic));
        if !waits {
            return self.feed(now, text);
        }
        self.server.handle_traffic(now);
        if self.held.wait(text).is_err() {
            self.too_many();
        }
    }

    fn too_many(&mut self) {
        self.drop_for((
            "too-many-waiting",
            "closed with 1008: too much was sent behind a held answer".to_owned(),
        ));
        self.server.close(Close::new(1008));
    }

    fn feed(&mut self, now: Instant, text: &str) {
        self.server.handle_text(now, text);
        self.react(now);
    }

    fn react(&mut self, now: Instant) {
        while let Some(event) = self.server.poll_event() {
            match event {
                Event::Received { frame, message } => self.received(now, frame, message),
                Event::Violation { frame, violation } => self.violated(frame.as_ref(), &violation),
                Event::Dropped { silent_for } => {
                    self.dropped = true;
                    let silent_for = silent_for * self.shared.rate;
                    self.drop_for(why::dropped(&self.shared.profile, silent_for, self.beats));
                }
                Event::Closed(_) => {}
            }
        }
    }

    /// A text with its placeholders filled in.
    pub(crate) fn fill(&self, text: &str, n: u32, request: Option<(&Frame, &str)>) -> String {
        let known = Known {
            join_ref: self.live.join_ref.as_ref(),
            subscriptions: &self.live.subscriptions,
            old: &self.shared.script.old(),
            channel_id: self.shared.given.channel_id,
            request,
        };
        fill(text, &known, n)
    }

    /// From here on these events are not answered; none: all are.
    pub(crate) fn mute(&mut self, events: Vec<String>) {
        self.muted = events;
    }

    /// How a rule wants the connection to end, after what is to be sent.
    pub(crate) const fn take_end(&mut self) -> Option<Then> {
        self.end.take()
    }

    /// The connection ends, and its join with it.
    pub(crate) fn outlived(&mut self) {
        self.shared.script.outlived(std::mem::take(&mut self.live));
    }

    /// Ends the channel as it ends after a leave, with or without `phx_close`.
    pub(crate) fn close_channel(&mut self, tell: bool) {
        if !self.server.is_joined() {
            return self.note(("no-channel", "the scenario's step found no joined channel".into()));
        }
        self.shared.chat.unsubscribe_all(self.peer.conn);
        self.gather(|_| true);
        let leave = Frame::push(None, None, names::CONTROL_TOPIC, names::PHX_LEAVE, Value::Null);
        self.server.reply(&leave, Reply::ok_empty());
        self.gather(|text| tell && !is_reply(text));
    }

    fn violated(&mut self, frame: Option<&Frame>, violation: &Violation) {
        let why = why::violated(violation);
        let consequence = violation.consequence();
        match consequence {
            Consequence::Close(_) => self.drop_for(why),
            _ => self.note(why),
        }
        if let (Violation::QueryNotText { .. }, Some(frame)) = (violation, frame) {
            self.viewer = Viewer::Lost;
            let response = graphql::not_a_document(&frame.payload["query"]);
            return self.server.reply(frame, Reply::error(response));
        }
        if consequence == Consequence::CrashChannel {
            self.shared.chat.unsubscribe_all(self.peer.conn);
        }
        self.server.apply(frame, consequence);
    }
}

/// The same message in the older format; what is no frame stays as it is.
fn to_v1(text: String) -> String {
    Frame::decode(&text).map_or(text, |frame| v1::encode(&frame))
}
