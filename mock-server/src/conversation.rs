//! What is said on one connection: the server machine, the rules and the world together. Does no I/O.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use glimesh_proto::connect::{Endpoint, Vsn};
use glimesh_proto::server::{Event, Server};
use glimesh_proto::{
    ClientMessage, Close, Consequence, Doc, Frame, Instant, Reply, Transmit, Violation, names, v1,
};

use crate::chat::{Answered, Chat};
use crate::graphql;
use crate::held::{Answer, Held};
use crate::limits::Limits;
use crate::mailbox::Data;
use crate::metrics::Metrics;
use crate::printed::Printed;
use crate::profile::Profile;
use crate::recorder::Recorder;
use crate::scenario::{Awaited, Deed, Rules};
use crate::transcript::From;
use crate::why;
use crate::world::{Given, Viewer};

/// What all connections of a server share.
pub(crate) struct Shared {
    /// With times in the client's seconds.
    pub(crate) profile: Profile,
    /// How many of the client's heartbeat seconds pass in a real one.
    pub(crate) rate: u32,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    /// What clients are told of the world.
    pub(crate) given: Given,
    pub(crate) chat: Chat,
    pub(crate) rules: Mutex<Rules>,
    /// Whether the control API is served.
    pub(crate) control: bool,
    /// Frames that are answered as some paper prints it.
    pub(crate) printed: Option<Printed>,
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
    transmits: VecDeque<Transmit>,
}

impl Conversation {
    pub(crate) fn new(shared: Arc<Shared>, peer: Peer) -> Self {
        let config = shared.profile.scaled(shared.rate).config();
        Self {
            server: Server::new(config, peer.opened_at),
            viewer: peer.viewer.clone(),
            held: Held::default(),
            beats: 0,
            transmits: VecDeque::new(),
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
        while let Some(Answer { frame, message, .. }) = self.held.pop_due(now) {
            self.answer(&frame, message);
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
            other => Some(other),
        }
    }

    /// Writes down why something was done.
    pub(crate) fn note(&self, (code, text): why::Why) {
        self.shared.recorder.note(Some(self.peer.conn), code, &text);
    }

    /// Writes down why the connection ends for a fault of the client's.
    pub(crate) fn drop_for(&self, why: why::Why) {
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
            self.drop_for((
                "too-many-waiting",
                "closed with 1008: too much was sent behind a held answer".to_owned(),
            ));
            self.server.close(Close::new(1008));
        }
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
                    let silent_for = silent_for * self.shared.rate;
                    self.drop_for(why::dropped(&self.shared.profile, silent_for, self.beats));
                }
                Event::Closed(_) => {}
            }
        }
    }

    fn received(&mut self, now: Instant, frame: Frame, message: ClientMessage) {
        self.count(&message);
        let met = self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner).meet(&frame);
        let mark = |verb: &str| {
            let event = frame.event.trim_start_matches("phx_");
            self.shared.recorder.mark(format!("step:{verb}-{event}"));
        };
        match met {
            None => self.answer(&frame, message),
            Some(Deed::Delay(delay)) => {
                mark("hold");
                self.held.hold(Answer { until: now + delay, frame, message });
            }
            Some(Deed::Ignore) => mark("ignore"),
            Some(Deed::Reply(reply)) => {
                mark("reply");
                self.server.reply(&frame, reply);
            }
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
            ClientMessage::Unsubscribe(_) | ClientMessage::Leave => return,
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
        match message {
            ClientMessage::Doc(doc) if self.server.is_joined() => self.execute(frame, &doc),
            message => self.answer_by_protocol(frame, &message),
        }
        if let Some(printed) = printed {
            self.gather(|text| !is_reply(text));
            self.transmits.extend(printed.into_iter().map(Transmit::Text));
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

fn is_reply(text: &str) -> bool {
    Frame::decode(text).is_ok_and(|frame| frame.event == names::PHX_REPLY)
}
