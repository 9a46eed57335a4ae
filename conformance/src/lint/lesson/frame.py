# A str becomes a text message, bytes become a binary one. json.dumps once.
frame = ["1", "2", "__absinthe__:control", "doc", payload]
await socket.send(json.dumps(frame))
