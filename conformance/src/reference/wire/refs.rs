//! Refs as they go over the wire, and back: the client counts, others write what they like.

use glimesh_proto::{Frame, Ref, names};
use serde_json::{Value, json};

use super::super::{Manner, Mutant, Variant};

/// The refs of one connection.
#[derive(Debug)]
pub(super) struct Refs {
    manner: Manner,
    /// The live join's ref on the wire.
    join: Option<Ref>,
    /// The live join's ref as the client knows it.
    own_join: Option<Ref>,
    pending: Vec<Pending>,
}

/// A push that was not answered yet.
#[derive(Debug)]
struct Pending {
    topic: String,
    sent: Option<Ref>,
    own: Option<Ref>,
}

impl Refs {
    pub(super) const fn new(manner: Manner) -> Self {
        Self { manner, join: None, own_join: None, pending: Vec::new() }
    }

    /// The live join's ref on the wire.
    pub(super) fn live_join(&self) -> Option<Ref> {
        self.join.clone()
    }

    /// Gives a frame of the server the refs of the client's own join.
    pub(super) fn take_for_own(&self, frame: &mut Frame) {
        frame.join_ref.clone_from(&self.join);
        frame.msg_ref.clone_from(&self.join);
    }

    /// Gives a heartbeat's reply the ref of the heartbeat that waits.
    pub(super) fn take_for_pending(&self, frame: &mut Frame) {
        let waiting = self.pending.iter().rev().find(|one| one.topic == frame.topic);
        if let Some(waiting) = waiting {
            frame.msg_ref.clone_from(&waiting.sent);
        }
    }

    /// Gives a frame of the client the refs that it has on the wire.
    pub(super) fn send(&mut self, frame: &mut Frame) {
        let own = frame.msg_ref.take();
        frame.msg_ref = self.on_the_wire(own.as_ref(), frame);
        if frame.event == names::PHX_JOIN {
            self.own_join.clone_from(&own);
            self.join.clone_from(&frame.msg_ref);
        }
        if frame.join_ref.is_some() {
            frame.join_ref.clone_from(&self.join);
        }
        self.expect(frame, own);
    }

    /// A push whose reply is for `own`.
    pub(super) fn expect(&mut self, sent: &Frame, own: Option<Ref>) {
        let (topic, sent) = (sent.topic.to_string(), sent.msg_ref.clone());
        self.pending.push(Pending { topic, sent, own });
    }

    /// Gives a frame of the server the refs that the client knows.
    pub(super) fn receive(&mut self, frame: &mut Frame) {
        if frame.join_ref.is_some() && frame.join_ref == self.join {
            frame.join_ref.clone_from(&self.own_join);
        }
        if frame.event != names::PHX_REPLY {
            return;
        }
        let answered = self
            .pending
            .iter()
            .position(|pending| pending.topic == frame.topic && pending.sent == frame.msg_ref);
        if let Some(at) = answered {
            frame.msg_ref = self.pending.remove(at).own;
        }
    }

    fn on_the_wire(&self, own: Option<&Ref>, frame: &Frame) -> Option<Ref> {
        let number = own.and_then(|own| own.to_value().as_str()?.parse::<u64>().ok());
        let number = number.unwrap_or_default();
        let is_beat = frame.event == names::HEARTBEAT;
        match self.manner {
            Manner::Correct(Variant::RefsAllOne) => Some(Ref::text("1")),
            Manner::Correct(Variant::RefsWords) => Some(Ref::text(match frame.event.as_str() {
                names::PHX_JOIN => "join",
                names::HEARTBEAT => "beat",
                _ => "request",
            })),
            Manner::Correct(Variant::RefsUuids) => {
                Some(Ref::text(format!("0d1f6b52-7c1e-4f6a-9b3d-{number:012x}")))
            }
            Manner::Correct(Variant::RefsOdd) => Some(Ref::text(match number % 3 {
                0 => format!("ref {number}"),
                1 => format!("№{number}"),
                _ => format!("\"{number}\""),
            })),
            Manner::Correct(Variant::RefsGaps) => Some(Ref::text((number * 17).to_string())),
            Manner::Broken(Mutant::NumericRefs) => Ref::from_value(json!(number)),
            Manner::Broken(Mutant::NumericBeatRef) if is_beat => Ref::from_value(json!(number)),
            Manner::Broken(Mutant::NoBeatRef) if is_beat => Ref::from_value(Value::Null),
            _ => own.cloned(),
        }
    }
}
