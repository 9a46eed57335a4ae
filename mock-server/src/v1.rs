//! The older frame format, `vsn=1.0.0`: `{"topic", "event", "payload", "ref"}`.
//!
//! Source: Phoenix 1.7.0, `lib/phoenix/socket/serializers/v1_json_serializer.ex`; recording `connect/vsn_1_flow`.

use glimesh_proto::{Frame, Ref};
use serde_json::{Value, json};

/// The same message as a frame of five elements; `None` if it is not an object with these members.
pub(crate) fn to_v2(text: &str) -> Option<String> {
    let Value::Object(mut object) = serde_json::from_str(text).ok()? else { return None };
    let mut take = |name| object.remove(name);
    let (Some(Value::String(topic)), Some(Value::String(event))) = (take("topic"), take("event"))
    else {
        return None;
    };
    let payload = take("payload")?;
    let msg_ref = Ref::from_value(take("ref")?);
    let join_ref = Ref::from_value(take("join_ref").unwrap_or_default());
    Some(Frame { join_ref, msg_ref, topic, event, payload }.encode())
}

/// A frame of five elements as an object; what is none stays as it is.
pub(crate) fn from_v2(text: String) -> String {
    let Ok(Frame { msg_ref, topic, event, payload, .. }) = Frame::decode(&text) else {
        return text;
    };
    let msg_ref = msg_ref.as_ref().map(Ref::as_value);
    json!({"event": event, "payload": payload, "ref": msg_ref, "topic": topic}).to_string()
}
