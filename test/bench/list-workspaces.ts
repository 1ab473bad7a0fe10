import { Agent, get } from "node:http";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startHost } from "../support/host.js";
import { startBareProgram } from "./bare-program.js";
import { inBatches } from "./batches.js";
import { inOrder, timed, type Benchmark, type PreparedBenchmark } from "./harness.js";
import { benchDatabase } from "./services.js";

const BARE_PROGRAM = fileURLToPath(new URL("./bare-list.js", import.meta.url));
const ROWS = 1_000;
const REQUESTS = 150;
/** Requests at a time: one, which shares its read with nobody, and several, which may. */
const WIDTHS = [1, 8];

/** The list of workspaces, against bare Koa with the same query on the same database; each in its own process. */
export const listBenchmarks: readonly Benchmark[] = WIDTHS.map((width) => ({
  name: `list-workspaces-${width}`,
  compares: `GET /workspaces of ${ROWS} rows, ${width} at a time; bare Koa with the same SQL and JSON.stringify`,
  unit: "ops/s",
  bar: { kind: "at-least", ratio: 0.8 },
  rounds: 7,
  prepare: () => prepare(width),
}));

async function prepare(width: number): Promise<PreparedBenchmark> {
  const database = await benchDatabase();
  const host = await startHost({ dev: true, env: { CONTAINER_RUNTIME: "none", DATABASE_URL: database.url } });
  await fill(database.url);
  const bare = await startBareProgram(BARE_PROGRAM, database.url);
  const agent = new Agent({ keepAlive: true, maxSockets: width });
  return {
    round: (flipped) =>
      inOrder(
        flipped,
        () => rate(agent, width, `${host.url}/workspaces`),
        () => rate(agent, width, `http://127.0.0.1:${bare.port}/workspaces`),
      ),
    close: async () => {
      agent.destroy();
      await Promise.all([bare.stop(), host.stop()]);
      await database.drop();
    },
  };
}

/** Requests per second. */
async function rate(agent: Agent, width: number, url: string): Promise<number> {
  const requests = Array.from({ length: REQUESTS }, () => url);
  const ms = await timed(() => inBatches(requests, width, (each) => drained(agent, each)));
  return (REQUESTS / ms) * 1_000;
}

/** Reads an answer without making anything of it: the client shares the machine with the two. */
function drained(agent: Agent, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on("end", () => {
        if (response.statusCode === 200 && bytes > ROWS * 100) resolve();
        else reject(new Error(`${url} answered ${response.statusCode ?? "nothing"} with ${bytes} bytes`));
      });
    }).on("error", reject);
  });
}

async function fill(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(
      `insert into workspaces (id, name, role, tier, status, runtime, agent_card, url)
       select gen_random_uuid(), 'Workspace ' || n, 'engineer', 2, 'paused', 'demo',
         '{"name":"Agent","description":"An agent that does nothing","skills":[{"id":"one","name":"One"}]}',
         'http://127.0.0.1:8000' from generate_series(1, $1::int) n`,
      [ROWS],
    );
    await client.query("analyze workspaces");
  } finally {
    await client.end();
  }
}
