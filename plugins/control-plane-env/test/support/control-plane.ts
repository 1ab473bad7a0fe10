import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";

/** A control plane on this machine that answers as a test wants. */
export class ControlPlane {
  readonly requests: Pick<IncomingMessage, "method" | "url" | "headers">[] = [];
  readonly #server: Server;
  #answer: RequestListener = (_request, response) => void response.end("{}");

  private constructor() {
    this.#server = createServer((request, response) => {
      const { method, url, headers } = request;
      this.requests.push({ method, url, headers });
      this.#answer(request, response);
    });
  }

  static async start(): Promise<ControlPlane> {
    const made = new ControlPlane();
    await new Promise<void>((resolve) => made.#server.listen(0, "127.0.0.1", resolve));
    return made;
  }

  /** `http://127.0.0.1:<port>` */
  get url(): string {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "";
  }

  /** From now on answers 200 with this body, a string as it is and anything else as JSON. */
  serve(body: unknown): void {
    this.answer((_request, response) => {
      response.setHeader("Content-Type", "application/json");
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  answer(listener: RequestListener): void {
    this.#answer = listener;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
