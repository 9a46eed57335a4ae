//! The states of a channel and the steps between them, for both roles.

/// Where a channel stands.
///
/// Every state and every step, with the state after it; a point marks an illegal step:
///
/// ```text
///          Join      JoinOk    JoinError Push      Leave     Close     Error
/// Closed   Joining   ·         ·         ·         ·         ·         ·
/// Joining  Joining   Joined    Errored   ·         Leaving   Closed    Errored
/// Joined   Joining   ·         ·         Joined    Leaving   Closed    Errored
/// Leaving  ·         ·         ·         ·         ·         Closed    Errored
/// Errored  Joining   ·         ·         ·         Leaving   ·         ·
/// ```
///
/// Source: Phoenix, `assets/js/phoenix/channel.js`, the five channel states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelState {
    /// Never joined, or left.
    Closed,
    /// The join is sent and not answered.
    Joining,
    /// The join was granted.
    Joined,
    /// The leave is sent and not answered.
    Leaving,
    /// The join was refused, or the channel crashed.
    Errored,
}

/// What can happen to a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// `phx_join` crosses the wire.
    Join,
    /// The join is answered with `ok`.
    JoinOk,
    /// The join is answered with `error`.
    JoinError,
    /// Any other push of the client crosses the wire.
    Push,
    /// `phx_leave` crosses the wire.
    Leave,
    /// The leave is answered, or `phx_close` comes.
    Close,
    /// `phx_error` comes.
    Error,
}

impl ChannelState {
    /// Every state, in the order of a channel's life.
    pub const ALL: [Self; 5] =
        [Self::Closed, Self::Joining, Self::Joined, Self::Leaving, Self::Errored];

    /// The state after a step; `None` if the step is illegal here.
    ///
    /// A second join replaces the channel, so it is legal while one is joined.
    pub const fn step(self, step: Step) -> Option<Self> {
        use ChannelState::{Closed, Errored, Joined, Joining, Leaving};
        match (self, step) {
            (Closed | Joining | Joined | Errored, Step::Join) => Some(Joining),
            (Joining, Step::JoinOk) => Some(Joined),
            (Joining, Step::JoinError) => Some(Errored),
            (Joined, Step::Push) => Some(Joined),
            (Joining | Joined | Errored, Step::Leave) => Some(Leaving),
            (Joining | Joined | Leaving, Step::Close) => Some(Closed),
            (Joining | Joined | Leaving, Step::Error) => Some(Errored),
            _ => None,
        }
    }
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 7] = [
        Self::Join,
        Self::JoinOk,
        Self::JoinError,
        Self::Push,
        Self::Leave,
        Self::Close,
        Self::Error,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    #[test]
    fn the_documentation_shows_the_whole_table() {
        table::check(include_str!("channel.rs"), &ChannelState::ALL, &Step::ALL, |state, step| {
            state.step(step)
        });
    }
}
