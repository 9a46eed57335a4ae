// json! writes quotes, commas and escapes; Message::text sends text.
let frame = json!(["1", "2", "__absinthe__:control", "doc", payload]);
socket.send(Message::text(frame.to_string())).await?;
