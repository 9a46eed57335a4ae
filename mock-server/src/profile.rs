//! How the server behaves by default: the rows of the profile table, as settings.

mod heartbeat_drop;
mod setting;
mod settings;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use glimesh_proto::server::Config;
use glimesh_proto::{DropRule, Ref};

use self::setting::Setting;
use crate::scenario::Span;

pub use self::heartbeat_drop::HeartbeatDrop;
pub use self::setting::NoSetting;
pub use self::settings::Settings;
pub use glimesh_proto::{ArmedBy, RestartedBy};

/// What the server does where no scenario says otherwise. Times are the client's seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Which profile the settings began as.
    pub name: ProfileName,
    /// `heartbeat.limit`: the longest time between two restarts.
    pub heartbeat_limit: Duration,
    /// `heartbeat.restarted_by`: what restarts the limit.
    pub restarted_by: RestartedBy,
    /// `heartbeat.armed_by`: what starts it the first time.
    pub armed_by: ArmedBy,
    /// `heartbeat.grace`: how much later than the limit the drop comes.
    pub grace: Duration,
    /// `heartbeat.drop`: how the connection of a silent client ends.
    pub drop: HeartbeatDrop,
    /// `heartbeat.reply_first`: the first element of a heartbeat's reply.
    pub reply_first: ReplyFirst,
    /// `graph.schema`: which API answers `/api/graph`.
    pub graph_schema: GraphSchema,
    /// `frames.as_printed`: whether the document's own frames are answered as the document prints it.
    pub as_printed: bool,
    /// `close.explained`: whether a close frame that ends a connection for a fault of the client's has the log's code as
    /// its reason, such as `no-heartbeat`; the real server gives no reason.
    pub explain_closes: bool,
    /// `deflate.accepted`: whether permessage-deflate is spoken with clients that offer it; the real server declines.
    pub accepts_deflate: bool,
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

/// Which API answers `/api/graph`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphSchema {
    /// The current one, as deployed.
    Current,
    /// The current one; what is valid only on the older one is answered by that, with a note.
    Either,
}

/// The longest message that is read, unless told otherwise: 16 MiB. The recordings go up to 10 MB.
pub const MESSAGE_LIMIT: usize = 16 << 20;

impl Profile {
    /// The rules as the document states them, the answers as the real server gave them.
    pub fn glimesh() -> Self {
        Self {
            name: ProfileName::Glimesh,
            heartbeat_limit: Duration::from_secs(30),
            restarted_by: RestartedBy::Heartbeat,
            armed_by: ArmedBy::Open,
            grace: Duration::from_secs(2),
            drop: HeartbeatDrop::NORMAL,
            reply_first: ReplyFirst::Null,
            graph_schema: GraphSchema::Either,
            as_printed: false,
            explain_closes: false,
            accepts_deflate: false,
            message_limit: MESSAGE_LIMIT,
        }
    }

    /// The server as it was deployed: 60 s, restarted by any byte.
    pub fn phoenix() -> Self {
        Self {
            name: ProfileName::Phoenix,
            heartbeat_limit: Duration::from_secs(60),
            restarted_by: RestartedBy::AnyByte,
            grace: Duration::ZERO,
            graph_schema: GraphSchema::Current,
            ..Self::glimesh()
        }
    }

    /// As [`glimesh`](Self::glimesh); frames that the document prints are sent byte for byte.
    pub fn literal() -> Self {
        Self {
            name: ProfileName::Literal,
            reply_first: ReplyFirst::Text,
            as_printed: true,
            ..Self::glimesh()
        }
    }

    /// The profile of a name, with its own settings.
    pub fn named(name: ProfileName) -> Self {
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
                armed_by: self.armed_by,
            },
            heartbeat_reply_join_ref: match self.reply_first {
                ReplyFirst::Null => None,
                ReplyFirst::Text => Some(Ref::text("null")),
            },
        }
    }

    /// Every setting by its own name, as text.
    pub fn settings(&self) -> BTreeMap<String, String> {
        [
            ("heartbeat.limit", Span(self.heartbeat_limit).written()),
            ("heartbeat.restarted_by", self.restarted_by.written()),
            ("heartbeat.armed_by", self.armed_by.written()),
            ("heartbeat.grace", Span(self.grace).written()),
            ("heartbeat.drop", self.drop.written()),
            ("heartbeat.reply_first", self.reply_first.written()),
            ("graph.schema", self.graph_schema.written()),
            ("frames.as_printed", self.as_printed.written()),
            ("close.explained", self.explain_closes.written()),
            ("deflate.accepted", self.accepts_deflate.written()),
            ("message.limit", self.message_limit.written()),
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
