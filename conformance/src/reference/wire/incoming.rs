//! From a text of the server to what the client hears of it.

use glimesh_proto::{DecodeError, Frame, names};

use super::super::{Manner, Mutant};
use super::Wire;

/// What becomes of a text message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Heard {
    /// The client reads it.
    Text(String),
    /// The program crashes on it.
    Crash,
    /// The connection is given up because of it.
    Disconnect,
    /// The program hangs on it, with the connection open.
    Stuck,
}

/// How many messages are too many for those who stumble over a burst.
const MANY: u32 = 10;

impl Wire {
    /// What becomes of one text of the server.
    pub(in super::super) fn hear(&mut self, text: &str) -> Heard {
        let mut frame = match Frame::decode(text) {
            Ok(frame) => frame,
            Err(error) => return self.hear_malformed(text, &error),
        };
        if frame.topic == names::PHOENIX_TOPIC && frame.join_ref.is_none() {
            match self.manner {
                Manner::Broken(Mutant::CrashesAtNull) => return Heard::Crash,
                Manner::Broken(Mutant::ReconnectsAtNull) => return Heard::Disconnect,
                _ => {}
            }
        }
        self.messages += u32::from(frame.event == names::SUBSCRIPTION_DATA);
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

    fn hear_malformed(&mut self, text: &str, error: &DecodeError) -> Heard {
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
