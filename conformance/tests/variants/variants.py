"""Correct clients that differ from the polite one in examples/clients/websockets-py: no check may fail them.

    python3 variants.py --list
    python3 variants.py NAME URL HEARTBEAT_MS
"""

import asyncio
import json
import signal
import sys
import uuid
from collections import defaultdict, deque
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

sys.path.insert(0, str(Path(__file__).parents[3] / "examples/clients/websockets-py"))
import client  # noqa: E402

CONTROL, CHANNEL_ID = client.CONTROL, client.CHANNEL_ID
ASKS = 'query { channel(streamerUsername: "Mytho") { id } }'
LITERAL = f"subscription {{ chatMessage(channelId: {CHANNEL_ID}) {{ user {{ username }} message }} }}"
WITH_ID = {"query": client.QUERY, "variables": {"id": CHANNEL_ID}}
MULTI_LINE = """
# Everything that is said.
subscription Chat($id: ID) {
  chatMessage(channelId: $id) {
    ...Said
    text: message
  }
}
fragment Said on ChatMessage { message user { username } }
"""

# Name: what is different.
DOCUMENTS = {
    "no-variables": {"query": LITERAL},
    "null-variables": {"query": LITERAL, "variables": None},
    "literal-channel": {"query": LITERAL, "variables": {}},
    "key-order": {"variables": {"id": CHANNEL_ID}, "query": client.QUERY},
    "numeric-channel": {"query": client.QUERY, "variables": {"id": int(CHANNEL_ID)}},
    "all-channels": {"query": "subscription { chatMessage { user { username } message } }", "variables": {}},
    "multi-line": {"query": MULTI_LINE, "variables": {"id": CHANNEL_ID}},
    "operation-name": {
        "query": client.QUERY.replace("subscription", "subscription Chat", 1),
        "operationName": "Chat",
        "variables": {"id": CHANNEL_ID},
    },
}
FORMS = {
    "compact": {"separators": (",", ":")},
    "indented": {"indent": 2},
}
REFS = {
    "refs-all-one": lambda n, event: "1",
    "refs-words": lambda n, event: {"phx_join": "join", "heartbeat": "beat"}.get(event, "ask"),
    "refs-uuids": lambda n, event: str(uuid.uuid4()),
    "refs-gaps": lambda n, event: str(n * 7),
    "refs-odd": lambda n, event: f'né "{n}" 次',
}
# In seconds; the last one is repeated.
PAUSES = {
    "quick-retry": [0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 2, 5],
    "slow-retry": [2, 4, 8, 16],
}
OTHERS = [
    "as-it-is", "asks-first", "two-documents", "two-subscriptions", "burst", "beats-with-join-ref", "beats-with-one",
    "beats-at-once", "beats-twice-as-often", "pings-too", "pongs", "closes-going-away", "closes-by-tcp", "query-order",
    "slow-start", "tokens-only", "offers-nothing", "leaves-at-the-end",
]
ALL = [*OTHERS, *DOCUMENTS, *FORMS, *REFS, *PAUSES]


class Session(client.Session):
    """One connection, which differs as the variant has it."""

    variant = None

    def __init__(self, websocket):
        super().__init__(websocket)
        self.replies = defaultdict(deque)  # By topic and ref, since refs may be all the same.

    async def request(self, topic, event, payload):
        self.last_ref += 1
        ref = REFS.get(self.variant, lambda n, event: str(n))(self.last_ref, event)
        if event == "phx_join":
            self.join_ref = ref
        join_ref = self.join_ref if topic == CONTROL or self.variant == "beats-with-join-ref" else None
        if topic != CONTROL and self.variant == "beats-with-one":
            join_ref = "1"
        reply = asyncio.get_running_loop().create_future()
        self.replies[topic, ref].append(reply)
        text = json.dumps([join_ref, ref, topic, event, payload], **FORMS.get(self.variant, {}))
        await self.websocket.send(text)
        if self.variant == "pongs":
            await self.websocket.pong()
        # A missing heartbeat's reply shows before the next one is due.
        patience = 10 if topic == CONTROL else min(10, 0.7 * client.HEARTBEAT_SECONDS)
        status, response = await asyncio.wait_for(reply, patience)
        if status != "ok":
            raise client.Refused(f"{event}: {response}")
        return response

    async def subscribe(self):
        document = DOCUMENTS.get(self.variant, WITH_ID)
        joined = self.request(CONTROL, "phx_join", {})
        if self.variant == "burst":
            await asyncio.gather(joined, self.request(CONTROL, "doc", document))
        else:
            await joined
            if self.variant == "asks-first":
                await self.request(CONTROL, "doc", {"query": ASKS, "variables": {}})
            await self.request(CONTROL, "doc", document)
        self.subscribed = True
        if self.variant == "two-documents":
            await self.request(CONTROL, "doc", {"query": ASKS, "variables": {}})
        if self.variant == "two-subscriptions":
            other = LITERAL.replace(f"channelId: {CHANNEL_ID}", "channelId: 1")
            await self.request(CONTROL, "doc", {"query": other, "variables": {}})

    async def beat(self):
        every = client.HEARTBEAT_SECONDS / (2 if self.variant == "beats-twice-as-often" else 1)
        if self.variant == "beats-at-once":
            await self.request("phoenix", "heartbeat", {})
        await asyncio.sleep(every)
        while True:
            if self.variant == "pings-too":
                await self.websocket.ping()
            await asyncio.gather(self.request("phoenix", "heartbeat", {}), asyncio.sleep(every))

    async def handle(self, join_ref, ref, topic, event, payload):
        waiting = self.replies[topic, ref] if event == "phx_reply" else ()
        if waiting:
            reply = waiting.popleft()
            if not reply.done():
                reply.set_result((payload["status"], payload["response"]))
        else:
            await super().handle(join_ref, ref, topic, event, payload)

    async def run(self):
        try:
            async with asyncio.TaskGroup() as tasks:
                for work in (self.read(), self.subscribe(), self.beat()):
                    tasks.create_task(work)
        finally:
            await self.leave()

    async def leave(self):
        if self.variant == "closes-by-tcp":
            self.websocket.transport.abort()
        elif self.variant == "leaves-at-the-end" and self.join_ref:
            leave = [self.join_ref, "leave", CONTROL, "phx_leave", {}]
            try:
                await self.websocket.send(json.dumps(leave))
            except WebSocketException:
                pass  # The connection is gone already.
        await self.websocket.close(1001 if self.variant == "closes-going-away" else 1000)


async def stay(url, variant, stopping):
    """Connects again and again; the pauses grow with each attempt that comes to nothing."""
    options = {"compression": None} if variant == "offers-nothing" else {}
    pauses, nth = PAUSES.get(variant, [1, 2, 4, 8, 16, 30]), 0
    while True:
        session = None
        try:
            async with connect(url, close_timeout=2, **options) as websocket:
                session = Session(websocket)
                await session.run()
        except* (OSError, WebSocketException, client.Refused) as group:
            print("not connected:", repr(group.exceptions[0]), file=sys.stderr)
        if stopping.is_set():
            return  # Told so while the connection was ending, which can swallow it.
        nth = 0 if session and session.subscribed else nth + 1
        await asyncio.sleep(pauses[min(nth, len(pauses) - 1)])


def reordered(url):
    parts = urlsplit(url)
    query = [("client", "a variant"), *reversed(parse_qsl(parts.query)), ("api_key", "none")]
    return parts._replace(query=urlencode(query)).geturl()


async def main(variant, url):
    Session.variant = variant
    if variant == "query-order":
        url = reordered(url)
    if variant == "tokens-only" and "token=" not in url:
        sys.exit("no token")
    if variant == "slow-start":
        await asyncio.sleep(2)
    stopping = asyncio.Event()
    bot = asyncio.create_task(stay(url, variant, stopping))

    def stop():
        stopping.set()
        bot.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await bot
    except asyncio.CancelledError:
        pass


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(ALL))
        sys.exit()
    name, url, heartbeat_ms = sys.argv[1:]
    if name not in ALL:
        sys.exit(f"no variant is called {name}; --list names them")
    client.HEARTBEAT_SECONDS = int(heartbeat_ms) / 1000
    asyncio.run(main(name, url))
