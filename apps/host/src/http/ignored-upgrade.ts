import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

const LINE_END = "\r\n";

/** Whether a request asks for a WebSocket, and not, as `curl --http2` does, for a protocol that is not spoken here. */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * Serves a request as if it had not asked for another protocol, which is what a server does with one that it doesn't
 * know (RFC 9110 §7.8). By the time of the event Node has taken its parser off the connection, the body still to come:
 * so the connection is handed to the server once more, with the same request but for its `Upgrade`.
 */
export function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method = "", url = "", httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    if (name.toLowerCase() !== "upgrade") lines.push(`${name}: ${value}`);
  }
  // As latin1, which is how Node reads them.
  const start = Buffer.from(lines.join(LINE_END) + LINE_END.repeat(2), "latin1");
  socket.unshift(Buffer.concat([start, head]));
  server.emit("connection", socket);
}
