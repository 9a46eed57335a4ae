await socket.send(json.dumps(["1", "1", "__absinthe__:control", "phx_join", {}]))
_, msg_ref, topic, event, payload = json.loads(await socket.recv())
if (msg_ref, event, payload["status"]) != ("1", "phx_reply", "ok"):
    raise ConnectionError(f"the join was refused: {payload}")
