// phoenix.js connects and joins again by itself, but subscriptions are gone: subscribe at each join.
const socket = new Socket(url, { params: { token }, reconnectAfterMs: (tries) => Math.min(1000 * 2 ** tries, 30000) });
channel.join().receive("ok", () => subscribe(channel));
