import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { tempDir } from "../temp.js";
import { MemoryContainers, type Program } from "./containers.js";
import { MemoryImages } from "./images.js";
import { MemoryVolumes } from "./volumes.js";
import { Refusal } from "./refusal.js";
import { answer, type Answer, type EngineState } from "./routes.js";

/**
 * A Docker engine without processes: it speaks the engine's API on a socket of its own, fast enough for thousands of
 * runs. `memory-engine.test.ts` holds it and a real engine to the same contract.
 */
export class MemoryEngine {
  /** As `DOCKER_HOST`. */
  readonly url: string;
  readonly containers: MemoryContainers;
  readonly volumes: MemoryVolumes;
  readonly images: MemoryImages;
  readonly #state: EngineState;
  readonly #server: Server;
  readonly #path: string;

  /**
   * An engine that answers, until it is closed.
   * @param options.now the engine's clock, ms since the epoch
   */
  static async start(options: { readonly now?: () => number } = {}): Promise<MemoryEngine> {
    const engine = new MemoryEngine(join(await tempDir("mem-"), "engine.sock"), options.now ?? Date.now);
    await new Promise<void>((resolve) => engine.#server.listen(engine.#path, resolve));
    return engine;
  }

  private constructor(path: string, now: () => number) {
    this.#path = path;
    this.url = `unix://${path}`;
    this.images = new MemoryImages();
    const image = (reference: string) => this.images.find(reference);
    this.volumes = new MemoryVolumes(now);
    this.containers = new MemoryContainers({ volumes: this.volumes, image, now });
    this.volumes.isMounted = (name) => this.containers.isMounted(name);
    this.images.isUsed = (id) => this.containers.isUsed(id);
    this.#state = {
      containers: this.containers,
      volumes: this.volumes,
      networks: new Map(),
      images: this.images,
      now,
    };
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** Makes an image, or moves its name to another one. */
  addImage(reference: string, program: Program, env: readonly string[] = []): string {
    return this.images.add(reference, { program, env });
  }

  async close(): Promise<void> {
    this.containers.stopAll();
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/" } = request;
    const { pathname, searchParams } = new URL(url, "http://engine");
    const path = pathname.replace(/^\/v\d+\.\d+/, "");
    const { status, body } = await this.#answer({ method, path, searchParams, body: await buffer(request) });
    // A client's kept connection would be taken for a leak of its test.
    response.setHeader("Connection", "close");
    if (typeof body === "string") {
      response.writeHead(status, { "Content-Type": "application/vnd.docker.raw-stream" }).end(body);
    } else if (body === undefined) response.writeHead(status).end();
    else response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  }

  async #answer(request: Parameters<typeof answer>[1]): Promise<Answer> {
    try {
      return await answer(this.#state, request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, body: error.status === 304 ? undefined : { message: error.message } };
    }
  }
}
