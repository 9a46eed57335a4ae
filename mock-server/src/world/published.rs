//! What subscribers may want to hear of.

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Published {
    /// Somebody said something.
    ChatMessage {
        /// Where.
        channel_id: u64,
        /// What.
        message_id: u64,
    },
    /// Somebody follows a streamer.
    Follower {
        /// Whom.
        streamer_id: u64,
        /// The row that says who.
        follower_id: u64,
    },
    /// A channel has changed.
    Channel {
        /// Which.
        channel_id: u64,
    },
}

impl Published {
    /// The subscription field that brings it.
    pub(crate) const fn field(&self) -> &'static str {
        match self {
            Self::ChatMessage { .. } => "chatMessage",
            Self::Follower { .. } => "followers",
            Self::Channel { .. } => "channel",
        }
    }

    /// The id that a subscription's argument must name; it is compared as text. Source: recordings, rule 26.
    pub(crate) fn topic(&self) -> String {
        match self {
            Self::ChatMessage { channel_id, .. } | Self::Channel { channel_id } => {
                channel_id.to_string()
            }
            Self::Follower { streamer_id, .. } => streamer_id.to_string(),
        }
    }
}
