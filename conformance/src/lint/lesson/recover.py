async def stay(url):
    delay = 1
    while True:
        try:
            async with websockets.connect(url) as socket:
                await join(socket)
                delay = 1  # Only a join that was answered proves that the server is back.
                await subscribe_and_listen(socket)
        except (OSError, websockets.WebSocketException) as error:
            print("connection lost:", error)
        await asyncio.sleep(delay)
        delay = min(2 * delay, 30)
