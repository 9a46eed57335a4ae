//! The documents that the client sends.

use glimesh_proto::Doc;
use serde_json::{Value, json};

use super::{Manner, Mutant, Variant};

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
        Manner::Broken(Mutant::UnknownField) => POLITE.replace("message }", "message text }"),
        Manner::Broken(Mutant::UndefinedVariable) => POLITE.replace("($channelId: ID)", ""),
        _ => POLITE.to_owned(),
    };
    let channel_id = if manner.is(Mutant::WrongChannel) { OTHER_CHANNEL } else { channel_id };
    let mut doc = Doc::new(query);
    if doc.query.contains("$channelId") {
        let number =
            channel_id.parse::<u64>().ok().filter(|_| manner.varies(Variant::NumericChannel));
        let channel = number.map_or_else(|| Value::from(channel_id), Value::from);
        doc.variables.insert("channelId".to_owned(), channel);
    }
    doc
}

/// A second subscription, to another channel, as a payload.
pub(super) fn second_subscription() -> Value {
    json!({"query": "subscription { chatMessage(channelId: 1) { message } }"})
}

/// A query of the protocol document: a channel's id, by its streamer's name.
pub(super) fn question() -> Doc {
    Doc::new(r#"query { channel(streamerUsername: "Mytho") { id } }"#)
}

/// The same as a payload.
pub(super) fn query() -> Value {
    json!({"query": question().query, "variables": {}})
}

/// A mutation that greets a channel, as a payload.
pub(super) fn greeting(channel_id: &str) -> Value {
    json!({
        "query": "mutation($channelId: ID!) { createChatMessage(channelId: $channelId, message: {message: \"Hello!\"}) { message } }",
        "variables": {"channelId": channel_id},
    })
}

/// A channel that nobody asked for.
const OTHER_CHANNEL: &str = "1";

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
