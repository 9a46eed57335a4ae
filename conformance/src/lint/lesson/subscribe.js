const query = "subscription($id: ID) { chatMessage(channelId: $id) { user { username } message } }";
channel.push("doc", { query, variables: { id: "6" } })
  .receive("ok", ({ subscriptionId }) => ids.add(subscriptionId))
  .receive("error", ({ errors }) => console.log(errors));
// phoenix.js drops what comes on a subscription's topic, unless somebody looks at it:
socket.onMessage(({ event, payload }) => event === "subscription:data" && show(payload.result));
