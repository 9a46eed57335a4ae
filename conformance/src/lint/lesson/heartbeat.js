// phoenix.js beats by itself; below 30 s, so that no beat is late.
const socket = new Socket(url, { params: { token }, heartbeatIntervalMs: 25000 });
// Without it, on a socket of one's own:
const beat = () => ws.send(JSON.stringify([null, nextRef(), "phoenix", "heartbeat", {}]));
const timer = setInterval(beat, 25000);
ws.addEventListener("close", () => clearInterval(timer));
