import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Engine } from "@molecule/test/support/engine.js";
import { skip } from "@molecule/test/support/skip.js";
import { tempDir } from "@molecule/test/support/temp.js";

/** A request on its way to the engine. */
export interface SeenRequest {
  readonly method: string;
  /** Without the API version and the query, e.g. `/containers/json`. */
  readonly path: string;
  /** As sent. */
  readonly url: string;
}

/** What the proxy does with a request in place of passing it on. */
export type Fault =
  | { readonly kind: "answer"; readonly status: number; readonly body: string }
  /** Never answers. */
  | { readonly kind: "hang" }
  /** Answers half and closes the connection. */
  | { readonly kind: "cut" }
  /** Passes it on; the engine's answer waits for `until`. */
  | { readonly kind: "hold"; readonly until: Promise<void> };

/** A socket in front of the engine's, where faults are put in. */
export class EngineProxy {
  /** As `DOCKER_HOST`. */
  readonly url: string;
  readonly seen: SeenRequest[] = [];
  /** Decides what goes wrong; nothing unless set. */
  fault: (request: SeenRequest) => Fault | undefined = () => undefined;
  readonly #path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** A proxy that listens. Skips what needs it when the engine is not on a Unix socket. */
  static async start(ctx: Mocha.Context, engine: Engine): Promise<EngineProxy> {
    if (!engine.url.startsWith("unix://")) return skip(ctx, "the engine is not on a Unix socket");
    const proxy = new EngineProxy(join(await tempDir(), "proxy.sock"), engine.url.slice("unix://".length));
    await proxy.open();
    return proxy;
  }

  private constructor(path: string, enginePath: string) {
    this.#path = path;
    this.url = `unix://${path}`;
    this.#server = createServer((incoming, answer) => {
      this.#serve(incoming, answer, enginePath);
    });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#path, resolve));
  }

  /** Listens on a port of this machine in place of its socket. */
  async openPort(): Promise<number> {
    await this.close();
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("a listening server has a port");
    return address.port;
  }

  /** Its socket is gone then, until it is opened again. */
  async close(): Promise<void> {
    this.dropConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Cuts everyone off who waits for an answer. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** How often a request with this method and path was seen. */
  count(method: string, path: RegExp): number {
    return this.seen.filter((each) => each.method === method && path.test(each.path)).length;
  }

  #serve(incoming: IncomingMessage, answer: ServerResponse, enginePath: string): void {
    const { method = "", url = "" } = incoming;
    const path = url.replace(/\?.*$/, "").replace(/^\/v[\d.]+/, "");
    const seen = { method, path, url };
    this.seen.push(seen);
    const fault = this.fault(seen);
    if (fault?.kind === "hang") return;
    if (fault?.kind === "answer") {
      incoming.resume();
      answer.writeHead(fault.status, { "Content-Type": "application/json" }).end(fault.body);
      return;
    }
    if (fault?.kind === "cut") {
      answer.writeHead(200, { "Content-Type": "application/json", "Content-Length": 1000 });
      answer.write('[{"Id":', () => answer.destroy());
      return;
    }
    const onward = request({
      socketPath: enginePath,
      method,
      path: url,
      headers: incoming.headers,
      agent: false,
    });
    onward.on("response", (response) => {
      void (fault?.until ?? Promise.resolve()).then(() => {
        answer.writeHead(response.statusCode ?? 500, response.headers);
        response.pipe(answer);
      });
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => {
      if (fault === undefined) onward.destroy();
    });
    // In one piece: the engine may have answered and closed before a last, empty write, which would fail then.
    void buffer(incoming).then((body) => onward.end(body));
  }
}

/** Something to wait for until a test opens it. */
export function closedGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
