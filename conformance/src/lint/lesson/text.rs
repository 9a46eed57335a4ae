// What a user typed goes into variables, where json! escapes it.
let query = "mutation($m: ChatMessageInput!) { createChatMessage(channelId: 6, message: $m) { id } }";
let payload = json!({"query": query, "variables": {"m": {"message": "say \"hi\""}}});
let frame = json!([join_ref, msg_ref, topic, "doc", payload]);
socket.send(Message::text(frame.to_string())).await?;
