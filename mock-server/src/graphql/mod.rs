//! Stand-in until GraphQL arrives.
#![allow(missing_docs, dead_code, clippy::all, clippy::pedantic)]
use crate::world::{Published, Viewer, World};
use serde_json::{Map, Value, json};
pub struct Api;
pub struct Outcome { pub answer: Answer, pub published: Vec<Published>, pub context_lost: bool }
pub enum Answer { Ok(Value), Error(Value), Subscribed(Subscription), Crash { reason: String } }
#[derive(Clone, Debug)]
pub struct Subscription { hash: String }
impl Subscription { pub fn hash(&self) -> &str { &self.hash } pub fn channel_id(&self) -> Option<&str> { Some("6") } }
impl Api {
    pub fn graph() -> Self { Self }
    pub fn socket() -> Self { Self }
    pub fn glimesh() -> Self { Self }
    pub fn execute(&self, _world: &mut World, _viewer: &Viewer, _now: &str, query: &str, _variables: &Map<String, Value>) -> Outcome {
        use sha2::Digest;
        let mut term = vec![0x83, 0x68, 2, 0x6d];
        term.extend((query.len() as u32).to_be_bytes());
        term.extend(query.as_bytes());
        term.extend([0x74, 0, 0, 0, 0]);
        let hash = hex::encode_upper(sha2::Sha256::digest(&term));
        let answer = if query.contains("nonsense") { Answer::Crash { reason: "nonsense".into() } } else if query.contains("subscription") { Answer::Subscribed(Subscription { hash }) } else { Answer::Ok(json!({"data": {"myself": {"username": "Mytho"}}})) };
        Outcome { answer, published: vec![], context_lost: false }
    }
    pub fn publish(&self, _world: &World, _subscription: &Subscription, _published: &Published) -> Value {
        json!({"data": {"chatMessage": {"message": "x"}}})
    }
}
