import { text as textOf } from "node:stream/consumers";
import { plantSecret, recordOutput } from "@molecule/test/support/secret-watch.js";
import { WebSocket, type ClientOptions } from "ws";

/** How a connection ended. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket client that keeps all it gets. */
export interface WsClient {
  readonly socket: WebSocket;
  /** Text frames, parsed, in order. */
  readonly frames: unknown[];
  /** Resolves when the connection has ended. */
  readonly closed: Promise<Closed>;
}

/** How to connect. */
export interface WsOptions extends Pick<ClientOptions, "headers" | "autoPong"> {
  readonly protocols?: string[];
}

/** A refused upgrade, as HTTP. */
export interface Refused {
  readonly status: number;
  readonly text: string;
}

/** Connects, or answers how it was refused. */
export async function connect(url: string, options: WsOptions = {}): Promise<WsClient | Refused> {
  const { protocols = [], ...rest } = options;
  const socket = new WebSocket(url.replace(/^http/, "ws"), protocols, rest);
  const frames: unknown[] = [];
  for (const protocol of protocols)
    plantSecret(/^bearer\.(.*)$/.exec(protocol)?.[1] ?? "", "a listener's token");
  socket.on("message", (data: Buffer, isBinary) => {
    recordOutput("frame", "a frame", data.toString());
    frames.push(isBinary ? data : JSON.parse(data.toString()));
  });
  const closed = new Promise<Closed>((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  return new Promise((resolve, reject) => {
    socket.on("open", () => resolve({ socket, frames, closed }));
    socket.on("unexpected-response", (request, response) => {
      textOf(response).then((text) => {
        request.destroy();
        resolve({ status: response.statusCode ?? 0, text });
      }, reject);
    });
    socket.on("error", reject);
  });
}

/** As {@link connect}, for a connection that must come about. */
export async function connected(url: string, options: WsOptions = {}): Promise<WsClient> {
  const client = await connect(url, options);
  if ("status" in client) throw new Error(`refused: ${client.status} ${client.text}`);
  return client;
}
