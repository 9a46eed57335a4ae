//! Which sessions a selection of checks needs: few sessions feed many checks.

use crate::args::LevelArg;
use crate::check::{self, Check, Scope};

/// The suite's name: the protocol as it was when Glimesh closed.
pub const NAME: &str = "glimesh-chat-2023-06";

/// In the place of the name where no suite was run: what is known is one transcript.
pub const NONE: &str = "";

/// The first eight hexadecimal digits of the SHA-256 of `fixtures/connecting-to-chat.md`, the protocol document.
pub const DOCUMENT: &str = "150d0093";

/// The sessions of the suite, the longest first so that it starts first: in the client's time, then in real time, which
/// a contract clock does not shorten. Each is named after its scenario.
pub const SESSIONS: [&str; 35] = [
    "three-resets",
    "quiet",
    "pending-heartbeat",
    "odd-frames",
    "burst",
    "odd-heartbeat-replies",
    "heartbeat-late-reply",
    "reset",
    "busy-chat",
    "unanswered-doc",
    "slow-link",
    "late-join",
    "closed-after-each-join",
    "unanswered-join",
    "upgrade-never-answered",
    "overloaded",
    "always-403",
    "upgrade-in-five-seconds",
    "lost-channel",
    "refused-subscription",
    "server-closes",
    "nobody-listens",
    "held-join",
    "unknown-channel",
    "redirected-to-plain",
    "fuzzed-frames",
    "foreign-reply",
    "heartbeat-foreign-ref",
    "muted-heartbeat",
    "refused-join",
    "client-id",
    "malformed",
    "odd-token",
    "certificate-by-a-stranger",
    "certificate-for-another-host",
];

/// The sessions in which the client is driven; the first one shows whether a driver is honest.
pub const DRIVEN: [&str; 8] = [
    "driven-posts",
    "driven-gone",
    "driven-busy",
    "driven-again",
    "driven-messages",
    "driven-reader",
    "driven-no-scope",
    "driven-large",
];

/// What a client must be able to be asked so that a check can see anything.
pub fn level(check: &Check) -> LevelArg {
    match check.scope {
        Scope::Of(session) if DRIVEN.contains(&session) => LevelArg::L1,
        Scope::Every if check.slug.starts_with("driver/") => LevelArg::L1,
        _ => LevelArg::L0,
    }
}

/// The checks of a level.
pub fn catalogue(of: LevelArg) -> Vec<&'static Check> {
    let mut checks = check::catalogue();
    checks.retain(|check| level(check) == of);
    checks
}

/// The sessions that are run only when they are asked for: they take longer than all others together.
pub const SOAK: [&str; 2] = ["endurance", "ten-minutes"];

/// Why a suite cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuiteError {
    /// There is none of that name.
    #[error("there is no suite {0:?}; this kit has {NAME}@{DOCUMENT}")]
    Unknown(String),
    /// It is drawn from another version of the document.
    #[error("the suite {NAME} is drawn from the document {DOCUMENT}, not from {0:?}")]
    OtherDocument(String),
}

/// A suite of this kit, by its name: `NAME`, or `NAME@HASH` for whoever wants it drawn from that document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// [`NAME`], drawn from the document of [`DOCUMENT`].
    GlimeshChat2023,
}

impl std::str::FromStr for Suite {
    type Err = SuiteError;

    fn from_str(text: &str) -> Result<Self, SuiteError> {
        let (name, hash) = text.split_once('@').map_or((text, None), |(name, it)| (name, Some(it)));
        match hash {
            _ if name != NAME => Err(SuiteError::Unknown(name.to_owned())),
            Some(hash) if hash != DOCUMENT => Err(SuiteError::OtherDocument(hash.to_owned())),
            _ => Ok(Self::GlimeshChat2023),
        }
    }
}

/// The session that is run for checks which are content with any: a short one with a token.
const ANY: &str = "held-join";

/// The sessions that the checks read.
pub fn sessions_for(checks: &[&Check]) -> Vec<&'static str> {
    let read = |session: &'static str| checks.iter().any(|check| check.scope == Scope::Of(session));
    let all = SOAK.into_iter().chain(SESSIONS).chain(DRIVEN);
    let mut sessions: Vec<_> = all.filter(|session| read(session)).collect();
    if let (true, Some(check)) = (sessions.is_empty(), checks.first()) {
        sessions.push(if level(check) == LevelArg::L1 { DRIVEN[0] } else { ANY });
    }
    sessions
}

/// Whether the suite has a session of that name.
pub fn is_of_it(session: &str) -> bool {
    SOAK.iter().chain(&SESSIONS).chain(&DRIVEN).any(|ours| *ours == session)
}

/// Whether the check can be seen in a session that is run without being asked for.
pub fn is_usual(check: &Check) -> bool {
    !SOAK.iter().any(|session| check.scope == Scope::Of(session))
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    #[test]
    fn the_suite_names_the_document_that_it_is_drawn_from() {
        let document = include_bytes!("../../fixtures/connecting-to-chat.md");
        let hash = hex::encode(Sha256::digest(document));
        assert_eq!(hash[..8], *super::DOCUMENT);
    }

    #[test]
    fn a_suite_is_had_by_its_name_and_its_document() {
        use super::{DOCUMENT, NAME, Suite};
        assert_eq!(NAME.parse(), Ok(Suite::GlimeshChat2023));
        assert_eq!(format!("{NAME}@{DOCUMENT}").parse(), Ok(Suite::GlimeshChat2023));
        let why = |text: &str| text.parse::<Suite>().unwrap_err().to_string();
        assert_eq!(
            why("glimesh-chat-2024"),
            format!("there is no suite \"glimesh-chat-2024\"; this kit has {NAME}@{DOCUMENT}")
        );
        assert_eq!(
            why(&format!("{NAME}@00000000")),
            format!(
                "the suite {NAME} is drawn from the document {DOCUMENT}, not from \"00000000\""
            )
        );
    }

    #[test]
    fn whatever_takes_a_minute_is_among_the_first_that_start() {
        // As many sessions run side by side unless said.
        const JOBS: usize = 16;
        for late in &super::SESSIONS[JOBS..] {
            let length = crate::play::real_length(late);
            assert!(length < std::time::Duration::from_secs(60), "{late} takes {length:?}");
        }
    }
}
