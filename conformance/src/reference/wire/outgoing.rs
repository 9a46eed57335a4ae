//! From a frame of the client to what is put on the socket.

use std::time::{Duration, Instant};

use glimesh_proto::{Frame, Ref, names};
use serde_json::{Value, json};

use super::super::document;
use super::super::{Manner, Mutant, Variant};
use super::{Out, Wire, text};

/// How long an impatient client waits for the join's reply: longer than a burst, shorter than a held join.
const IMPATIENCE: Duration = Duration::from_secs(1);

/// How far the second of two timers is behind the first: on a contract clock, some of the client's seconds.
const SECOND_TIMER: Duration = Duration::from_millis(200);

/// A chat in which the last message is not older than this is busy.
const BUSY: Duration = Duration::from_millis(400);

/// A reply that took longer than this is late.
const LATE: Duration = Duration::from_secs(4);

/// The ref of frames that the client did not ask for; the client counts from 1.
const EXTRA: &str = "0";

impl Wire {
    /// What becomes of one frame of the client.
    pub(in super::super) fn send(&mut self, text: &str) -> Vec<Out> {
        let mut frame = Frame::decode(text).expect("the client writes frames");
        if self.is_in_a_hurry() && frame.event == names::DOC {
            return self.sent_before(&frame);
        }
        self.refs.send(&mut frame);
        match frame.event.as_str() {
            names::PHX_JOIN => self.join(frame),
            names::DOC => self.doc(frame),
            names::HEARTBEAT => self.beat(frame),
            _ => vec![self.write(&frame)],
        }
    }

    fn join(&mut self, mut join: Frame) -> Vec<Out> {
        match self.manner {
            Manner::Broken(Mutant::NullPayload) => join.payload = Value::Null.into(),
            Manner::Broken(Mutant::ArrayPayload) => join.payload = json!([]).into(),
            Manner::Broken(Mutant::JoinsWithoutRefs) => {
                (join.join_ref, join.msg_ref) = (None, None);
            }
            _ => {}
        }
        let sent = self.write(&join);
        self.joined_at = Some(Instant::now());
        match self.manner {
            Manner::Correct(Variant::Burst) => vec![sent, self.early_doc(&join)],
            Manner::Correct(Variant::BeatsAtOnce) => vec![sent, self.extra_beat()],
            Manner::Correct(Variant::LeavesFirst) if self.again => {
                vec![self.leave(&join), sent]
            }
            Manner::Correct(Variant::Pongs) => vec![sent, Out::Pong],
            Manner::Broken(Mutant::OneRefForTwo) => {
                let payload = document::query().into();
                let query = Frame { event: names::DOC.into(), payload, ..join };
                vec![sent, self.write(&query)]
            }
            Manner::Broken(Mutant::JoinsTheLobby) => {
                let own = Some(Ref::text(EXTRA));
                let lobby = Frame { topic: "room:lobby".into(), msg_ref: own, ..join };
                vec![sent, self.write(&lobby)]
            }
            Manner::Broken(Mutant::NeverJoins) => Vec::new(),
            Manner::Broken(Mutant::NeverRejoins) if self.again => Vec::new(),
            Manner::Broken(Mutant::JoinsThreeTimes) if self.nth > 3 => Vec::new(),
            Manner::Broken(Mutant::BeatsFirst) => vec![self.extra_beat(), sent],
            Manner::Broken(Mutant::BeatsTooSlowly) => vec![sent, self.extra_beat()],
            Manner::Broken(Mutant::ImpatientDocument) => {
                vec![sent, Out::Pause(IMPATIENCE), self.early_doc(&join)]
            }
            Manner::Broken(Mutant::SubscribesBeforeRejoin) if self.again => {
                vec![self.early_doc(&join), sent]
            }
            Manner::Broken(Mutant::LeavesAfterRejoin) if self.again => {
                vec![sent, self.leave(&join)]
            }
            Manner::Broken(Mutant::JoinsTwice) => {
                // The extra one first: the server keeps the last, and the client knows only its own.
                let extra = Some(Ref::text(EXTRA));
                let twin = Frame { join_ref: extra.clone(), msg_ref: extra, ..join };
                vec![self.write(&twin), sent]
            }
            _ => vec![sent],
        }
    }

    fn doc(&mut self, mut doc: Frame) -> Vec<Out> {
        self.asking = true;
        match self.manner {
            Manner::Broken(Mutant::NoJoinRef) => doc.join_ref = None,
            Manner::Broken(Mutant::ForeignJoinRef) => doc.join_ref = Some(Ref::text(EXTRA)),
            Manner::Broken(Mutant::NeverSubscribes) => return Vec::new(),
            Manner::Broken(Mutant::NeverResubscribes) if self.again => return Vec::new(),
            Manner::Broken(Mutant::WrongEvent) => doc.event = "subscribe".into(),
            Manner::Broken(Mutant::VariablesAsText) => {
                doc.payload.value_mut()["variables"] = json!(doc.payload["variables"].to_string());
            }
            Manner::Correct(Variant::NullVariables) => {
                doc.payload.value_mut()["variables"] = Value::Null
            }
            Manner::Correct(Variant::OperationName) => {
                doc.payload.value_mut()["operationName"] = json!(document::OPERATION);
            }
            Manner::Correct(Variant::NoVariables) => {
                if let Value::Object(payload) = doc.payload.value_mut() {
                    payload.remove("variables");
                }
            }
            _ => {}
        }
        let sent = self.write(&doc);
        match self.manner {
            Manner::Correct(Variant::TwoSubscriptions) => {
                let payload = document::second_subscription().into();
                let second = Frame { msg_ref: Some(Ref::text(EXTRA)), payload, ..doc };
                vec![sent, self.write(&second)]
            }
            Manner::Correct(Variant::TwoDocuments) => {
                let msg_ref = Some(Ref::text(EXTRA));
                let query = Frame { msg_ref, payload: document::query().into(), ..doc };
                vec![sent, self.write(&query)]
            }
            Manner::Broken(Mutant::Greets) => {
                let payload = document::greeting(&self.channel_id).into();
                let greeting = Frame { msg_ref: Some(Ref::text(EXTRA)), payload, ..doc };
                vec![sent, self.write(&greeting)]
            }
            Manner::Broken(Mutant::SubscribesTwiceWhenLate) if self.join_was_late() => {
                let twin = Frame { msg_ref: Some(Ref::text(EXTRA)), ..doc };
                vec![sent, self.write(&twin)]
            }
            Manner::Broken(Mutant::HandlersPileUp) if self.again => {
                let twin = |nth: u32| Frame {
                    msg_ref: Some(Ref::text(format!("{EXTRA}{nth}"))),
                    ..doc.clone()
                };
                let twins = (1..self.nth).map(|nth| self.write(&twin(nth)));
                [sent].into_iter().chain(twins).collect()
            }
            Manner::Correct(Variant::Pongs) => vec![sent, Out::Pong],
            _ => vec![sent],
        }
    }

    fn beat(&mut self, mut beat: Frame) -> Vec<Out> {
        self.beats += 1;
        self.beat_at.get_or_insert_with(Instant::now);
        match self.manner {
            Manner::Correct(Variant::BeatsWithJoinRef) => beat.join_ref = self.refs.live_join(),
            Manner::Correct(Variant::BeatsWithOne) => beat.join_ref = Some(Ref::text("1")),
            Manner::Correct(Variant::Pongs) => return vec![self.write(&beat), Out::Pong],
            Manner::Correct(Variant::PingsToo) => return vec![Out::Ping, self.write(&beat)],
            Manner::Broken(Mutant::NeverBeats) => return Vec::new(),
            Manner::Broken(Mutant::SkipsABeat) => {
                self.beat_pending = !self.beat_pending;
                if !self.beat_pending {
                    return Vec::new();
                }
            }
            Manner::Broken(Mutant::MessagesResetTimer)
                if self.heard_at.is_some_and(|at| at.elapsed() < BUSY) =>
            {
                return Vec::new();
            }
            Manner::Broken(Mutant::TiresOfBeating) if self.beats > 20 => return Vec::new(),
            Manner::Broken(Mutant::BeatsOnce) if self.beats > 1 => return Vec::new(),
            Manner::Broken(Mutant::BeatsWhenJoined) if !self.joined => return Vec::new(),
            Manner::Broken(Mutant::WaitsForTheDocument) if self.asking => return Vec::new(),
            Manner::Broken(Mutant::BeatsOnFirstOnly) if self.again => return Vec::new(),
            Manner::Broken(Mutant::TwoTimers) => {
                return vec![self.write(&beat), Out::Pause(SECOND_TIMER), self.extra_beat()];
            }
            Manner::Broken(Mutant::BeatsInPairs) => {
                return vec![self.extra_beat(), self.write(&beat)];
            }
            Manner::Broken(Mutant::Unmasked) => {
                return vec![Out::Raw(super::unmasked(&beat.encode()))];
            }
            Manner::Broken(Mutant::PingsInstead) => return vec![Out::Ping],
            Manner::Broken(Mutant::BeatsTwice) if self.beats > 2 => return Vec::new(),
            Manner::Broken(Mutant::Pheonix) => beat.topic = "pheonix".into(),
            Manner::Broken(Mutant::HeartUnderscoreBeat) => beat.event = "heart_beat".into(),
            Manner::Broken(Mutant::NullBeatPayload) => beat.payload = Value::Null.into(),
            _ => {}
        }
        vec![self.write(&beat)]
    }

    fn join_was_late(&self) -> bool {
        self.joined_at.is_some_and(|at| at.elapsed() > LATE)
    }

    /// Whether this client subscribes before the protocol's client would let it.
    fn is_in_a_hurry(&self) -> bool {
        match self.manner {
            Manner::Correct(Variant::Burst) | Manner::Broken(Mutant::ImpatientDocument) => true,
            Manner::Broken(Mutant::SubscribesBeforeRejoin) => self.again,
            _ => false,
        }
    }

    /// The subscription, sent before the join is answered.
    fn early_doc(&self, join: &Frame) -> Out {
        self.write(&Frame::push(
            join.join_ref.clone(),
            Some(Ref::text(EXTRA)),
            names::CONTROL_TOPIC,
            names::DOC,
            self.subscription.to_payload(),
        ))
    }

    /// Sends nothing: [`early_doc`](Self::early_doc) was this document. Its reply belongs to the client's push.
    fn sent_before(&mut self, doc: &Frame) -> Vec<Out> {
        let early = Frame { msg_ref: Some(Ref::text(EXTRA)), ..doc.clone() };
        self.refs.expect(&early, doc.msg_ref.clone());
        Vec::new()
    }

    fn extra_beat(&self) -> Out {
        self.write(&Frame::heartbeat(Ref::text(EXTRA)))
    }

    fn leave(&self, join: &Frame) -> Out {
        self.write(&Frame::push(
            join.join_ref.clone(),
            Some(Ref::text(EXTRA)),
            names::CONTROL_TOPIC,
            names::PHX_LEAVE,
            json!({}),
        ))
    }

    fn write(&self, frame: &Frame) -> Out {
        let text = text::write(self.manner, frame);
        match self.manner {
            Manner::Broken(Mutant::Binary) => Out::Binary(text.into()),
            Manner::Broken(Mutant::Latin1) if frame.event == names::HEARTBEAT => {
                Out::Raw(super::latin1(&text))
            }
            _ => Out::Text(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
    const BEAT: &str = r#"[null,"3","phoenix","heartbeat",{}]"#;

    /// What a client says for a join, a document and a heartbeat on its second connection.
    fn said(manner: Manner) -> Vec<String> {
        let subscription = document::subscription(manner, "6");
        let doc = Frame::push(
            Some(Ref::text("1")),
            Some(Ref::text("2")),
            names::CONTROL_TOPIC,
            names::DOC,
            subscription.to_payload(),
        );
        let mut wire = Wire::new(manner, 2, subscription, "6");
        let doc = doc.encode();
        let outs = [JOIN, &doc, BEAT].into_iter().flat_map(|text| wire.send(text));
        outs.map(|out| format!("{out:?}")).collect()
    }

    #[test]
    fn the_polite_client_says_what_the_protocols_client_says() {
        let said = said(Manner::Polite);
        assert_eq!(said[0], format!("{:?}", Out::Text(JOIN.to_owned())));
        assert!(said[1].contains("chatMessage(channelId: $channelId)"), "{said:?}");
        assert_eq!(said[2], format!("{:?}", Out::Text(BEAT.to_owned())));
    }

    #[test]
    fn everyone_else_differs_on_the_wire_or_says_elsewhere_how() {
        use super::super::super::{Mutant as M, Variant as V};
        let polite = said(Manner::Polite);
        let quiet_variants = [
            V::BeatsTwiceAsOften,
            V::QuickRetry,
            V::SlowRetry,
            V::OffersDeflate,
            V::TwoPongs,
            V::ClosesGoingAway,
            V::ExitsWhenRefused,
            V::QueryOrder,
            V::SlowStart,
            V::ClosesEmpty,
            V::ClosesByTcp,
            V::TokensOnly,
            V::AsksFirst,
        ];
        for &variant in V::ALL {
            let differs = said(Manner::Correct(variant)) != polite;
            assert_eq!(differs, !quiet_variants.contains(&variant), "{variant:?}");
        }
        // These differ in what they do about connections, replies, time and signals, or with a later heartbeat.
        let quiet_mutants = [
            "PR", "CN", "JN005", "JN006", "JN007", "JN008", "JN009", "JN010", "SB005", "MS",
            "HB002", "HB003", "HB008", "HB011", "HB015", "HB016", "HB012", "HB013", "HB014",
            "HB017", "HB018", "HB020", "HB023", "HB024", "HB026", "RC001", "RC002", "RC003",
            "RC005", "RC006", "RC012", "RC013", "RC007", "RC008", "RC009", "FT", "EN",
        ];
        let later = [M::BeatsTwice, M::TiresOfBeating, M::ClosesWith1006];
        for &mutant in M::ALL {
            let differs = said(Manner::Broken(mutant)) != polite;
            let quiet = quiet_mutants.iter().any(|area| mutant.caught_by().starts_with(area));
            assert_eq!(differs, !quiet && !later.contains(&mutant), "{mutant:?}");
        }
    }

    #[test]
    fn the_reply_to_an_early_document_belongs_to_the_clients_own() {
        let manner = Manner::Correct(Variant::Burst);
        let mut wire = Wire::new(manner, 1, document::subscription(manner, "6"), "6");
        let burst = wire.send(JOIN);
        assert_eq!(burst.len(), 2);
        let swallowed = wire.send(r#"["1","2","__absinthe__:control","doc",{"query":""}]"#);
        assert_eq!(swallowed, []);
        let reply = r#"["1","0","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#;
        let expected = reply.replace(r#""0""#, r#""2""#);
        assert_eq!(wire.hear(reply), super::super::Heard::Text(expected));
    }
}
