counter += 1;
let msg_ref = counter.to_string(); // "2", not 2
let frame = json!([join_ref, msg_ref, topic, event, payload]);
socket.send(Message::text(frame.to_string())).await?;
