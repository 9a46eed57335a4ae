//! The exit codes, a promise to users.

/// What a run's exit status says. When several hold, the first in [`Exit::PRECEDENCE`] wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All required checks pass.
    Passed = 0,
    /// At least one failure.
    Failed = 1,
    /// A usage or configuration error.
    Usage = 2,
    /// The baseline expects what is not so any more, or has run out; nothing else is wrong.
    Stale = 3,
    /// Nothing was selected, or fewer checks ran than asked for.
    TooFew = 4,
    /// Inconclusive results, and no failure.
    Inconclusive = 5,
    /// Flaky results, which were not to be let pass.
    Flaky = 6,
    /// The client could not be started, or never connected in any session; the server could not be reached.
    NoClient = 7,
    /// The kit's own fault.
    Kit = 70,
    /// Interrupted; the report is partial and says so.
    Interrupted = 130,
}

impl Exit {
    /// Which code wins when several hold.
    pub const PRECEDENCE: [Self; 8] = [
        Self::Kit,
        Self::Usage,
        Self::NoClient,
        Self::TooFew,
        Self::Failed,
        Self::Flaky,
        Self::Inconclusive,
        Self::Stale,
    ];

    /// The number for the operating system.
    pub const fn code(self) -> u8 {
        self as u8
    }
}
