//! Stand-in until the world arrives.
#![allow(missing_docs, dead_code, clippy::all, clippy::pedantic)]
use std::sync::Arc;
#[derive(Clone, Debug)]
pub struct World { n: u64 }
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope { Chat }
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Viewer { User { id: u64, scopes: Arc<[Scope]> }, Application { client_id: Arc<str> }, Lost }
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Published { ChatMessage { channel_id: u64, message_id: u64 } }
impl Published { pub(crate) fn field(&self) -> &'static str { "chatMessage" } pub(crate) fn topic(&self) -> String { "6".into() } }
#[derive(Debug, thiserror::Error)]
#[error("no")]
pub struct SayError;
impl World {
    pub fn embedded() -> Self { Self { n: 0 } }
    pub fn viewer_of_token(&self, token: &str) -> Option<Viewer> {
        (token.starts_with("tok_") || token == "tok with space+plus/slash=").then(|| Viewer::User { id: 1, scopes: Arc::from([Scope::Chat]) })
    }
    pub fn viewer_of_client_id(&self, id: &str) -> Option<Viewer> {
        let id = id.to_lowercase();
        (id == "4d4e4f50-0001-4000-8000-000000000001" || id == "4d4e4f50-0002-4000-8000-000000000002").then(|| Viewer::Application { client_id: id.into() })
    }
    pub fn say(&mut self, _now: &str, channel_id: u64, _username: &str, _text: &str) -> Result<Published, SayError> {
        self.n += 1;
        Ok(Published::ChatMessage { channel_id, message_id: self.n })
    }
}
