//! Why something is not done.

/// Why a user's wish is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The API says so, in these words.
    Said(String),
    /// The real server's process fails at it, and the channel crashes.
    Crash(String),
}

impl Refusal {
    pub(crate) fn said(text: &str) -> Self {
        Self::Said(text.to_owned())
    }

    pub(crate) fn unauthorized() -> Self {
        Self::said("unauthorized")
    }

    pub(crate) fn crash(reason: impl Into<String>) -> Self {
        Self::Crash(reason.into())
    }
}
