import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { atEnd } from "./lifetime.js";

/** A request as the proxy saw it. */
export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** The first part of the program's name that asked: engines and platforms ask differently. */
  readonly agent: string;
}

/** What the proxy does with a request in place of passing it on. */
export type RegistryFault =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Never answers. */
  | { readonly kind: "hang" }
  /** Closes the connection. */
  | { readonly kind: "cut" }
  /** Passes it on, and leaves headers out of the answer; names in lower case. */
  | { readonly kind: "strip"; readonly headers: readonly string[] };

/** An HTTP server in front of a registry that counts and misbehaves. */
export class RegistryProxy {
  /** First part of an image's name: `127.0.0.1:<port>`. */
  readonly host: string;
  readonly seen: SeenRequest[] = [];
  /** Decides what goes wrong; nothing unless set. */
  fault: (request: SeenRequest) => RegistryFault | undefined = () => undefined;
  readonly #server: Server;
  readonly #target: string;
  readonly #sockets = new Set<Socket>();
  readonly #hanging = new Set<Socket>();

  /** A proxy that listens; it ends with the tests. */
  static async start(target: { readonly url: string }): Promise<RegistryProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return new RegistryProxy(server, isAddress(address) ? address.port : 0, target.url);
  }

  private constructor(server: Server, port: number, target: string) {
    this.host = `127.0.0.1:${port}`;
    this.#server = server;
    this.#target = target;
    server.on("request", (incoming: IncomingMessage, answer: ServerResponse) => {
      this.#serve(incoming, answer);
    });
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    atEnd(() => this.close());
  }

  /** Requests of the platform (not of the engine) with this method and path. */
  ours(method: string, path: RegExp): SeenRequest[] {
    return this.seen.filter(
      (each) => each.agent === "node" && each.method === method && path.test(each.path),
    );
  }

  /**
   * Forgets what was seen, behaves, and ends what hangs. So does it with connections on which nothing was asked: Node's
   * fetch opens one in place of one that it gave up in the middle, and keeps it for 4 s.
   */
  reset(): void {
    this.seen.length = 0;
    this.fault = () => undefined;
    for (const socket of this.#sockets) {
      if (this.#hanging.has(socket) || socket.bytesRead === 0) socket.destroy();
    }
    this.#hanging.clear();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(incoming: IncomingMessage, answer: ServerResponse): void {
    const { method = "", url = "", headers } = incoming;
    const agent = /^[^/ ]+/.exec(headers["user-agent"] ?? "")?.[0] ?? "";
    const seen = { method, path: url, headers, agent };
    // A connection that the host keeps for later would stay open here after the test.
    answer.setHeader("Connection", "close");
    this.seen.push(seen);
    const fault = this.fault(seen);
    if (fault?.kind === "hang") {
      this.#hanging.add(incoming.socket);
      return;
    }
    if (fault?.kind === "cut") {
      incoming.socket.destroy();
      return;
    }
    if (fault?.kind === "answer") {
      incoming.resume();
      answer.writeHead(fault.status, fault.headers).end(method === "HEAD" ? undefined : fault.body);
      return;
    }
    const stripped = fault?.kind === "strip" ? fault.headers : [];
    // The registry makes its upload addresses from the host that it was asked by: that of the proxy stays.
    const onward = request(`${this.#target}${url}`, { method, headers, agent: false });
    onward.on("response", (response) => {
      const kept = Object.entries(response.headers).filter(
        ([name]) => name !== "connection" && !stripped.includes(name),
      );
      answer.writeHead(response.statusCode ?? 500, Object.fromEntries(kept));
      response.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    incoming.pipe(onward);
  }
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}
