//! From a text of the server to what the client hears of it.

use std::time::{Duration, Instant};

use glimesh_proto::{DecodeError, Frame, names};

use super::super::{Manner, Mutant};
use super::Wire;

/// What becomes of a text message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Heard {
    /// The client reads it.
    Text(String),
    /// The client does not take notice of it.
    Nothing,
    /// The program crashes on it.
    Crash,
    /// The connection is given up because of it.
    Disconnect,
    /// The program hangs on it, with the connection open.
    Stuck,
}

/// A reply within this time comes before a mutant is ready for it.
const TOO_EARLY: Duration = Duration::from_millis(500);

/// How many messages are too many for those who stumble over a burst.
const MANY: u32 = 10;

impl Wire {
    /// What becomes of one text of the server.
    pub(in super::super) fn hear(&mut self, text: &str) -> Heard {
        let mut frame = match Frame::decode(text) {
            Ok(frame) => frame,
            Err(error) => return self.hear_malformed(text, &error),
        };
        if let Some(heard) = self.stumble(&mut frame) {
            return heard;
        }
        if frame.topic == names::PHOENIX_TOPIC {
            self.beat_pending = false;
        }
        if frame.topic == names::PHOENIX_TOPIC && frame.join_ref.is_none() {
            match self.manner {
                Manner::Broken(Mutant::CrashesAtNull) => return Heard::Crash,
                Manner::Broken(Mutant::ReconnectsAtNull) => return Heard::Disconnect,
                _ => {}
            }
        }
        if frame.event == names::SUBSCRIPTION_DATA {
            self.messages += 1;
            self.heard_at = Some(Instant::now());
        }
        if self.messages >= MANY {
            match self.manner {
                Manner::Broken(Mutant::DiesOfMessages) => return Heard::Crash,
                Manner::Broken(Mutant::StuckAfterMessages) => return Heard::Stuck,
                _ => {}
            }
        }
        self.refs.receive(&mut frame);
        Heard::Text(frame.encode())
    }

    /// What the mutants do that stumble over a certain frame.
    fn stumble(&mut self, frame: &mut Frame) -> Option<Heard> {
        let on_control = frame.topic == names::CONTROL_TOPIC;
        let Manner::Broken(mutant) = self.manner else { return None };
        let response = &frame.payload["response"];
        match mutant {
            Mutant::AnyReplyIsReady if on_control && !self.joined => {
                self.refs.take_for_own(frame);
            }
            Mutant::HeedsStaleClose if on_control && frame.event == names::PHX_CLOSE => {
                self.refs.take_for_own(frame);
            }
            Mutant::StoresRefLate
                if on_control && self.joined_at.is_some_and(|at| at.elapsed() < TOO_EARLY) =>
            {
                return Some(Heard::Nothing);
            }
            Mutant::ReconnectsAtNullRefs if frame.event == names::SUBSCRIPTION_DATA => {
                return Some(Heard::Disconnect);
            }
            Mutant::CrashesAtOddId
                if response["subscriptionId"].as_str().is_some_and(|id| id.len() > 100) =>
            {
                return Some(Heard::Crash);
            }
            Mutant::AnyReplyCounts if frame.topic == names::PHOENIX_TOPIC => {
                self.refs.take_for_pending(frame);
            }
            Mutant::CrashesAtLateReply
                if frame.topic == names::PHOENIX_TOPIC
                    && self.beat_at.is_some_and(|at| at.elapsed() > TOO_EARLY) =>
            {
                return Some(Heard::Crash);
            }
            Mutant::CrashesAtTextNull
                if frame.topic == names::PHOENIX_TOPIC
                    && frame.join_ref.as_ref().is_some_and(|it| it.to_value() == "null") =>
            {
                return Some(Heard::Crash);
            }
            Mutant::CrashesAtNullUser
                if frame.event == names::SUBSCRIPTION_DATA
                    && frame.payload["result"]["data"]["chatMessage"]["user"].is_null() =>
            {
                return Some(Heard::Crash);
            }
            // The WebSocket library has put it together; the text tells that it came in fragments.
            Mutant::DiesOfFragments if frame.payload.to_string().contains("in pieces") => {
                return Some(Heard::Crash);
            }
            Mutant::CrashesAtUnknownEvent if frame.event == "something_new" => {
                return Some(Heard::Crash);
            }
            Mutant::BlocksOnSlowMessage if frame.event == names::SUBSCRIPTION_DATA => {
                return Some(Heard::Stuck);
            }
            Mutant::CrashesAtOddPayload
                if frame.event == names::SUBSCRIPTION_DATA
                    && frame.payload.get("result").is_none() =>
            {
                return Some(Heard::Crash);
            }
            Mutant::CrashesAtBeatError
                if frame.topic == names::PHOENIX_TOPIC && frame.payload["status"] == "error" =>
            {
                return Some(Heard::Crash);
            }
            _ => {}
        }
        if on_control && frame.event == names::PHX_REPLY {
            // The first answer is the join's, every further one a document's.
            self.asking &= !self.joined;
            self.joined = true;
        }
        None
    }

    fn hear_malformed(&mut self, text: &str, error: &DecodeError) -> Heard {
        self.malformed = true;
        match self.manner {
            Manner::Broken(Mutant::CrashesAtEmptyText) if text.is_empty() => Heard::Crash,
            Manner::Broken(Mutant::CrashesAtShortArray)
                if matches!(error, DecodeError::WrongLength { .. }) =>
            {
                Heard::Crash
            }
            Manner::Broken(Mutant::SilentAfterMalformed) => Heard::Stuck,
            _ => Heard::Text(text.to_owned()),
        }
    }
}
