// What a user typed goes into variables, where JSON escapes it.
channel.push("doc", {
  query: "mutation($m: ChatMessageInput!) { createChatMessage(channelId: 6, message: $m) { id } }",
  variables: { m: { message: 'say "hi"' } },
});
