//! What clients are given of a world: a credential of each kind, and a channel.

use super::{Scope, World};

/// A token, a client id and a channel of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) token: String,
    pub(crate) client_id: String,
    /// Empty if the client has none.
    pub(crate) client_secret: String,
    pub(crate) channel_id: u64,
}

impl World {
    /// Gives a token another name. A name that is a token of the world already keeps what it may do.
    pub(crate) fn rename_token(&mut self, token: &str, name: &str) {
        if self.tokens.contains_key(name) {
            return;
        }
        if let Some(grant) = self.tokens.remove(token) {
            self.tokens.insert(name.to_owned(), grant);
        }
    }

    /// What the embedded world gives, as far as this world has it, too; else the first of each kind, and of tokens the
    /// first that may chat.
    pub(crate) fn given(&self, usual: &Given) -> Given {
        let has_usual = self.tokens.contains_key(&usual.token);
        let usual_token = has_usual.then_some(&usual.token);
        let chats = self.tokens.iter().find(|(_, grant)| grant.scopes.contains(&Scope::Chat));
        let token = usual_token
            .or_else(|| chats.map(|(token, _)| token))
            .or_else(|| self.tokens.keys().next());
        let usual_client = self.clients.iter().find(|client| **client == usual.client_id);
        let client_id = usual_client.or_else(|| self.clients.first()).cloned().unwrap_or_default();
        let secret = self.client_secrets.get(&client_id).map(|secret| secret.secret.clone());
        let first_channel = self.channels.iter().next().map(|channel| channel.id);
        let usual_channel = self.channels.find(usual.channel_id).map(|channel| channel.id);
        Given {
            token: token.cloned().unwrap_or_default(),
            client_id,
            client_secret: secret.unwrap_or_default(),
            channel_id: usual_channel.or(first_channel).unwrap_or(usual.channel_id),
        }
    }
}
