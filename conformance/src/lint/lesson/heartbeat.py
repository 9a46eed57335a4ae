async def beat(socket, counter):
    while True:
        await asyncio.sleep(25)  # Not 30: the way to the server takes time, too.
        frame = [None, str(next(counter)), "phoenix", "heartbeat", {}]
        await socket.send(json.dumps(frame))
