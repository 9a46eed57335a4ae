//! The states of one subscription, as its client sees them.

/// Where a subscription stands.
///
/// Every state and every step, with the state after it; a point marks an illegal step:
///
/// ```text
///          Unsubscribe Granted   Refused   ChannelGone
/// Live     Ending      ·         ·         Ended
/// Ending   ·           Ended     Live      Ended
/// Ended    ·           ·         ·         ·
/// ```
///
/// Source: absinthe_phoenix 2.0.2, `lib/absinthe/phoenix/channel.ex`; recordings, rules 26, 28 and 34.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubscriptionState {
    /// Its document was answered with an id: data may come.
    Live,
    /// The `unsubscribe` is sent and not answered: data may still come.
    Ending,
    /// Data that still comes was on its way.
    Ended,
}

/// What can happen to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubscriptionStep {
    /// `unsubscribe` crosses the wire.
    Unsubscribe,
    /// It is answered with `ok`.
    Granted,
    /// It is answered with `error`, or not at all.
    Refused,
    /// The channel crashed, was closed, left, or joined again.
    ChannelGone,
}

impl SubscriptionState {
    /// Every state, in the order of a subscription's life.
    pub const ALL: [Self; 3] = [Self::Live, Self::Ending, Self::Ended];

    /// The state after a step; `None` if the step is illegal here.
    pub const fn step(self, step: SubscriptionStep) -> Option<Self> {
        use SubscriptionStep::{ChannelGone, Granted, Refused, Unsubscribe};
        match (self, step) {
            (Self::Live, Unsubscribe) => Some(Self::Ending),
            (Self::Ending, Granted) | (Self::Live | Self::Ending, ChannelGone) => Some(Self::Ended),
            (Self::Ending, Refused) => Some(Self::Live),
            _ => None,
        }
    }
}

impl SubscriptionStep {
    /// Every step.
    pub const ALL: [Self; 4] = [Self::Unsubscribe, Self::Granted, Self::Refused, Self::ChannelGone];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    #[test]
    fn the_documentation_shows_the_whole_table() {
        table::check(
            include_str!("subscription.rs"),
            &SubscriptionState::ALL,
            &SubscriptionStep::ALL,
            |state, step| state.step(step),
        );
    }
}
