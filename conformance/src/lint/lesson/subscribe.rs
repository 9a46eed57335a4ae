let query = "subscription($id: ID) { chatMessage(channelId: $id) { user { username } message } }";
let payload = json!({"query": query, "variables": {"id": "6"}});
let frame = json!([join_ref, msg_ref, "__absinthe__:control", "doc", payload]);
socket.send(Message::text(frame.to_string())).await?;
while let Some(message) = socket.next().await {
    let frame: Value = serde_json::from_str(message?.to_text()?)?;
    match frame[3].as_str() {
        Some("phx_reply") if frame[4]["status"] != "ok" => return Err(frame.to_string().into()),
        Some("subscription:data") => println!("{}", frame[4]["result"]),
        _ => {}
    }
}
