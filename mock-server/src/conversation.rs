//! What is said on one connection: the server machine, the rules and the world together. Does no I/O.

use std::collections::VecDeque;
use std::sync::Arc;

use glimesh_proto::connect::{Endpoint, Vsn};
use glimesh_proto::server::{Event, Server};
use glimesh_proto::{
    ClientMessage, Close, Consequence, Doc, Frame, Instant, Reply, SubscriptionId, Transmit,
    Violation, names, v1,
};
use serde_json::Value;

use crate::chat::{Answered, Chat};
use crate::graphql;
use crate::held::{Answer, Held};
use crate::limits::Limits;
use crate::mailbox::Data;
use crate::metrics::Metrics;
use crate::printed::Printed;
use crate::profile::{HeartbeatDrop, Profile};
use crate::recorder::Recorder;
use crate::replay::Replay;
use crate::scenario::{After, AnswerAs, Awaited, Deed, Known, Remembered, Script, Then, fill};
use crate::transcript::From;
use crate::why;
use crate::world::{Given, Viewer};

/// What all connections of a server share.
pub(crate) struct Shared {
    /// With times in the client's seconds.
    pub(crate) profile: Profile,
    /// How many of the client's heartbeat seconds pass in a real one.
    pub(crate) rate: u32,
    /// How many seconds of the session pass in a real one.
    pub(crate) pace: u32,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    /// What clients are told of the world.
    pub(crate) given: Given,
    pub(crate) chat: Chat,
    pub(crate) script: Script,
    /// Whether the control API is served.
    pub(crate) control: bool,
    /// Frames that are answered as some paper prints it.
    pub(crate) printed: Option<Printed>,
    /// A recording that is played in place of everything else.
    pub(crate) replay: Option<Arc<Replay>>,
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) conn: u32,
    pub(crate) endpoint: Endpoint,
    pub(crate) vsn: Vsn,
    pub(crate) viewer: Viewer,
    /// By which others reach all connections of the same credential.
    pub(crate) socket_id: String,
    pub(crate) opened_at: Instant,
}

/// One connection from its 101 on. Drain [`poll_transmit`](Self::poll_transmit) after every call.
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
    transmits: VecDeque<Transmit>,
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
            held: Held::default(),
            beats: 0,
            dropped: false,
            fault: None,
            transmits: VecDeque::new(),
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
        while let Some(Answer { frame, message, answer, then, .. }) = self.held.pop_due(now) {
            self.carry_out(now, &frame, message, answer, then);
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
    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit> {
        match self.transmits.pop_front().or_else(|| self.server.poll_transmit())? {
            Transmit::Text(text) if self.peer.vsn == Vsn::V1 => Some(Transmit::Text(to_v1(text))),
            Transmit::Close(close) => Some(Transmit::Close(self.explained(match self.ends_by() {
                Some(HeartbeatDrop::Close(close)) => close.clone(),
                _ => close,
            }))),
            text => Some(text),
        }
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

    fn received(&mut self, now: Instant, frame: Frame, message: ClientMessage) {
        self.count(&message);
        if self.muted.iter().any(|event| *event == *frame.event) {
            return self.mark("ignore", &frame);
        }
        match self.shared.script.meet(&frame, self.number) {
            None => self.answer(&frame, message),
            Some(Deed { after, answer, then }) => {
                let delay = match after {
                    After::Nothing => return self.carry_out(now, &frame, message, answer, then),
                    After::Real(delay) => delay,
                    After::Clients(wait) => wait / self.shared.rate,
                };
                self.mark("hold", &frame);
                let until = now + delay;
                let answer = Answer { until, frame, message, answer, then };
                if self.held.hold(answer).is_err() {
                    self.too_many();
                }
            }
        }
    }

    /// Does what a rule says about a frame, now.
    fn carry_out(
        &mut self,
        now: Instant,
        frame: &Frame,
        message: ClientMessage,
        answer: AnswerAs,
        then: Option<Then>,
    ) {
        if answer != AnswerAs::Correctly {
            self.mark(answer.verb(), frame);
        }
        match answer {
            AnswerAs::Correctly => self.answer(frame, message),
            AnswerAs::Ignore => {}
            AnswerAs::Reply(reply) => {
                if message == ClientMessage::Join && reply.status == glimesh_proto::Status::Ok {
                    self.joined(frame);
                }
                self.server.reply(frame, reply);
            }
            AnswerAs::Push(frames) => self.answer_instead(frame, message, |this, answer| {
                frames.iter().map(|text| this.fill(text, 1, Some((frame, answer)))).collect()
            }),
            AnswerAs::Change(change) => {
                self.answer_instead(frame, message, |_, answer| vec![change.apply(answer)]);
            }
            AnswerAs::Reverse(how) => {
                self.answer_instead(frame, message, |this, answer| {
                    this.held.reverse(now, how, answer.to_owned());
                    Vec::new()
                });
                self.send_reversed(now);
            }
        }
        match then {
            Some(Then::Close(close)) => {
                self.mark("close", frame);
                self.server.close(Close { code: Some(close.code), reason: close.reason });
            }
            Some(end) => {
                self.mark(if end == Then::Cut { "cut" } else { "reset" }, frame);
                self.end = Some(end);
            }
            None => {}
        }
    }

    fn mark(&self, verb: &str, frame: &Frame) {
        let event = frame.event.trim_start_matches("phx_");
        self.shared.recorder.mark(format!("step:{verb}-{event}"));
    }

    /// Does what is asked, and sends something else in the place of the reply.
    fn answer_instead(
        &mut self,
        frame: &Frame,
        message: ClientMessage,
        instead: impl FnOnce(&mut Self, &str) -> Vec<String>,
    ) {
        self.gather(|_| true);
        self.do_as_asked(frame, message);
        let mut instead = Some(instead);
        while let Some(transmit) = self.server.poll_transmit() {
            match &transmit {
                Transmit::Text(text) if is_reply_to(text, frame) => {
                    let texts = instead.take().map(|instead| instead(self, text));
                    let texts = texts.unwrap_or_default().into_iter();
                    self.transmits.extend(texts.map(Transmit::Text));
                }
                _ => self.transmits.push_back(transmit),
            }
        }
    }

    fn send_reversed(&mut self, now: Instant) {
        let texts = self.held.take_reversed(now).into_iter();
        self.transmits.extend(texts.map(Transmit::Text));
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

    fn joined(&mut self, frame: &Frame) {
        if self.shared.script.remembers() {
            let live = Remembered { join_ref: frame.join_ref.clone(), subscriptions: Vec::new() };
            self.shared.script.outlived(std::mem::replace(&mut self.live, live));
        }
    }

    fn subscribed(&mut self, id: &SubscriptionId) {
        /// A timeline names the newest, or one of the first.
        const MOST: usize = 1_000;
        if self.shared.script.remembers() && self.live.subscriptions.len() < MOST {
            self.live.subscriptions.push(id.to_json());
        }
    }

    fn count(&mut self, message: &ClientMessage) {
        let what = match message {
            ClientMessage::Join => Awaited::Join,
            ClientMessage::Heartbeat => {
                self.beats = self.beats.saturating_add(1);
                Awaited::Heartbeat
            }
            ClientMessage::Doc(_) => Awaited::Doc,
            ClientMessage::Unsubscribe(_) => Awaited::Unsubscribe,
            ClientMessage::Leave => Awaited::Leave,
        };
        self.shared.recorder.happened(what);
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

    /// Answers as the real server does, or as the paper prints it.
    fn answer(&mut self, frame: &Frame, message: ClientMessage) {
        let printed = self.shared.printed.as_ref().and_then(|paper| paper.answer(frame));
        let printed = printed.map(<[String]>::to_vec);
        self.gather(|_| true);
        self.do_as_asked(frame, message);
        if let Some(printed) = printed {
            self.gather(|text| !is_reply(text));
            self.transmits.extend(printed.into_iter().map(Transmit::Text));
        }
    }

    fn do_as_asked(&mut self, frame: &Frame, message: ClientMessage) {
        match message {
            ClientMessage::Doc(doc) if self.server.is_joined() => self.execute(frame, &doc),
            message => self.answer_by_protocol(frame, &message),
        }
    }

    /// Takes over what the machine wants to send, without the texts that are not wanted.
    fn gather(&mut self, wanted: impl Fn(&str) -> bool) {
        while let Some(transmit) = self.server.poll_transmit() {
            if !matches!(&transmit, Transmit::Text(text) if !wanted(text)) {
                self.transmits.push_back(transmit);
            }
        }
    }

    fn answer_by_protocol(&mut self, frame: &Frame, message: &ClientMessage) {
        let conn = self.peer.conn;
        match message {
            ClientMessage::Join => {
                self.shared.chat.unsubscribe_all(conn);
                self.viewer = self.peer.viewer.clone();
                self.joined(frame);
            }
            ClientMessage::Leave if frame.topic == names::CONTROL_TOPIC => {
                self.shared.chat.unsubscribe_all(conn);
            }
            ClientMessage::Unsubscribe(id) => self.shared.chat.unsubscribe(conn, id),
            _ => {}
        }
        if let Some(reply) = self.server.correct_answer(frame, message) {
            self.server.reply(frame, reply);
        }
    }

    fn execute(&mut self, frame: &Frame, doc: &Doc) {
        let id = self.shared.printed.as_ref().and_then(|paper| paper.subscription_id(frame));
        let asker = (self.peer.conn, self.peer.endpoint);
        let executed = self.shared.chat.execute(asker, &self.viewer, doc, id);
        if executed.context_lost {
            self.viewer = Viewer::Lost;
            self.note(("context-lost", "the document does not parse, and the channel forgot who its client is; join again to repair it".to_owned()));
        }
        if executed.by_older_api {
            self.note((
                "older-api",
                "the document is valid only on the older API, /api/socket, and was answered by it"
                    .to_owned(),
            ));
        }
        for data in executed.own {
            self.server.send_text(data.text());
        }
        match executed.answer {
            Answered::Ok(response) => self.server.reply(frame, Reply::ok(response)),
            Answered::Error(response) => self.server.reply(frame, Reply::error(response)),
            Answered::Subscribed(id) => {
                self.subscribed(&id);
                let response = serde_json::json!({"subscriptionId": id.0});
                self.server.reply(frame, Reply::ok(response));
                self.shared.recorder.happened(Awaited::Subscribed);
            }
            Answered::Crash { reason } => {
                self.note(("channel-crashed", format!("the channel crashed: {reason}")));
                self.shared.chat.unsubscribe_all(self.peer.conn);
                self.server.crash_channel();
            }
        }
    }
}

/// The same message in the older format; what is no frame stays as it is.
fn to_v1(text: String) -> String {
    Frame::decode(&text).map_or(text, |frame| v1::encode(&frame))
}

fn is_reply_to(text: &str, frame: &Frame) -> bool {
    Frame::decode(text)
        .is_ok_and(|reply| reply.event == names::PHX_REPLY && reply.msg_ref == frame.msg_ref)
}

fn is_reply(text: &str) -> bool {
    Frame::decode(text).is_ok_and(|frame| frame.event == names::PHX_REPLY)
}
