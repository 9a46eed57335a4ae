// Prints the messages of one Glimesh chat, and stays there: phoenix.js keeps the connection
// alive, reconnects, and rejoins; every join that succeeds subscribes anew.
//
// phoenix.js builds the URL itself, so it wants the parts of it, from the environment:
// GLIMESH_WS_BASE, GLIMESH_AUTH (token or client_id), and GLIMESH_TOKEN or GLIMESH_CLIENT_ID.

import { Socket } from "phoenix";
import WebSocket from "ws";

const env = process.env;
const channelId = env.GLIMESH_CHANNEL_ID || "6";

if (!env.GLIMESH_WS_BASE) {
  console.error("GLIMESH_WS_BASE is not set: the socket's URL without its query");
  process.exit(2);
}

// The socket adds "/websocket" and "vsn=2.0.0".
const socket = new Socket(env.GLIMESH_WS_BASE.replace(/\/websocket$/, ""), {
  transport: WebSocket,
  params: env.GLIMESH_AUTH === "client_id" ? { client_id: env.GLIMESH_CLIENT_ID } : { token: env.GLIMESH_TOKEN },
  // Unset, it is phoenix.js's own 30 seconds.
  heartbeatIntervalMs: env.GCK_HEARTBEAT_MS && Number(env.GCK_HEARTBEAT_MS),
});

socket.onOpen(() => console.log("connected"));
socket.onError((error) => console.error("connection error:", error.message));
socket.onClose((event) => console.log(`connection closed (${event.code})`));

const channel = socket.channel("__absinthe__:control");
let subscriptionId;

function subscribe() {
  const query = "subscription($channelId: ID) { chatMessage(channelId: $channelId) { user { username } message } }";
  channel
    .push("doc", { query, variables: { channelId } })
    .receive("ok", (response) => {
      subscriptionId = response.subscriptionId;
      console.log(`reading the chat of channel ${channelId}`);
    })
    .receive("error", (response) => console.error("subscription refused:", JSON.stringify(response)))
    .receive("timeout", () => console.error("no answer to the subscription"));
}

// Messages come on a topic of their own, the subscription's id, which no channel of ours has:
// only the socket sees them.
socket.onMessage(({ topic, event, payload }) => {
  if (event !== "subscription:data" || topic !== subscriptionId) return;
  const chat = payload.result.data?.chatMessage;
  if (chat) console.log(`${chat.user?.username}: ${chat.message}`);
});

// These hooks outlive the first join: phoenix.js calls them again after every rejoin.
channel
  .join()
  .receive("ok", subscribe)
  .receive("error", (response) => console.error("join refused:", JSON.stringify(response)))
  .receive("timeout", () => console.error("no answer to the join"));

socket.connect();

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => socket.disconnect(() => process.exit(0), 1000));
}
