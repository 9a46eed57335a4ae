"""Drives a chat client on Python's websockets for the conformance kit.

Requests come in on standard input, one JSON object a line; replies and events go out on standard output. The
protocol: ../README.md.
"""

import asyncio
import json
import ssl
import sys
from collections import Counter

import websockets
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

PREFIX = "@gck "
CONTROL = "__absinthe__:control"
HEARTBEAT_MS = 25000


def say(line):
    print(PREFIX + json.dumps(line), flush=True)


class Failure(Exception):
    """Why a request failed; `kind` is one of the protocol's."""

    def __init__(self, kind, message, detail=None):
        super().__init__(message)
        self.kind, self.message, self.detail = kind, message, detail or {}


class Connection:
    """One connection, from its opening to its end. This client does not come back by itself."""

    def __init__(self, conn):
        self.conn = conn
        self.state = "closed"
        self.tasks = []
        self.last_ref = 0
        self.join_ref = None
        self.replies = {}  # ref: the future of its reply, and what to do as soon as it is there
        self.subscriptions = {}  # id on the wire: [what the kit calls it, how many messages came]
        self.told = Counter()  # events of each name since the last `expect`
        self.news = asyncio.Event()

    async def connect(self, url, ca_file, options, **_):
        trust = ssl.create_default_context(cafile=ca_file) if url.startswith("wss:") else None
        self.set_state("connecting")
        try:
            self.websocket = await connect(url, ssl=trust, close_timeout=2, proxy=None)
        except Exception as error:
            self.set_state("closed")
            raise why_not_opened(error)
        self.set_state("open")
        pause = (options["heartbeat_ms"] or HEARTBEAT_MS) / 1000
        self.tasks = [asyncio.create_task(work) for work in (self.read(), self.beat(pause))]
        return {}

    async def join(self, **_):
        self.demand("open")
        await self.request(CONTROL, "phx_join", {})
        self.set_state("joined")
        return {}

    async def subscribe(self, sub, channel_id, fields, **_):
        query = "subscription($id: ID) { chatMessage(channelId: $id) %s }" % selection(fields)

        def subscribed(response):  # At once: the first message may be right behind.
            self.subscriptions[response["subscriptionId"]] = [sub, 0]

        response = await self.doc(query, {"id": channel_id}, subscribed)
        return {"subscription_id": response["subscriptionId"]}

    async def unsubscribe(self, sub, **_):
        found = [subscription_id for subscription_id, (name, _) in self.subscriptions.items() if name == sub]
        if not found:
            raise Failure("usage", f"there is no subscription {sub}")
        self.demand("joined")
        await self.request(CONTROL, "unsubscribe", {"subscriptionId": found[0]})
        del self.subscriptions[found[0]]
        return {}

    async def send_chat(self, channel_id, text, **_):
        query = (
            "mutation($id: ID!, $text: String!) "
            "{ createChatMessage(channelId: $id, message: {message: $text}) { id } }"
        )
        response = await self.doc(query, {"id": channel_id, "text": text})
        if "errors" in response:
            raise refusal(response)
        return {}

    async def query(self, document, variables, **_):
        return await self.doc(document, variables)

    async def expect(self, event, count, within_ms, **_):
        try:
            async with asyncio.timeout(within_ms / 1000):
                while self.told[event] < count:
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            raise Failure("timeout", f"{self.told[event]} of {count} events came")
        finally:
            self.told[event] = 0
        return {}

    async def disconnect(self, **_):
        if self.tasks:
            await self.websocket.close()
            await asyncio.wait(self.tasks)
        return {}

    async def doc(self, query, variables, then=None):
        self.demand("joined")
        return await self.request(CONTROL, "doc", {"query": query, "variables": variables}, then)

    async def request(self, topic, event, payload, then=None):
        """Sends one frame and returns the response in the server's reply to it."""
        self.last_ref += 1
        ref = str(self.last_ref)
        if event == "phx_join":
            self.join_ref = ref
        join_ref = self.join_ref if topic == CONTROL else None
        reply = asyncio.get_running_loop().create_future()
        self.replies[ref] = reply, then
        try:
            await self.websocket.send(json.dumps([join_ref, ref, topic, event, payload]))
            status, response = await asyncio.wait_for(reply, 10)
        except ConnectionClosed:
            raise Failure("closed", "the connection is closed")
        except TimeoutError:
            raise Failure("timeout", f"no answer to {event}")
        if status != "ok":
            raise refusal(response)
        return response

    async def beat(self, pause):
        while self.state != "closed":
            await asyncio.sleep(pause)
            try:
                await self.request("phoenix", "heartbeat", {})
            except Failure as failure:
                self.complain(failure)

    async def read(self):
        try:
            while True:
                text = await self.websocket.recv()
                try:
                    self.handle(*json.loads(text))
                except (ValueError, TypeError, KeyError) as error:
                    self.complain(Failure("decode", f"{error!r}: {text:.200}"))
        except ConnectionClosed as closed:
            self.ended(closed.rcvd)

    def handle(self, join_ref, ref, topic, event, payload):
        if event == "phx_reply":
            status, response = payload["status"], payload["response"]
            self.tell({"event": "reply", "conn": self.conn, "ref": ref, "status": status, "response": response})
            if topic == CONTROL and join_ref not in (None, self.join_ref):
                return  # It belongs to the join before.
            reply, then = self.replies.pop(ref)
            if then and status == "ok":
                then(response)
            if not reply.done():
                reply.set_result((status, response))
        elif event == "subscription:data" and topic in self.subscriptions:
            subscription = self.subscriptions[topic]
            subscription[1] += 1
            sub, n = subscription
            data = payload["result"]["data"]["chatMessage"]
            self.tell({"event": "chat", "conn": self.conn, "sub": sub, "n": n, "data": data})
        elif event in ("phx_error", "phx_close") and topic == CONTROL and join_ref == self.join_ref:
            self.set_state("open")  # The channel is gone; the connection stands.

    def ended(self, close):
        self.tasks[1].cancel()
        for reply, _ in self.replies.values():
            if not reply.done():
                reply.set_exception(Failure("closed", "the connection is closed"))
        self.replies.clear()
        self.subscriptions.clear()
        # 1005 stands for a close frame without a code.
        code = close.code if close and close.code != 1005 else None
        clean = close is not None
        self.tell({"event": "closed", "conn": self.conn, "code": code, "clean": clean, "will_retry": False})
        self.set_state("closed")

    def complain(self, failure):
        self.tell({"event": "error", "conn": self.conn, "kind": failure.kind, "message": failure.message})

    def set_state(self, state):
        self.state = state
        self.tell({"event": "state", "conn": self.conn, "state": state})

    def tell(self, event):
        say(event)
        self.told[event["event"]] += 1
        self.news.set()

    def demand(self, state):
        if self.state != state:
            kind = "closed" if self.state == "closed" else "usage"
            raise Failure(kind, f"the connection is {self.state}, not {state}")


def selection(fields):
    """"{ message user { username } }" out of ["message", "user.username"]."""
    tree = {}
    for field in fields:
        node = tree
        for name in field.split("."):
            node = node.setdefault(name, {})

    def text(node):
        return "{ %s }" % " ".join(f"{name} {text(inner)}" if inner else name for name, inner in node.items())

    return text(tree)


def refusal(response):
    errors = response.get("errors")
    message = errors[0]["message"] if errors else response.get("reason", "the server refuses")
    return Failure("server", message, response)


def why_not_opened(error):
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        return Failure("auth" if status in (401, 403) else "handshake", str(error), {"status": status})
    if isinstance(error, OSError):  # Timeouts and TLS, too.
        return Failure("transport", str(error))
    return Failure("handshake" if isinstance(error, WebSocketException) else "internal", str(error))


class Driver:
    OPS = ["connect", "join", "subscribe", "unsubscribe", "send_chat", "query", "expect", "disconnect", "state"]
    FIRST = {
        "protocol": 1,
        "client": {"name": "websockets", "version": websockets.__version__, "language": "python"},
        "ops": OPS,
        "facts": {"reconnects": False, "heartbeat_ms": HEARTBEAT_MS, "raw_events": True},
    }

    def __init__(self):
        self.connections = {}

    async def run(self):
        reader = asyncio.StreamReader(limit=2**20)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        async with asyncio.TaskGroup() as answers:
            while line := await reader.readline():
                if not line.startswith(PREFIX.encode()):
                    continue
                request = json.loads(line[len(PREFIX) :])
                # A task: a request that waits must not hold up the next one.
                answer = answers.create_task(self.answer(**request))
                if request["op"] == "bye":
                    await answer
                    return

    async def answer(self, id, op, **request):
        try:
            if op == "hello":
                say({"id": id, "ok": self.FIRST})
            elif op == "bye":
                await asyncio.gather(*(it.disconnect() for it in self.connections.values()))
                say({"id": id, "ok": {}})
            elif op in self.OPS:
                say({"id": id, "ok": await self.act(op, **request)})
            else:
                say({"id": id, "unsupported": f"no {op} here"})
        except Failure as failure:
            error = {"kind": failure.kind, "message": failure.message, "detail": failure.detail}
            say({"id": id, "error": error})
        except Exception as fault:
            say({"id": id, "error": {"kind": "internal", "message": repr(fault)}})

    async def act(self, op, conn, **request):
        if op == "connect":
            self.connections[conn] = Connection(conn)
        if conn not in self.connections:
            raise Failure("usage", f"there is no connection {conn}")
        connection = self.connections[conn]
        if op == "state":
            return {"state": connection.state}
        return await getattr(connection, op)(**request)


if __name__ == "__main__":
    asyncio.run(Driver().run())
