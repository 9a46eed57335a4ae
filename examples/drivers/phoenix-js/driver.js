// Drives phoenix.js for the conformance kit. Requests come in on standard input, one JSON object a
// line; replies and events go out on standard output. The protocol: ../README.md.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Socket } from "phoenix";
import WebSocket from "ws";

const PREFIX = "@gck ";
const { dependencies } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
const connections = new Map();

function say(line, then) {
  process.stdout.write(`${PREFIX}${JSON.stringify(line)}\n`, then);
}

/** Why a request failed; `kind` is one of the protocol's. */
class Failure extends Error {
  constructor(kind, message, detail = {}) {
    super(message);
    Object.assign(this, { kind, detail });
  }
}

class Connection {
  constructor({ conn, url, auth, ca_file, options }) {
    Object.assign(this, { conn, options, state: "closed", opened: false, leaving: false });
    this.subscriptions = new Map(); // The id on the wire, and what was asked for.
    this.pending = new Set(); // How to fail the pushes that wait for an answer.
    this.told = {}; // How many events of each name since the last `expect`.
    this.onTold = new Set();

    // phoenix.js builds the URL itself, and adds "/websocket" and "vsn=2.0.0".
    const { protocol, host, pathname } = new URL(url);
    const tls = ca_file ? { ca: readFileSync(ca_file) } : {};
    this.socket = new Socket(`${protocol}//${host}${pathname.replace(/\/websocket$/, "")}`, {
      transport: class extends WebSocket {
        constructor(url, protocols) {
          super(url, protocols, tls);
        }
      },
      params: { [auth.kind]: auth.value },
      heartbeatIntervalMs: options.heartbeat_ms ?? undefined,
    });
    this.channel = this.socket.channel("__absinthe__:control");
    this.socket.onMessage((frame) => this.received(frame));
    this.socket.onClose((event) => this.closed(event));
  }

  connect() {
    return new Promise((resolve, reject) => {
      this.socket.onOpen(() => {
        this.opened = true;
        this.setState("open");
        resolve({});
      });
      this.socket.onError((event) => {
        if (this.opened) return;
        this.socket.disconnect(); // Else phoenix.js tries again and again.
        this.setState("closed");
        reject(whyNotOpened(event));
      });
      this.setState("connecting");
      this.socket.connect();
    });
  }

  /** The hooks of a join outlive it: phoenix.js calls them again whenever it has joined again. */
  join() {
    if (this.state !== "open") throw this.unready("open");
    return new Promise((resolve, reject) => {
      this.channel
        .join()
        .receive("ok", () => {
          this.setState("joined");
          if (this.options.auto_subscribe) this.subscribeAgain();
          resolve({});
        })
        .receive("error", (response) => reject(refusal(response)))
        .receive("timeout", () => reject(new Failure("timeout", "no answer to the join")));
    });
  }

  async subscribe({ sub, channel_id, fields }) {
    const query = `subscription($id: ID) { chatMessage(channelId: $id) ${selection(fields)} }`;
    const response = await this.push("doc", { query, variables: { id: channel_id } });
    this.subscriptions.set(response.subscriptionId, { sub, channel_id, fields, n: 0 });
    return { subscription_id: response.subscriptionId };
  }

  subscribeAgain() {
    const before = [...this.subscriptions.values()];
    this.subscriptions.clear();
    for (const subscription of before) {
      this.subscribe(subscription).catch(({ kind, message }) =>
        this.tell({ event: "error", conn: this.conn, kind: kind ?? "internal", message }),
      );
    }
  }

  async unsubscribe({ sub }) {
    const found = [...this.subscriptions].find(([, subscription]) => subscription.sub === sub);
    if (!found) throw new Failure("usage", `there is no subscription ${sub}`);
    await this.push("unsubscribe", { subscriptionId: found[0] });
    this.subscriptions.delete(found[0]);
    return {};
  }

  async sendChat({ channel_id, text }) {
    const query = "mutation($id: ID!, $text: String!) { createChatMessage(channelId: $id, message: {message: $text}) { id } }";
    const response = await this.push("doc", { query, variables: { id: channel_id, text } });
    if (response.errors) throw refusal(response);
    return {};
  }

  query({ document, variables }) {
    return this.push("doc", { query: document, variables });
  }

  push(event, payload) {
    if (this.state !== "joined") throw this.unready("joined");
    return new Promise((resolve, reject) => {
      this.pending.add(reject);
      const settle = (done) => (value) => {
        this.pending.delete(reject);
        done(value);
      };
      this.channel
        .push(event, payload)
        .receive("ok", settle(resolve))
        .receive("error", settle((response) => reject(refusal(response))))
        .receive("timeout", settle(() => reject(new Failure("timeout", `no answer to ${event}`))));
    });
  }

  expect({ event, count, within_ms }) {
    return new Promise((resolve, reject) => {
      const settle = (done, value) => {
        clearTimeout(timer);
        this.onTold.delete(look);
        this.told[event] = 0;
        done(value);
      };
      const look = () => (this.told[event] ?? 0) >= count && settle(resolve, {});
      const late = () => settle(reject, new Failure("timeout", `${this.told[event] ?? 0} of ${count} events came`));
      const timer = setTimeout(late, within_ms);
      this.onTold.add(look);
      look();
    });
  }

  disconnect() {
    this.leaving = true;
    return new Promise((resolve) => this.socket.disconnect(() => resolve({}), 1000));
  }

  received({ topic, event, ref, payload }) {
    const { conn } = this;
    if (event === "phx_reply" && ref) {
      this.tell({ event: "reply", conn, ref, status: payload.status, response: payload.response });
    }
    // Messages come on a topic of their own, the subscription's id.
    const subscription = event === "subscription:data" && this.subscriptions.get(topic);
    const data = subscription && payload.result.data?.chatMessage;
    if (data) this.tell({ event: "chat", conn, sub: subscription.sub, n: ++subscription.n, data });
  }

  closed({ code }) {
    if (!this.opened) return; // The reply to `connect` says it.
    if (!this.options.auto_reconnect) this.socket.disconnect();
    if (!this.options.auto_subscribe) this.subscriptions.clear();
    for (const fail of this.pending) fail(new Failure("closed", "the connection is closed"));
    this.pending.clear();
    // 1005 and 1006 never cross the wire: a close frame without a code, and none at all.
    const sent = code === 1005 || code === 1006 ? null : code;
    const will_retry = this.options.auto_reconnect && !this.leaving;
    this.tell({ event: "closed", conn: this.conn, code: sent, clean: code !== 1006, will_retry });
    this.setState("closed");
  }

  setState(state) {
    if (this.state === state) return;
    this.state = state;
    this.tell({ event: "state", conn: this.conn, state });
  }

  tell(event) {
    say(event);
    this.told[event.event] = (this.told[event.event] ?? 0) + 1;
    for (const look of this.onTold) look();
  }

  unready(wanted) {
    const kind = this.state === "closed" ? "closed" : "usage";
    return new Failure(kind, `the connection is ${this.state}, not ${wanted}`);
  }
}

/** "{ message user { username } }" out of ["message", "user.username"]. */
function selection(fields) {
  const tree = {};
  for (const field of fields) field.split(".").reduce((node, name) => (node[name] ??= {}), tree);
  const print = (node) => {
    const parts = Object.entries(node).map(([name, inner]) => (Object.keys(inner).length ? `${name} ${print(inner)}` : name));
    return `{ ${parts.join(" ")} }`;
  };
  return print(tree);
}

function refusal(response) {
  const message = response?.errors?.[0]?.message ?? response?.reason ?? "the server refuses";
  return new Failure("server", message, response);
}

function whyNotOpened({ message, error }) {
  const status = /Unexpected server response: (\d+)/.exec(message)?.[1];
  if (status) return new Failure(["401", "403"].includes(status) ? "auth" : "handshake", message, { status: Number(status) });
  const inHandshake = !error?.code || error.code.startsWith("WS_ERR");
  return new Failure(inHandshake ? "handshake" : "transport", message);
}

function connection({ conn }) {
  const found = connections.get(conn);
  if (!found) throw new Failure("usage", `there is no connection ${conn}`);
  return found;
}

const ops = {
  connect(request) {
    const opened = new Connection(request);
    connections.set(request.conn, opened);
    return opened.connect();
  },
  join: (request) => connection(request).join(),
  subscribe: (request) => connection(request).subscribe(request),
  unsubscribe: (request) => connection(request).unsubscribe(request),
  send_chat: (request) => connection(request).sendChat(request),
  query: (request) => connection(request).query(request),
  expect: (request) => connection(request).expect(request),
  disconnect: (request) => connection(request).disconnect(),
  state: (request) => ({ state: connection(request).state }),
};

const first = {
  protocol: 1,
  client: { name: "phoenix.js", version: dependencies.phoenix, language: "javascript" },
  ops: Object.keys(ops),
  facts: { reconnects: true, heartbeat_ms: 30000, raw_events: true },
};

async function answer({ id, op, ...request }) {
  try {
    if (op === "hello") return say({ id, ok: first });
    if (op === "bye") {
      await Promise.all([...connections.values()].map((it) => it.disconnect()));
      return say({ id, ok: {} }, () => process.exit(0));
    }
    if (!Object.hasOwn(ops, op)) return say({ id, unsupported: `no ${op} here` });
    say({ id, ok: await ops[op](request) });
  } catch ({ kind = "internal", message, detail = {} }) {
    say({ id, error: { kind, message, detail } });
  }
}

// Not awaited: a request that waits must not hold up the next one.
createInterface({ input: process.stdin })
  .on("line", (line) => line.startsWith(PREFIX) && answer(JSON.parse(line.slice(PREFIX.length))))
  .on("close", () => process.exit(0));
