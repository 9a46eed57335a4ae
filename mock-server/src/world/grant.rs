//! Access tokens for applications: the client credentials grant.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::World;
use super::viewer::{Grant, Scope};

/// What an application proves itself with, and for whom it then speaks.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Secret {
    pub(super) secret: String,
    pub(super) user_id: u64,
}

/// Why no token is granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GrantError {
    #[error("no client has this client_id and client_secret")]
    UnknownClient,
    #[error("there is no scope {0:?}; there are {all}", all = Scope::ALL.map(Scope::as_str).join(" "))]
    UnknownScope(String),
}

impl World {
    /// Makes a token that speaks for the application's owner, and says its scopes.
    ///
    /// The same application gets the same token for the same scopes, so that tokens are few and runs are alike.
    pub(crate) fn grant(
        &mut self,
        client_id: &str,
        client_secret: &str,
        scopes: &str,
    ) -> Result<(String, String), GrantError> {
        // Ids of the older form still work here. Source: Glimesh/glimesh.tv, `lib/glimesh/oauth_migration.ex`.
        let client_id = self.old_client_ids.get(client_id).map_or(client_id, String::as_str);
        let client_id = client_id.to_ascii_lowercase();
        let known = self.client_secrets.get(&client_id).filter(|one| one.secret == client_secret);
        let user_id = known.ok_or(GrantError::UnknownClient)?.user_id;
        let mut scopes = scopes.split_whitespace().map(named).collect::<Result<Vec<_>, _>>()?;
        if scopes.is_empty() {
            scopes.push(Scope::Public);
        }
        scopes.sort();
        scopes.dedup();
        let written = scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
        let digest = Sha256::digest(format!("{client_id} {written}"));
        let token = format!("tok_granted_{}", hex::encode(&digest[..16]));
        self.tokens.insert(token.clone(), Grant { user_id, scopes });
        Ok((token, written))
    }
}

fn named(text: &str) -> Result<Scope, GrantError> {
    let found = Scope::ALL.into_iter().find(|scope| scope.as_str() == text);
    found.ok_or_else(|| GrantError::UnknownScope(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4d4e4f50-0001-4000-8000-000000000001";

    #[test]
    fn granted_token_speaks_for_the_owner_within_its_scopes() {
        let mut world = World::embedded();
        let (token, scopes) = world.grant(ID, "secret_of_mytho", "chat public chat").unwrap();
        assert_eq!(scopes, "public chat");
        let viewer = world.viewer_of_token(&token).unwrap();
        assert_eq!(viewer.user_id(), Some(1));
        assert!(viewer.may(Scope::Chat) && !viewer.may(Scope::Email));
        let again = world.grant(&ID.to_ascii_uppercase(), "secret_of_mytho", "public chat");
        assert_eq!(again.unwrap().0, token);
        assert_eq!(world.grant(ID, "secret_of_mytho", "").unwrap().1, "public");
    }

    #[test]
    fn old_client_ids_still_get_tokens() {
        let old = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        assert!(World::embedded().grant(old, "secret_of_mytho", "").is_ok());
    }

    #[test]
    fn wrong_secrets_and_scopes_are_refused() {
        let mut world = World::embedded();
        let unknown = Err(GrantError::UnknownClient);
        assert_eq!(world.grant(ID, "secret_of_thecat", ""), unknown);
        assert_eq!(world.grant("4d4e4f50-0009-4000-8000-000000000001", "", ""), unknown);
        let error = world.grant(ID, "secret_of_mytho", "public admin").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no scope \"admin\"; there are public email chat streamkey follow stream_info"
        );
    }
}
