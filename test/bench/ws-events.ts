import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { create } from "../e2e/workspace-api.js";
import { startHost } from "../support/host.js";
import { startBareProgram } from "./bare-program.js";
import { inBatches } from "./batches.js";
import { inOrder, timed, type Benchmark, type PreparedBenchmark } from "./harness.js";
import { benchDatabase } from "./services.js";

const BARE_PROGRAM = fileURLToPath(new URL("./bare-ws.js", import.meta.url));
const CLIENTS = 1_000;
const EVENTS = 30;
/** Requests at a time that make an event each. */
const WIDTH = 4;
const CONNECT_WIDTH = 50;

/** Frames per second that arrive at the clients of `/ws`, against a bare `ws` server; each in its own process. */
export const wsEventBenchmarks: readonly Benchmark[] = [
  {
    name: "ws-events",
    compares: `${EVENTS} events to ${CLIENTS} WebSocket clients; bare ws`,
    unit: "ops/s",
    bar: { kind: "at-least", ratio: 0.7 },
    rounds: 7,
    prepare,
  },
];

async function prepare(): Promise<PreparedBenchmark> {
  const database = await benchDatabase();
  const env = { CONTAINER_RUNTIME: "none", DATABASE_URL: database.url, RATE_LIMIT: "1000000" };
  const host = await startHost({ dev: true, env });
  const id = await create(host, { name: "Bench", external: true });
  const bare = await startBareProgram(BARE_PROGRAM);
  const bareUrl = `http://127.0.0.1:${bare.port}`;
  const ours = await Audience.join(host.url);
  const peer = await Audience.join(bareUrl);
  return {
    round: (flipped) =>
      inOrder(
        flipped,
        () => ours.rate(`${host.url}/workspaces/${id}`),
        () => peer.rate(`${bareUrl}/workspaces/${id}`),
      ),
    close: async () => {
      ours.leave();
      peer.leave();
      await Promise.all([bare.stop(), host.stop()]);
      await database.drop();
    },
  };
}

/** Many WebSockets on one server, that count what they get. */
class Audience {
  readonly #sockets: readonly WebSocket[];
  #frames = 0;
  #enough: () => void = () => undefined;

  static async join(url: string): Promise<Audience> {
    const sockets: WebSocket[] = [];
    await inBatches(
      Array.from({ length: CLIENTS }, (_, n) => n),
      CONNECT_WIDTH,
      async () => {
        const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, {
          origin: url,
          perMessageDeflate: false,
        });
        await once(socket, "open");
        sockets.push(socket);
      },
    );
    return new Audience(sockets);
  }

  private constructor(sockets: readonly WebSocket[]) {
    this.#sockets = sockets;
    for (const socket of sockets) {
      socket.on("message", () => {
        this.#frames += 1;
        if (this.#frames === EVENTS * CLIENTS) this.#enough();
      });
    }
  }

  /** Frames per second, from the first request to the last frame. @param url - each PATCH of it makes one event */
  async rate(url: string): Promise<number> {
    this.#frames = 0;
    const all = new Promise<void>((resolve) => {
      this.#enough = resolve;
    });
    const ms = await timed(async () => {
      await inBatches(
        Array.from({ length: EVENTS }, (_, n) => n),
        WIDTH,
        (n) => move(url, n),
      );
      await all;
    });
    return ((EVENTS * CLIENTS) / ms) * 1_000;
  }

  leave(): void {
    for (const socket of this.#sockets) socket.terminate();
  }
}

/** Moves the workspace on the canvas: an event that is told and not stored. */
async function move(url: string, x: number): Promise<void> {
  const answer = await fetch(url, {
    method: "PATCH",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ x, y: 0 }),
  });
  if (answer.status !== 200) throw new Error(`PATCH ${url} answered ${answer.status}`);
  await answer.text();
}
