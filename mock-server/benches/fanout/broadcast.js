// A plain broadcast with Node's `ws`; obeys the same orders as servers.rs. The argument is where `ws` is.
const { WebSocketServer } = require(process.argv[2]);

const id = `__absinthe__:doc:-576460752303422399:${"0123456789ABCDEF".repeat(4)}`;
const frame = (number) =>
  `[null,null,"${id}","subscription:data",{"result":{"data":{"chatMessage":{"id":"1","message":"${number}",` +
  `"user":{"username":"mytho"}}}},"subscriptionId":"${id}"}]`;

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("listening", () => console.log(`ws://127.0.0.1:${server.address().port}/`));

let number = 0;
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const [order, count] = line.split(" ");
  if (order === "publish") {
    for (let i = 0; i < count; i++) {
      const text = frame(String(number++).padStart(8, "0"));
      for (const client of server.clients) client.send(text);
    }
    console.log("published");
  } else {
    const { user, system } = process.cpuUsage();
    console.log(String(user + system));
  }
}).on("close", () => process.exit());
