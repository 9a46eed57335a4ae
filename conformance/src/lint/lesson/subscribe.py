query = "subscription($id: ID) { chatMessage(channelId: $id) { user { username } message } }"
payload = {"query": query, "variables": {"id": "6"}}
await socket.send(json.dumps([join_ref, msg_ref, "__absinthe__:control", "doc", payload]))
async for text in socket:
    _, ref, topic, event, payload = json.loads(text)
    if event == "phx_reply" and ref == msg_ref and payload["status"] != "ok":
        raise ValueError(payload["response"]["errors"])
    if event == "subscription:data":
        show(payload["subscriptionId"], payload["result"])
