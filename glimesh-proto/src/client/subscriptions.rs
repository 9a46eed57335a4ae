//! The subscriptions of a client: any number at once, each in its state.

use std::collections::{BTreeMap, VecDeque};

use crate::message::SubscriptionId;
use crate::subscription::{SubscriptionState, SubscriptionStep};

/// The subscriptions of one channel, and the last ones that have ended.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    live: BTreeMap<SubscriptionId, SubscriptionState>,
    ended: VecDeque<SubscriptionId>,
}

/// Data of a subscription that ended longer ago than this many others is unexpected.
const MOST_ENDED: usize = 64;

impl Subscriptions {
    pub(super) fn add(&mut self, id: SubscriptionId) {
        self.live.insert(id, SubscriptionState::Live);
    }

    /// One whose channel was gone before it was known.
    pub(super) fn add_ended(&mut self, id: Option<SubscriptionId>) {
        if let Some(id) = id.filter(|id| self.state(id).is_none()) {
            self.note_end(id);
        }
    }

    /// Moves one on; false if the step is illegal.
    pub(super) fn step(&mut self, id: &SubscriptionId, step: SubscriptionStep) -> bool {
        let Some(state) = self.live.get_mut(id) else { return false };
        match state.step(step) {
            Some(SubscriptionState::Ended) => {
                self.live.remove(id);
                self.note_end(id.clone());
                true
            }
            Some(next) => {
                *state = next;
                true
            }
            None => false,
        }
    }

    /// Ends one, though its `unsubscribe` was given up; false if there is none.
    pub(super) fn end(&mut self, id: &SubscriptionId) -> bool {
        self.step(id, SubscriptionStep::Unsubscribe);
        self.step(id, SubscriptionStep::Granted)
    }

    /// The channel is gone, and all that was subscribed on it.
    pub(super) fn end_all(&mut self) {
        for id in std::mem::take(&mut self.live).into_keys() {
            self.note_end(id);
        }
    }

    pub(super) fn state(&self, id: &SubscriptionId) -> Option<SubscriptionState> {
        let ended = || self.ended.contains(id).then_some(SubscriptionState::Ended);
        self.live.get(id).copied().or_else(ended)
    }

    pub(super) fn live(&self) -> impl Iterator<Item = (&SubscriptionId, SubscriptionState)> {
        self.live.iter().map(|(id, state)| (id, *state))
    }

    fn note_end(&mut self, id: SubscriptionId) {
        if self.ended.len() == MOST_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back(id);
    }
}
