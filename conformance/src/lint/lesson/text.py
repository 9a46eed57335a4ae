# What a user typed goes into variables, where json.dumps escapes it.
query = "mutation($m: ChatMessageInput!) { createChatMessage(channelId: 6, message: $m) { id } }"
payload = {"query": query, "variables": {"m": {"message": 'say "hi"'}}}
await socket.send(json.dumps([join_ref, msg_ref, topic, "doc", payload]))
