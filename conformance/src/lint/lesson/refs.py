counter = itertools.count(1)
msg_ref = str(next(counter))  # "2", not 2
await socket.send(json.dumps([join_ref, msg_ref, topic, event, payload]))
