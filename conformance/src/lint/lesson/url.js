// phoenix.js adds /websocket and vsn=2.0.0, and encodes its params.
const socket = new Socket("wss://glimesh.tv/api/graph", { params: { token } });
// Without it:
const url = new URL("wss://glimesh.tv/api/graph/websocket");
url.searchParams.set("vsn", "2.0.0");
url.searchParams.set("token", token);
