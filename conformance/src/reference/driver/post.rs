//! The document of a post.

use glimesh_proto::Doc;
use serde_json::{Value, json};

use super::How;

/// The mutation that posts this text.
pub(super) fn mutation(how: Option<How>, channel_id: String, text: String) -> Doc {
    let text = match how {
        Some(How::StripsQuotes) => text.replace('"', ""),
        Some(How::CutsLongTexts) => {
            text.char_indices().filter(|(at, _)| *at < 100).map(|(_, c)| c).collect()
        }
        _ => text,
    };
    let channel_id = if how == Some(How::PostsElsewhere) { "10".to_owned() } else { channel_id };
    let quoted = match how {
        Some(How::Inline) => Some(Value::from(text.as_str()).to_string()),
        Some(How::PastesText) => Some(format!("\"{text}\"")),
        _ => None,
    };
    if let Some(quoted) = quoted {
        return Doc::new(format!(
            "mutation {{ createChatMessage(channelId: {channel_id}, message: {{message: {quoted}}}) {{ message }} }}"
        ));
    }
    let mut doc = Doc::new(
        "mutation($channelId: ID!, $message: ChatMessageInput!) { createChatMessage(channelId: $channelId, message: $message) { message } }",
    );
    doc.variables.insert("channelId".to_owned(), Value::from(channel_id));
    doc.variables.insert("message".to_owned(), json!({"message": text}));
    doc
}
