//! Patterns: which frames, requests and connections a rule is about.

use std::collections::BTreeSet;

use glimesh_proto::Frame;
use serde::Deserialize;

use crate::scenario::Chance;

/// A pattern for the client's frames.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct On {
    /// The frame's event.
    pub event: String,
    /// The frame's topic; absent: any.
    pub topic: Option<String>,
    /// A text that the frame's payload contains, as JSON; absent: any.
    pub contains: Option<String>,
    /// Only frames on the nth WebSocket of the session, counted from 1; absent: on any.
    pub connection: Option<u32>,
    /// Only frames that come after the timeline has written this `mark`, and only those are counted; absent: any.
    pub after: Option<String>,
    /// Only the nth such frame of the session, counted from 1; absent: every one.
    pub nth: Option<u32>,
    /// Only the nth such frame and those after it.
    pub from: Option<u32>,
    /// Only so many of them.
    pub times: Option<u32>,
}

/// Which of the client's requests or connections, counted from 1 in their order; without any key: every one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Only what comes after the timeline has written this `mark`, and only that is counted; absent: all.
    pub after: Option<String>,
    /// Only the nth.
    pub nth: Option<u32>,
    /// Only the nth and those after it.
    pub from: Option<u32>,
    /// Only so many of them.
    pub times: Option<u32>,
}

/// How often something was seen, and whether it counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally(u32);

impl Tally {
    /// Counts one more, and says whether it is among those that are meant.
    pub(super) fn meets(&mut self, which: &Which, chance: Option<Chance>, roll: &mut Roll) -> bool {
        self.0 = self.0.saturating_add(1);
        // The die is cast for every one, so that one rule's luck does not hang on another's count.
        let lucky = chance.is_none_or(|chance| roll.below(chance));
        which.has(self.0) && lucky
    }
}

impl On {
    pub(super) fn matches(&self, frame: &Frame, connection: u32) -> bool {
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|it| it == found);
        self.event == frame.event
            && is(&self.topic, &frame.topic.to_string())
            && self.connection.is_none_or(|nth| nth == connection)
            && self.contains.as_ref().is_none_or(|it| frame.payload.to_string().contains(it))
    }

    pub(super) fn which(&self) -> Which {
        Which { after: self.after.clone(), nth: self.nth, from: self.from, times: self.times }
    }
}

impl Which {
    /// Whether it has begun, given the marks that were written so far.
    pub(super) fn has_begun(&self, marks: &BTreeSet<String>) -> bool {
        self.after.as_ref().is_none_or(|mark| marks.contains(mark))
    }

    const fn has(&self, number: u32) -> bool {
        if let Some(nth) = self.nth
            && number != nth
        {
            return false;
        }
        let from = match self.from {
            Some(from) => from,
            None => 1,
        };
        let fits = match self.times {
            Some(times) => number < from.saturating_add(times),
            None => true,
        };
        from <= number && fits
    }
}

/// A die that falls the same in every run with the same seed.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", the algorithm SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct Roll(u64);

impl Roll {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number less than `end`; 0 if that is 0.
    pub(crate) const fn under(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    fn below(&mut self, chance: Chance) -> bool {
        // The upper 53 bits are a fraction that a double holds exactly.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64 <= chance.0 && chance.0 > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_counts_from_one() {
        let which = |nth, from, times| Which { nth, from, times, ..Which::default() };
        let met = |which: Which| (1..=5).filter(|n| which.has(*n)).collect::<Vec<_>>();
        assert_eq!(met(which(None, None, None)), [1, 2, 3, 4, 5]);
        assert_eq!(met(which(Some(2), None, None)), [2]);
        assert_eq!(met(which(None, Some(3), None)), [3, 4, 5]);
        assert_eq!(met(which(None, None, Some(2))), [1, 2]);
        assert_eq!(met(which(None, Some(2), Some(2))), [2, 3]);
    }

    #[test]
    fn die_falls_the_same_for_the_same_seed_and_about_as_often_as_said() {
        let chance = Chance(0.25);
        let count = |seed| {
            let mut roll = Roll::new(seed);
            (0..4_000).filter(|_| roll.below(chance)).count()
        };
        assert_eq!(count(7), count(7));
        assert_ne!(count(7), count(8));
        assert!((800..1_200).contains(&count(7)), "{}", count(7));
    }
}
