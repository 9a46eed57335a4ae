// Prints the messages of one Glimesh chat, by the steps of "Connecting to Chat", in their order.
//
//     node client.js URL        URL: wss://…/api/graph/websocket?vsn=2.0.0&token=…

import WebSocket from "ws";

const url = process.argv[2] || process.env.GLIMESH_WS_URL;
const channelId = process.env.GLIMESH_CHANNEL_ID || 6;

const connection = new WebSocket(url);
let joined = false;
let heartbeat;

// Preparing the connection.
connection.on("open", () => {
  connection.send(JSON.stringify(["1", "1", "__absinthe__:control", "phx_join", {}]));
});

connection.on("message", (data) => {
  const [joinRef, ref, topic, event, payload] = JSON.parse(data);

  if (topic === "__absinthe__:control" && event === "phx_reply") {
    if (payload.status !== "ok") {
      console.error("Glimesh refused:", JSON.stringify(payload.response));
    } else if (!joined) {
      joined = true;
      joinChat();
    } else if (payload.response.subscriptionId) {
      console.log(`Connected to the chat of channel ${channelId}`);
      stayConnected();
    }
  }

  if (event === "subscription:data") {
    const { user, message } = payload.result.data.chatMessage;
    console.log(`${user.username}: ${message}`);
  }
});

// Joining chat.
function joinChat() {
  const query = `subscription{ chatMessage(channelId: ${channelId}) { user { username avatar } message } }`;
  connection.send(JSON.stringify(["1", "1", "__absinthe__:control", "doc", { query, variables: {} }]));
}

// Staying connected.
function stayConnected() {
  heartbeat = setInterval(() => {
    connection.send(JSON.stringify(["1", "1", "phoenix", "heartbeat", {}]));
  }, 30 * 1000);
}

connection.on("close", (code) => {
  console.log(`Connection closed (${code})`);
  clearInterval(heartbeat);
});

connection.on("error", console.error);
