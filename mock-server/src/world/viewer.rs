//! Who asks, and what they may do.

use std::sync::Arc;

use serde::Deserialize;

use super::World;

/// What a token allows beside reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// `public`: nothing more.
    Public,
    /// `email`: to see the own email address.
    Email,
    /// `chat`: to post and to moderate.
    Chat,
    /// `streamkey`: may be granted, and opens nothing.
    #[serde(rename = "streamkey")]
    StreamKey,
    /// `follow`: to follow and unfollow.
    Follow,
    /// `stream_info`: to change the own channel's title.
    StreamInfo,
}

impl Scope {
    /// All that there are.
    pub const ALL: [Self; 6] =
        [Self::Public, Self::Email, Self::Chat, Self::StreamKey, Self::Follow, Self::StreamInfo];

    /// The scope as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Email => "email",
            Self::Chat => "chat",
            Self::StreamKey => "streamkey",
            Self::Follow => "follow",
            Self::StreamInfo => "stream_info",
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Viewer {
    /// A user, by an access token.
    User {
        /// Which user.
        id: u64,
        /// What the token allows.
        scopes: Arc<[Scope]>,
    },
    /// An application, by a client id; it only reads.
    Application {
        /// Which one.
        client_id: Arc<str>,
    },
    /// The channel has forgotten who asks. Source: recordings, rule 29.
    Lost,
}

/// What a token stands for.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Grant {
    pub(super) user_id: u64,
    pub(super) scopes: Vec<Scope>,
}

impl Viewer {
    pub(crate) const fn user_id(&self) -> Option<u64> {
        match self {
            Self::User { id, .. } => Some(*id),
            Self::Application { .. } | Self::Lost => None,
        }
    }

    pub(crate) fn may(&self, scope: Scope) -> bool {
        matches!(self, Self::User { scopes, .. } if scopes.contains(&scope))
    }
}

impl World {
    /// Whom an access token stands for.
    pub fn viewer_of_token(&self, token: &str) -> Option<Viewer> {
        let Grant { user_id, scopes } = self.tokens.get(token)?;
        Some(Viewer::User { id: *user_id, scopes: scopes.as_slice().into() })
    }

    /// Which application a client id names; letter case does not matter.
    pub fn viewer_of_client_id(&self, id: &str) -> Option<Viewer> {
        let client_id = self.clients.iter().find(|known| known.eq_ignore_ascii_case(id))?;
        Some(Viewer::Application { client_id: client_id.as_str().into() })
    }
}
