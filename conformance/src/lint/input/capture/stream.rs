//! One direction of a TCP connection, put into order.

use std::collections::BTreeMap;

/// How much may wait for a missing segment, in bytes; when more does, the segment counts as lost.
const MOST_WAITING: usize = 4 << 20;

/// How many segments may wait.
const MOST_SEGMENTS: usize = 4_096;

/// One direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Stream {
    state: State,
    /// What came early, by its distance from the next byte that is awaited, at the time it came.
    early: BTreeMap<u64, Vec<u8>>,
    waiting: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    New,
    /// The sequence number that is awaited, and how many bytes were handed over.
    Open { next: u32, passed: u64 },
    /// Something is missing for good.
    Lost,
}

impl Stream {
    /// Takes a segment; appends what is now in order.
    pub(super) fn take(&mut self, sequence: u32, syn: bool, payload: &[u8], out: &mut Vec<u8>) {
        let first = sequence.wrapping_add(u32::from(syn));
        let (next, passed) = match self.state {
            State::New if syn || !payload.is_empty() => (first, 0),
            State::Open { next, passed } => (next, passed),
            State::New | State::Lost => return,
        };
        self.state = State::Open { next, passed };
        if payload.is_empty() {
            return;
        }
        // Less than half of all numbers ahead, or else behind.
        let ahead = first.wrapping_sub(next);
        if ahead < 1 << 31 {
            self.keep(passed + u64::from(ahead), payload);
        } else {
            // Sent again: only what is new in it counts.
            let known = next.wrapping_sub(first) as usize;
            if let Some(new) = payload.get(known..).filter(|new| !new.is_empty()) {
                self.keep(passed, new);
            }
        }
        self.hand_over(out);
        if self.waiting > MOST_WAITING || self.early.len() > MOST_SEGMENTS {
            self.state = State::Lost;
            self.early.clear();
            self.waiting = 0;
        }
    }

    /// Whether something is missing.
    pub(super) fn gap(&self) -> bool {
        self.state == State::Lost || !self.early.is_empty()
    }

    /// `at`: counted from the stream's first byte.
    fn keep(&mut self, at: u64, payload: &[u8]) {
        let former = self.early.get(&at).map_or(0, Vec::len);
        if payload.len() > former {
            self.waiting += payload.len() - former;
            self.early.insert(at, payload.to_vec());
        }
    }

    fn hand_over(&mut self, out: &mut Vec<u8>) {
        let State::Open { mut next, mut passed } = self.state else { return };
        while let Some(entry) = self.early.first_entry() {
            if *entry.key() > passed {
                break;
            }
            let (at, segment) = entry.remove_entry();
            self.waiting -= segment.len();
            // Within a segment: its length, at most 64 KiB, fits.
            let known = (passed - at).min(segment.len() as u64) as usize;
            let new = &segment[known..];
            out.extend_from_slice(new);
            passed += new.len() as u64;
            next = next.wrapping_add(new.len() as u32);
        }
        self.state = State::Open { next, passed };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(start: u32, segments: &[(u32, &str)], expected: &str, gap: bool) {
        let mut stream = Stream::default();
        let mut out = Vec::new();
        stream.take(start.wrapping_sub(1), true, b"", &mut out);
        for (at, payload) in segments {
            stream.take(start.wrapping_add(*at), false, payload.as_bytes(), &mut out);
        }
        assert_eq!(String::from_utf8_lossy(&out), expected);
        assert_eq!(stream.gap(), gap);
    }

    #[test]
    fn segments_come_into_order_once() {
        // Numbers wrap around within the stream, too.
        for start in [1, u32::MAX - 3, u32::MAX] {
            check(start, &[(0, "ab"), (2, "cd")], "abcd", false);
            check(start, &[(2, "cd"), (0, "ab")], "abcd", false);
            check(start, &[(0, "ab"), (0, "ab"), (2, "cd"), (0, "abcd")], "abcd", false);
            check(start, &[(0, "ab"), (0, "abcd")], "abcd", false);
            check(start, &[(4, "ef"), (2, "cdef"), (0, "ab")], "abcdef", false);
            check(start, &[(0, "ab"), (4, "ef")], "ab", true);
        }
    }

    #[test]
    fn what_waits_too_long_is_lost() {
        let mut stream = Stream::default();
        let mut out = Vec::new();
        stream.take(0, true, b"", &mut out);
        for at in 0..1_000_u32 {
            stream.take(2 + at * 60_000, false, &[0; 60_000], &mut out);
        }
        assert!(stream.gap() && stream.waiting <= MOST_WAITING && out.is_empty());
    }
}
