//! Any bytes as a link and a sequence of operations on the machines at its ends.

use crate::simulation::{Fate, Nature, Operation, Simulation};

/// A sequence is no longer than this; what follows is not read.
const MOST_OPERATIONS: usize = 400;

pub(crate) fn check(bytes: &[u8]) {
    let mut input = Input { bytes };
    let mut simulation = Simulation::new(input.nature());
    for _ in 0..MOST_OPERATIONS {
        let Some(operation) = input.operation() else { break };
        simulation.apply(&operation);
    }
}

/// Reads the bytes from the front; each reading takes a few.
struct Input<'a> {
    bytes: &'a [u8],
}

impl Input<'_> {
    /// One byte: the number of fates, and whether order is kept. Then three bytes for each fate.
    fn nature(&mut self) -> Nature {
        let first = self.byte().unwrap_or_default();
        let fates = (0..first & 0x0F).map_while(|_| self.fate()).collect();
        Nature { fates, keeps_order: first & 0x80 != 0 }
    }

    fn fate(&mut self) -> Option<Fate> {
        let (flags, delay, again) = (self.byte()?, self.byte()?, self.byte()?);
        let scaled = |byte: u8| u16::from(byte) * 16;
        Some(Fate {
            is_lost: flags & 1 != 0,
            delay_ms: scaled(delay),
            again_after_ms: (flags & 2 != 0).then(|| scaled(again)),
        })
    }

    fn operation(&mut self) -> Option<Operation> {
        Some(match self.byte()? {
            b'j' => Operation::Join,
            b'J' => Operation::Rejoin,
            b'l' => Operation::Leave,
            b'q' => Operation::Query,
            b's' => Operation::Subscribe,
            b'u' => Operation::Unsubscribe(self.byte()?),
            b'h' => Operation::Heartbeat,
            b'p' => Operation::Publish(self.byte()?),
            b'c' => Operation::Crash,
            b'm' => Operation::Mute(true),
            b'M' => Operation::Mute(false),
            b'x' => Operation::Cut,
            b'<' => Operation::ServerSays(self.line()),
            b'>' => Operation::ClientSays(self.line()),
            b'e' => Operation::ClientCloses,
            b'E' => Operation::ServerCloses,
            // Up to a minute and a half.
            b'W' => Operation::Wait(u32::from(self.byte()?) * 350),
            other => Operation::Wait(u32::from(other)),
        })
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    /// Up to the next line feed.
    fn line(&mut self) -> String {
        let length = self.bytes.iter().position(|byte| *byte == b'\n').unwrap_or(self.bytes.len());
        let (line, rest) = self.bytes.split_at(length);
        self.bytes = rest.get(1..).unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    }
}
