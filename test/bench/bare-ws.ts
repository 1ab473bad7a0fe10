// What telling events must at least do: take one over HTTP, make its frame, and send that to every WebSocket.
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { WebSocketServer } from "ws";

const server = createServer((request, response) => {
  void text(request).then((body) => {
    const payload: unknown = JSON.parse(body);
    const event = { event: "WORKSPACE_UPDATED", workspace_id: request.url, timestamp: new Date(), payload };
    const frame = Buffer.from(JSON.stringify(event));
    for (const client of sockets.clients) client.send(frame, { binary: false });
    response.end('{"status":"updated"}');
  });
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
server.listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
process.stdout.write(`${typeof address === "object" && address !== null ? address.port : ""}\n`);
