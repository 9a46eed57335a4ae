// phoenix.js writes frames by itself: hand it values, never text.
channel.push("doc", { query: "{ myself { username } }", variables: {} });
// Without it: one JSON.stringify, and the text as it is.
socket.send(JSON.stringify(["1", "2", "__absinthe__:control", "doc", payload]));
