import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Engine } from "./engine.js";
import { skip } from "./skip.js";
import { tempDir } from "./temp.js";

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
  /** The engine does not hear of it. */
  | { readonly kind: "answer"; readonly status: number; readonly body: string }
  /** Never answers. */
  | { readonly kind: "hang" }
  /** Closes the connection; the engine does not hear of it. */
  | { readonly kind: "drop" }
  /** Answers half and closes the connection. */
  | { readonly kind: "cut" }
  /** The engine hears of it only after `until`, or not at all where `then` says so. */
  | { readonly kind: "stall"; readonly until: Promise<void>; readonly then?: Fault }
  /** Passes it on; the engine's answer waits for `until`. */
  | { readonly kind: "hold"; readonly until: Promise<void> }
  /** Passes it on; the engine's answer comes later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Passes it on and closes the connection in place of the engine's answer. */
  | { readonly kind: "lose" }
  /** Passes it on and changes what the engine answers in JSON. */
  | { readonly kind: "change"; readonly change: (body: unknown) => unknown };

/** Names of the lists that sweeps read. */
export const CONTAINER_LIST = /^\/containers\/json$/;
export const VOLUME_LIST = /^\/volumes$/;

/** The engine refuses in its own format. */
export function refusal(status: number, message: string): Fault {
  return { kind: "answer", status, body: JSON.stringify({ message }) };
}

/** A stream that began with 200 and tells of its failure in a line, as pulls and builds do. */
export function errorLine(error: string): Fault {
  const lines = [{ status: "Pulling from somewhere" }, { error, errorDetail: { message: error } }];
  return { kind: "answer", status: 200, body: lines.map((line) => `${JSON.stringify(line)}\n`).join("") };
}

/** A list that leaves out, against the truth, what `keep` says no to. Containers or volumes. */
export function partialList(keep: (entry: unknown, index: number) => boolean): Fault {
  return {
    kind: "change",
    change: (body) => {
      if (isList(body)) return body.filter(keep);
      if (typeof body !== "object" || body === null || !("Volumes" in body)) return body;
      return { ...body, Volumes: isList(body.Volumes) ? body.Volumes.filter(keep) : body.Volumes };
    },
  };
}

/** A list that leaves these out, against the truth: containers by id, volumes by name. */
export function listWithout(hidden: readonly string[]): Fault {
  return partialList((entry) => {
    if (typeof entry !== "object" || entry === null) return true;
    const key = "Id" in entry ? entry.Id : "Name" in entry ? entry.Name : undefined;
    return typeof key !== "string" || !hidden.includes(key);
  });
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** A list that is empty, against the truth. */
export function emptyList(): Fault {
  return partialList(() => false);
}

/** A socket in front of the engine's, where faults are put in. */
export class EngineProxy {
  /** As `DOCKER_HOST`. */
  readonly url: string;
  readonly seen: SeenRequest[] = [];
  /** Those of them that the engine has answered. */
  readonly answered: SeenRequest[] = [];
  /** Decides what goes wrong; nothing unless set. */
  fault: (request: SeenRequest) => Fault | undefined = () => undefined;
  readonly #path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** A proxy that listens. Skips what needs it when the engine is not on a Unix socket. */
  static async start(ctx: Mocha.Context, engine: Pick<Engine, "url">): Promise<EngineProxy> {
    if (!engine.url.startsWith("unix://")) return skip(ctx, "the engine is not on a Unix socket");
    return await EngineProxy.to(engine.url.slice("unix://".length));
  }

  /** A proxy to the Unix socket at `enginePath`, outside of mocha too. */
  static async to(enginePath: string): Promise<EngineProxy> {
    const proxy = new EngineProxy(join(await tempDir(), "proxy.sock"), enginePath);
    await proxy.open();
    return proxy;
  }

  private constructor(path: string, enginePath: string) {
    this.#path = path;
    this.url = `unix://${path}`;
    this.#server = createServer((incoming, answer) => {
      void this.#serve(incoming, answer, enginePath);
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
    if (!this.#server.listening) return;
    this.dropConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Cuts everyone off who waits for an answer. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /**
   * Requests with this method and path fail from now on; others no longer do. Nothing was seen yet: who waits for such a
   * request waits for one that has failed.
   */
  fail(method: string, path: RegExp, fault: Fault): void {
    this.heal();
    this.fault = (seen) => (seen.method === method && path.test(seen.path) ? fault : undefined);
  }

  /** Nothing fails any more, and nothing was seen yet. */
  heal(): void {
    this.fault = () => undefined;
    this.seen.length = 0;
    this.answered.length = 0;
  }

  /** How often a request with this method and path was seen. */
  count(method: string, path: RegExp): number {
    return countOf(this.seen, method, path);
  }

  /** How often the engine has answered one, whether or not the answer was handed on. */
  countAnswered(method: string, path: RegExp): number {
    return countOf(this.answered, method, path);
  }

  async #serve(incoming: IncomingMessage, answer: ServerResponse, enginePath: string): Promise<void> {
    const { method = "", url = "" } = incoming;
    const path = url.replace(/\?.*$/, "").replace(/^\/v[\d.]+/, "");
    const seen = { method, path, url };
    this.seen.push(seen);
    // At once and in one piece: an engine that takes its time has been told all, also by a caller who has gone meanwhile;
    // and it may have answered and closed before a last, empty write, which would fail then.
    const body = buffer(incoming).catch(() => Buffer.alloc(0));
    const decided = this.fault(seen);
    if (decided?.kind === "stall") await decided.until;
    const fault = decided?.kind === "stall" ? decided.then : decided;
    switch (fault?.kind) {
      case "hang":
        return;
      case "drop":
        answer.destroy();
        return;
      case "answer":
        answer.writeHead(fault.status, { "Content-Type": "application/json" }).end(fault.body);
        return;
      case "cut":
        answer.writeHead(200, { "Content-Type": "application/json", "Content-Length": 1000 });
        answer.write('[{"Id":', () => answer.destroy());
        return;
      default:
        this.#pass(incoming, await body, answer, enginePath, { seen, fault });
    }
  }

  #pass(
    { method, url, headers }: IncomingMessage,
    body: Buffer,
    answer: ServerResponse,
    socketPath: string,
    { seen, fault }: { readonly seen: SeenRequest; readonly fault: Fault | undefined },
  ): void {
    const onward = request({ socketPath, method, path: url, headers, agent: false });
    onward.on("response", (response) => {
      this.answered.push(seen);
      void deliver(response, answer, fault).catch(() => answer.destroy());
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => {
      if (fault === undefined) onward.destroy();
    });
    onward.end(body);
  }
}

function countOf(requests: readonly SeenRequest[], method: string, path: RegExp): number {
  return requests.filter((each) => each.method === method && path.test(each.path)).length;
}

/** Hands the engine's answer on, as the fault has it. */
async function deliver(
  response: IncomingMessage,
  answer: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  const { statusCode = 500, headers } = response;
  switch (fault?.kind) {
    case "lose":
      response.resume();
      answer.destroy();
      return;
    case "change": {
      const found: unknown = JSON.parse((await buffer(response)).toString("utf8"));
      answer.writeHead(statusCode, { "Content-Type": "application/json" });
      answer.end(JSON.stringify(fault.change(found)));
      return;
    }
    case "hold":
      await fault.until;
      break;
    case "delay":
      await pause(fault.ms);
      break;
    default:
  }
  answer.writeHead(statusCode, headers);
  response.pipe(answer);
}

/** Something to wait for until a test opens it. */
export function closedGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
