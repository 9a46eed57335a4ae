let join = json!(["1", "1", "__absinthe__:control", "phx_join", {}]);
socket.send(Message::text(join.to_string())).await?;
let reply = socket.next().await.ok_or("the connection ended")??;
let reply: Value = serde_json::from_str(reply.to_text()?)?;
if reply[1] != "1" || reply[4]["status"] != "ok" {
    return Err(format!("the join was refused: {reply}").into());
}
