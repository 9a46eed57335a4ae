//! What a frame of the client's is answered: as a rule says, as some paper prints it, or as the real server does.

use glimesh_proto::{
    ClientMessage, Close, Doc, Frame, Instant, Reply, Status, SubscriptionId, Transmit, names,
};

use super::{Conversation, Outgoing};
use crate::chat::Answered;
use crate::held::Answer;
use crate::scenario::{After, AnswerAs, Awaited, Deed, Remembered, Then};
use crate::world::Viewer;

impl Conversation {
    pub(super) fn received(&mut self, now: Instant, frame: Frame, message: ClientMessage) {
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
                if self.held.hold(Answer::new(until, &frame, answer, then)).is_err() {
                    self.too_many();
                }
            }
        }
    }

    /// Does what a rule says about a frame, now.
    pub(super) fn carry_out(
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
                if reply.status == Status::Ok {
                    self.takes_effect(frame, &message);
                }
                self.server.reply(frame, reply);
            }
            AnswerAs::Push(frames) => self.answer_instead(frame, message, |this, answer| {
                let fill = |text| this.fill(text, 1, Some((frame, answer)));
                frames.iter().map(|text| whole(fill(text))).collect()
            }),
            AnswerAs::Change(change) => {
                self.answer_instead(frame, message, |_, answer| vec![whole(change.apply(answer))]);
            }
            AnswerAs::InFragments(how) => self.answer_instead(frame, message, |_, answer| {
                vec![Outgoing::Fragment(how.apply(answer))]
            }),
            AnswerAs::Reverse(how) => {
                self.answer_instead(frame, message, |this, answer| {
                    if this.held.reverse(now, how, answer.to_owned()).is_err() {
                        this.too_many();
                    }
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
        instead: impl FnOnce(&mut Self, &str) -> Vec<Outgoing>,
    ) {
        self.gather(|_| true);
        self.do_as_asked(frame, message);
        let mut instead = Some(instead);
        while let Some(transmit) = self.server.poll_transmit() {
            match &transmit {
                Transmit::Text(text) if is_reply_to(text, frame) => {
                    let instead = instead.take().map(|instead| instead(self, text));
                    self.outgoing.extend(instead.unwrap_or_default());
                }
                _ => self.outgoing.push_back(Outgoing::Transmit(transmit)),
            }
        }
    }

    pub(super) fn send_reversed(&mut self, now: Instant) {
        let texts = self.held.take_reversed(now).into_iter();
        self.outgoing.extend(texts.map(whole));
    }

    /// Answers as the real server does, or as the paper prints it.
    fn answer(&mut self, frame: &Frame, message: ClientMessage) {
        let printed = self.shared.printed.as_ref().and_then(|paper| paper.answer(frame));
        let printed = printed.map(<[String]>::to_vec);
        self.gather(|_| true);
        self.do_as_asked(frame, message);
        if let Some(printed) = printed {
            self.gather(|text| !is_reply(text));
            self.outgoing.extend(printed.into_iter().map(whole));
        }
    }

    fn do_as_asked(&mut self, frame: &Frame, message: ClientMessage) {
        match message {
            ClientMessage::Doc(doc) if self.server.is_joined() => self.execute(frame, &doc),
            message => self.answer_by_protocol(frame, &message),
        }
    }

    /// Takes over what the machine wants to send, without the texts that are not wanted.
    pub(super) fn gather(&mut self, wanted: impl Fn(&str) -> bool) {
        while let Some(transmit) = self.server.poll_transmit() {
            if !matches!(&transmit, Transmit::Text(text) if !wanted(text)) {
                self.outgoing.push_back(Outgoing::Transmit(transmit));
            }
        }
    }

    fn answer_by_protocol(&mut self, frame: &Frame, message: &ClientMessage) {
        self.takes_effect(frame, message);
        if let Some(reply) = self.server.correct_answer(frame, message) {
            self.server.reply(frame, reply);
        }
    }

    /// What is different in the world from here on.
    fn takes_effect(&mut self, frame: &Frame, message: &ClientMessage) {
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
}

const fn whole(text: String) -> Outgoing {
    Outgoing::Transmit(Transmit::Text(text))
}

fn is_reply_to(text: &str, frame: &Frame) -> bool {
    Frame::decode(text)
        .is_ok_and(|reply| reply.event == names::PHX_REPLY && reply.msg_ref == frame.msg_ref)
}

pub(super) fn is_reply(text: &str) -> bool {
    Frame::decode(text).is_ok_and(|frame| frame.event == names::PHX_REPLY)
}
