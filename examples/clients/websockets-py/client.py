"""Prints the messages of one Glimesh chat, and stays there until it is told to stop.

    python3 client.py URL        URL: wss://…/api/graph/websocket?vsn=2.0.0&token=…
"""

import asyncio
import json
import logging
import os
import random
import signal
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

CONTROL = "__absinthe__:control"
CHANNEL_ID = os.environ.get("GLIMESH_CHANNEL_ID", "6")
HEARTBEAT_SECONDS = int(os.environ.get("GCK_HEARTBEAT_MS", "25000")) / 1000
QUERY = "subscription($id: ID) { chatMessage(channelId: $id) { user { username } message } }"


class Refused(Exception):
    """The server answered a request with something else than ok."""


class Session:
    """One connection, from its join to its end."""

    def __init__(self, websocket):
        self.websocket = websocket
        self.last_ref = 0
        self.join_ref = None
        self.subscribed = False
        self.replies = {}

    async def run(self):
        try:
            async with asyncio.TaskGroup() as tasks:
                for work in (self.read(), self.subscribe(), self.beat()):
                    tasks.create_task(work)
        finally:
            await self.websocket.close()  # Left to itself, websockets reports an internal error, 1011.

    async def request(self, topic, event, payload):
        """Sends one frame and returns the response in the server's reply to it."""
        self.last_ref += 1
        ref = str(self.last_ref)
        if event == "phx_join":
            self.join_ref = ref
        join_ref = self.join_ref if topic == CONTROL else None
        self.replies[ref] = asyncio.get_running_loop().create_future()
        await self.websocket.send(json.dumps([join_ref, ref, topic, event, payload]))
        status, response = await asyncio.wait_for(self.replies[ref], 10)
        if status != "ok":
            raise Refused(f"{event}: {response}")
        return response

    async def subscribe(self):
        await self.request(CONTROL, "phx_join", {})
        await self.request(CONTROL, "doc", {"query": QUERY, "variables": {"id": CHANNEL_ID}})
        self.subscribed = True
        logging.info("reading the chat of channel %s", CHANNEL_ID)

    async def beat(self):
        await asyncio.sleep(HEARTBEAT_SECONDS)
        while True:
            # Side by side, so that a slow reply does not put off the next heartbeat.
            await asyncio.gather(self.request("phoenix", "heartbeat", {}), asyncio.sleep(HEARTBEAT_SECONDS))

    async def read(self):
        while True:
            text = await self.websocket.recv()
            try:
                await self.handle(*json.loads(text))
            except Exception as error:  # One bad frame must not end the bot.
                logging.warning("ignored a frame: %r: %.200s", error, text)

    async def handle(self, join_ref, ref, topic, event, payload):
        if event == "phx_reply" and ref in self.replies:
            self.replies.pop(ref).set_result((payload["status"], payload["response"]))
        elif event == "subscription:data":
            chat = payload["result"]["data"]["chatMessage"]
            print(f"{(chat['user'] or {}).get('username')}: {chat['message']}", flush=True)
        elif event in ("phx_error", "phx_close") and topic == CONTROL and join_ref == self.join_ref:
            await self.websocket.close()  # The channel is gone: start again.


async def stay(url, stopping):
    """Connects again and again; the pause doubles with each attempt that comes to nothing."""
    pause = 1
    while True:
        session = None
        try:
            async with connect(url, close_timeout=2) as websocket:
                session = Session(websocket)
                await session.run()
        except* (OSError, WebSocketException, Refused) as group:
            logging.warning("not connected: %r", group.exceptions[0])
        if stopping.is_set():
            return  # Told so while the connection was ending, which can swallow it.
        pause = 1 if session and session.subscribed else min(pause * 2, 30)
        await asyncio.sleep(pause * random.uniform(1, 1.5))


async def main(url):
    stopping = asyncio.Event()
    bot = asyncio.create_task(stay(url, stopping))

    def stop():
        stopping.set()
        bot.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await bot
    except asyncio.CancelledError:
        logging.info("stopped")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else os.environ["GLIMESH_WS_URL"]))
