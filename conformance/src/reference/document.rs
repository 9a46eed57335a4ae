//! The documents that the client sends.

use glimesh_proto::Doc;
use serde_json::{Value, json};

use super::{Manner, Variant};

/// The subscription to a channel's messages.
pub(super) fn subscription(manner: Manner, channel_id: &str) -> Doc {
    let query = match manner {
        Manner::Correct(
            Variant::LiteralChannel | Variant::NoVariables | Variant::NullVariables,
        ) => {
            let channel = channel_id;
            format!(
                "subscription{{ chatMessage(channelId: {channel}) {{ user {{ username avatar }} message }} }}"
            )
        }
        Manner::Correct(Variant::AllChannels) => {
            "subscription { chatMessage { user { username } message } }".to_owned()
        }
        Manner::Correct(Variant::MultiLine) => MULTI_LINE.to_owned(),
        _ => POLITE.to_owned(),
    };
    let mut doc = Doc::new(query);
    if doc.query.contains("$channelId") {
        doc.variables.insert("channelId".to_owned(), Value::from(channel_id));
    }
    doc
}

/// A query of the protocol document, as a payload.
pub(super) fn query() -> Value {
    json!({"query": r#"query { channel(streamerUsername: "Mytho") { id } }"#, "variables": {}})
}

/// The name of the operation in the polite subscription.
pub(super) const OPERATION: &str = "Chat";

const POLITE: &str = "subscription Chat($channelId: ID) { chatMessage(channelId: $channelId) { user { username } message } }";

const MULTI_LINE: &str = "\
# What is said in one channel.
subscription Listen($channelId: ID) {
  said: chatMessage(channelId: $channelId) {
    ...Line # The fragment is below.
  }
}

fragment Line on ChatMessage {
  user { name: username }
  text: message
}
";
