import { createServer, type IncomingMessage, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { freePort } from "@molecule/test/support/ports.js";

/** One request that the stand-in took. */
export interface Call {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What it answers; `hang` never does. */
export type Script =
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | "hang";

const TAKEN: Script = { status: 200, body: { status: "ok" } };

/** A real HTTP server in the platform's place, which notes what agents say and answers by a script. */
export class StandInPlatform {
  readonly calls: Call[] = [];
  /** Decides on the answer; `number` counts the calls from 1. */
  answer: (call: Call, number: number) => Script = () => TAKEN;
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Calls to `/registry/<name>`. */
  callsTo(name: "register" | "heartbeat"): Call[] {
    return this.calls.filter((call) => call.path === `/registry/${name}`);
  }

  /** Listens; after a stop, on the same port again. */
  async start(host = "127.0.0.1"): Promise<void> {
    const server = createServer((request, response) => {
      void this.#note(request).then((call) => {
        const script = this.answer(call, this.calls.length);
        if (script === "hang") return;
        response.writeHead(script.status, { "content-type": "application/json", ...script.headers });
        response.end(typeof script.body === "string" ? script.body : JSON.stringify(script.body));
      });
    });
    if (this.#port === 0) this.#port = await freePort();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, host, resolve);
    });
    this.#server = server;
  }

  /** Stops listening and cuts every connection. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async #note(request: IncomingMessage): Promise<Call> {
    const body: unknown = JSON.parse(await text(request));
    const call: Call = {
      path: request.url ?? "",
      authorization: request.headers.authorization,
      contentType: request.headers["content-type"],
      body: typeof body === "object" && body !== null ? { ...body } : {},
    };
    this.calls.push(call);
    return call;
  }
}
