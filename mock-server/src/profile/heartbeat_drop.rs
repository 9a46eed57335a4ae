//! How the connection of a silent client ends.

use glimesh_proto::{Close, names};

/// How the connection of a silent client ends. Written `close`, `close:CODE`, `close:CODE:REASON`, `cut` or `reset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeartbeatDrop {
    /// With a close frame. The real server sends code 1000 and no reason. Source: recordings, rule 22.
    Close(Close),
    /// By the end of TCP, without a close frame.
    Cut,
    /// By a reset of TCP.
    Reset,
}

/// The longest reason that fits into a close frame, in bytes. Source: RFC 6455, section 5.5.
const LONGEST_REASON: usize = 123;

impl HeartbeatDrop {
    /// As deployed.
    pub const NORMAL: Self =
        Self::Close(Close { code: Some(names::CLOSE_NORMAL), reason: String::new() });

    pub(super) fn read(text: &str) -> Option<Self> {
        let (word, rest) =
            text.split_once(':').map_or((text, None), |(word, rest)| (word, Some(rest)));
        match (word, rest) {
            ("cut", None) => Some(Self::Cut),
            ("reset", None) => Some(Self::Reset),
            ("close", None) => Some(Self::NORMAL),
            ("close", Some(rest)) => {
                let (code, reason) = rest.split_once(':').unwrap_or((rest, ""));
                let code = code.parse().ok().filter(|code| may_be_sent(*code))?;
                let reason = (reason.len() <= LONGEST_REASON).then(|| reason.to_owned())?;
                Some(Self::Close(Close { code: Some(code), reason }))
            }
            _ => None,
        }
    }

    pub(super) fn written(&self) -> String {
        match self {
            Self::Cut => "cut".to_owned(),
            Self::Reset => "reset".to_owned(),
            Self::Close(Close { code: None, .. }) => "close".to_owned(),
            Self::Close(Close { code: Some(code), reason }) if reason.is_empty() => {
                format!("close:{code}")
            }
            Self::Close(Close { code: Some(code), reason }) => format!("close:{code}:{reason}"),
        }
    }
}

/// Source: RFC 6455, section 7.4.
const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found = HeartbeatDrop::read(text).map(|drop| drop.written());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["cut", "reset", "close:1000", "close:4000:too late: by far"] {
            check(text, Some(text));
        }
        check("close", Some("close:1000"));
        for text in ["", "open", "cut:1", "close:", "close:1005", "close:999", "close:70000"] {
            check(text, None);
        }
        check(&format!("close:1000:{}", "x".repeat(124)), None);
    }
}
