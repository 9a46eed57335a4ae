//! A setting's value as it is written: on the command line, in a scenario, in the log and in reports.

use glimesh_proto::{ArmedBy, RestartedBy};
use serde::{Deserialize, Deserializer, de};

use super::{GraphSchema, HeartbeatDrop, ReplyFirst};
use crate::scenario::Span;

/// Why a text is no value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is none of {allowed}")]
pub struct NoSetting {
    text: String,
    allowed: &'static str,
}

/// Something that can be set by its name.
pub(super) trait Setting: Sized {
    /// What may be written.
    const ALLOWED: &str;

    fn of_text(text: &str) -> Option<Self>;

    fn written(&self) -> String;
}

/// A value on the command line.
pub(super) fn read<S: Setting>(text: &str) -> Result<S, NoSetting> {
    let refused = || NoSetting { text: text.to_owned(), allowed: S::ALLOWED };
    S::of_text(text).ok_or_else(refused)
}

/// A value in a scenario: as on the command line, or, for numbers and the like, without quotes.
pub(super) fn in_file<'de, D: Deserializer<'de>, S: Setting>(
    deserializer: D,
) -> Result<Option<S>, D::Error> {
    read(&String::deserialize(deserializer)?).map(Some).map_err(de::Error::custom)
}

/// `null` stands for itself, and `"null"` is a text.
pub(super) fn reply_first_in_file<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ReplyFirst>, D::Error> {
    match Option::<String>::deserialize(deserializer)?.as_deref() {
        None => Ok(Some(ReplyFirst::Null)),
        Some("null") => Ok(Some(ReplyFirst::Text)),
        Some(other) => Err(de::Error::custom(format!("{other:?} is neither null nor \"null\""))),
    }
}

impl Setting for Span {
    const ALLOWED: &str = "a time, such as 250ms, 3s or 2m";

    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Setting for RestartedBy {
    const ALLOWED: &str = "heartbeat, any";

    fn of_text(text: &str) -> Option<Self> {
        [Self::Heartbeat, Self::AnyByte].into_iter().find(|one| one.written() == text)
    }

    fn written(&self) -> String {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::AnyByte => "any",
        }
        .to_owned()
    }
}

impl Setting for ArmedBy {
    const ALLOWED: &str = "open, join, heartbeat";

    fn of_text(text: &str) -> Option<Self> {
        [Self::Open, Self::Join, Self::Heartbeat].into_iter().find(|one| one.written() == text)
    }

    fn written(&self) -> String {
        match self {
            Self::Open => "open",
            Self::Join => "join",
            Self::Heartbeat => "heartbeat",
        }
        .to_owned()
    }
}

impl Setting for HeartbeatDrop {
    const ALLOWED: &str = "close, close:CODE, close:CODE:REASON, cut, reset";

    fn of_text(text: &str) -> Option<Self> {
        Self::read(text)
    }

    fn written(&self) -> String {
        self.written()
    }
}

impl Setting for ReplyFirst {
    const ALLOWED: &str = "null, \"null\" (with its quotes, in a shell '\"null\"')";

    fn of_text(text: &str) -> Option<Self> {
        [Self::Null, Self::Text].into_iter().find(|one| one.written() == text)
    }

    fn written(&self) -> String {
        match self {
            Self::Null => "null",
            Self::Text => "\"null\"",
        }
        .to_owned()
    }
}

impl Setting for GraphSchema {
    const ALLOWED: &str = "current, either";

    fn of_text(text: &str) -> Option<Self> {
        [Self::Current, Self::Either].into_iter().find(|one| one.written() == text)
    }

    fn written(&self) -> String {
        match self {
            Self::Current => "current",
            Self::Either => "either",
        }
        .to_owned()
    }
}

impl Setting for bool {
    const ALLOWED: &str = "true, false";

    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Setting for usize {
    const ALLOWED: &str = "a number";

    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn written(&self) -> String {
        self.to_string()
    }
}
