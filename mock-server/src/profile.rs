//! How the server behaves by default: the rows of the profile table, as settings.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use glimesh_proto::server::Config;
use glimesh_proto::{ArmedBy, DropRule, Ref};

use crate::scenario::Span;

pub use glimesh_proto::RestartedBy;

/// What the server does where no scenario says otherwise. Times are the client's seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Which profile the settings began as.
    pub name: ProfileName,
    /// `heartbeat.limit`: the longest time between two restarts.
    pub heartbeat_limit: Duration,
    /// `heartbeat.restarted_by`: what restarts the limit.
    pub restarted_by: RestartedBy,
    /// `heartbeat.grace`: how much later than the limit the drop comes.
    pub grace: Duration,
    /// `heartbeat.reply_first`: the first element of a heartbeat's reply.
    pub reply_first: ReplyFirst,
    /// `graphql.older_api`: whether `/api/graph` answers documents that only the older API knows.
    pub older_api: bool,
    /// `frames.as_printed`: whether the document's own frames are answered as the document prints it.
    pub as_printed: bool,
    /// `message.limit`: the longest message that is read, in bytes; the real server has no limit.
    pub message_limit: usize,
}

/// The profiles by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfileName {
    /// `glimesh`: as the document states the rules.
    Glimesh,
    /// `phoenix`: as deployed.
    Phoenix,
    /// `literal`: as the document prints the frames.
    Literal,
}

/// The first element of a heartbeat's reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyFirst {
    /// `null`, as the real server sends it.
    Null,
    /// `"null"`, as the document prints it.
    Text,
}

/// The longest message that is read, unless told otherwise: 16 MiB. The recordings go up to 10 MB.
pub const MESSAGE_LIMIT: usize = 16 << 20;

impl Profile {
    /// The rules as the document states them, the answers as the real server gave them.
    pub const fn glimesh() -> Self {
        Self {
            name: ProfileName::Glimesh,
            heartbeat_limit: Duration::from_secs(30),
            restarted_by: RestartedBy::Heartbeat,
            grace: Duration::from_secs(2),
            reply_first: ReplyFirst::Null,
            older_api: true,
            as_printed: false,
            message_limit: MESSAGE_LIMIT,
        }
    }

    /// The server as it was deployed: 60 s, restarted by any byte.
    pub const fn phoenix() -> Self {
        Self {
            name: ProfileName::Phoenix,
            heartbeat_limit: Duration::from_secs(60),
            restarted_by: RestartedBy::AnyByte,
            grace: Duration::ZERO,
            older_api: false,
            ..Self::glimesh()
        }
    }

    /// As [`glimesh`](Self::glimesh); frames that the document prints are sent byte for byte.
    pub const fn literal() -> Self {
        Self {
            name: ProfileName::Literal,
            reply_first: ReplyFirst::Text,
            as_printed: true,
            ..Self::glimesh()
        }
    }

    /// The profile of a name, with its own settings.
    pub const fn named(name: ProfileName) -> Self {
        match name {
            ProfileName::Glimesh => Self::glimesh(),
            ProfileName::Phoenix => Self::phoenix(),
            ProfileName::Literal => Self::literal(),
        }
    }

    /// The same behaviour on a clock on which `rate` of the client's heartbeat seconds pass in a real one.
    #[must_use]
    pub fn scaled(&self, rate: u32) -> Self {
        let rate = rate.max(1);
        Self {
            heartbeat_limit: self.heartbeat_limit / rate,
            grace: self.grace / rate,
            ..self.clone()
        }
    }

    /// What the server machine is told.
    pub fn config(&self) -> Config {
        Config {
            drop_rule: DropRule {
                limit: self.heartbeat_limit,
                grace: self.grace,
                restarted_by: self.restarted_by,
                armed_by: ArmedBy::Open,
            },
            heartbeat_reply_join_ref: match self.reply_first {
                ReplyFirst::Null => None,
                ReplyFirst::Text => Some(Ref::text("null")),
            },
        }
    }

    /// Every setting by its own name, as text.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let restarted_by = match self.restarted_by {
            RestartedBy::Heartbeat => "heartbeat",
            RestartedBy::AnyByte => "any byte",
        };
        let reply_first = match self.reply_first {
            ReplyFirst::Null => "null",
            ReplyFirst::Text => "\"null\"",
        };
        [
            ("heartbeat.limit", Span(self.heartbeat_limit).to_string()),
            ("heartbeat.restarted_by", restarted_by.to_owned()),
            ("heartbeat.grace", Span(self.grace).to_string()),
            ("heartbeat.reply_first", reply_first.to_owned()),
            ("graphql.older_api", self.older_api.to_string()),
            ("frames.as_printed", self.as_printed.to_string()),
            ("message.limit", self.message_limit.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::glimesh()
    }
}

impl ProfileName {
    /// All profiles.
    pub const ALL: [Self; 3] = [Self::Glimesh, Self::Phoenix, Self::Literal];

    /// The name as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Glimesh => "glimesh",
            Self::Phoenix => "phoenix",
            Self::Literal => "literal",
        }
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text names no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no profile {0:?}; there are glimesh, phoenix and literal")]
pub struct UnknownProfile(String);

impl FromStr for ProfileName {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        match text {
            "glimesh" => Ok(Self::Glimesh),
            "phoenix" => Ok(Self::Phoenix),
            "literal" => Ok(Self::Literal),
            _ => Err(UnknownProfile(text.to_owned())),
        }
    }
}
