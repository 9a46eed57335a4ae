//! Lines of driven clients and of the kit, and the frames that they are about.

use glimesh_proto::names;
use serde_json::{Value, json};

/// The kit asks for a post.
pub(crate) fn send_chat(id: u64, text: &str) -> String {
    json!({"op": "send_chat", "id": id, "conn": "a", "channel_id": "6", "text": text}).to_string()
}

/// A doc with this text in its variables.
pub(crate) fn mutation(join_ref: &str, msg_ref: u64, text: &str) -> String {
    let query = "mutation($id: ID!, $it: ChatMessageInput!) { createChatMessage(channelId: $id, message: $it) { id } }";
    let variables = json!({"id": "6", "it": {"message": text}});
    doc(join_ref, msg_ref, &json!({"query": query, "variables": variables}))
}

/// A doc with this payload.
pub(crate) fn doc(join_ref: &str, msg_ref: u64, payload: &Value) -> String {
    json!([join_ref, msg_ref.to_string(), names::CONTROL_TOPIC, names::DOC, payload]).to_string()
}

/// A reply on the control topic.
pub(crate) fn reply(join_ref: &str, msg_ref: u64, status: &str, response: &Value) -> String {
    let payload = json!({"status": status, "response": response});
    json!([join_ref, msg_ref.to_string(), names::CONTROL_TOPIC, names::PHX_REPLY, payload])
        .to_string()
}

/// A message of the server's for a subscription.
pub(crate) fn message(subscription: &str, text: &str) -> String {
    let result = json!({"data": {"chatMessage": {"message": text}}});
    let payload = json!({"result": result, "subscriptionId": subscription});
    json!([null, null, subscription, names::SUBSCRIPTION_DATA, payload]).to_string()
}

/// A driven client tells of a message of the subscription `s1`.
pub(crate) fn chat(text: &str) -> String {
    let data = json!({"message": text});
    json!({"event": "chat", "conn": "a", "sub": "s1", "n": 1, "data": data}).to_string()
}

/// The request 1 was fulfilled.
pub(crate) const DONE: &str = r#"{"id":1,"ok":{}}"#;

/// The request 1 failed.
pub(crate) const FAILED: &str = r#"{"id":1,"error":{"kind":"server","message":"no","detail":{}}}"#;

/// There is nothing for the request 1.
pub(crate) const UNSUPPORTED: &str = r#"{"id":1,"unsupported":"it only reads"}"#;
