//! Users.

use std::sync::Arc;

use serde::Deserialize;

use super::{Row, World};

/// A person, who may have a channel.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) displayname: String,
    pub(crate) email: String,
    pub(crate) confirmed_at: Option<String>,
    pub(crate) is_admin: bool,
    pub(crate) is_banned: bool,
    /// A path on the host, or a whole URL.
    pub(crate) avatar: String,
    pub(crate) team_role: Option<String>,
    pub(crate) social_youtube: Option<String>,
    pub(crate) profile_content_md: Option<String>,
    pub(crate) profile_content_html: Option<String>,
}

impl Row for User {
    fn id(&self) -> u64 {
        self.id
    }
}

impl World {
    /// Letter case does not matter.
    pub(crate) fn user_named(&self, username: &str) -> Option<&Arc<User>> {
        self.users.iter().find(|user| user.username.eq_ignore_ascii_case(username))
    }

    /// Users who are not banned from the whole site.
    pub(crate) fn listed_users(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users.iter().filter(|user| !user.is_banned)
    }
}
