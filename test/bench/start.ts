import { fileURLToPath } from "node:url";
import { startHost } from "../support/host.js";
import { tempDir } from "../support/temp.js";
import { startBareProgram } from "./bare-program.js";
import { inOrder, timed, type Benchmark, type PreparedBenchmark } from "./harness.js";
import { benchDatabase } from "./services.js";

const BARE_PROGRAM = fileURLToPath(new URL("./bare-server.js", import.meta.url));

/** From spawning the host to its first 200 on /health, against a bare Koa server that opens the same database. */
export const startBenchmarks: readonly Benchmark[] = [
  {
    name: "start-postgres",
    compares: "spawn to first 200 on /health, Postgres; bare Koa after one query",
    unit: "ms",
    bar: null,
    rounds: 5,
    prepare: async () => {
      const database = await benchDatabase();
      return prepare({ DATABASE_URL: database.url }, database.url, () => database.drop());
    },
  },
  {
    name: "start-pglite",
    compares: "spawn to first 200 on /health, PGlite with a database that exists; bare Koa after one query",
    unit: "ms",
    bar: null,
    rounds: 5,
    prepare: async () => prepare({}, await tempDir("bare-"), () => Promise.resolve()),
  },
];

async function prepare(
  env: Readonly<Record<string, string>>,
  bareDatabase: string,
  close: () => Promise<void>,
): Promise<PreparedBenchmark> {
  const dataDir = await tempDir("bench-");
  const ours = async () => {
    let stop: () => Promise<unknown> = () => Promise.resolve();
    const ms = await timed(async () => {
      const host = await startHost({ dev: true, dataDir, env: { CONTAINER_RUNTIME: "none", ...env } });
      stop = () => host.stop();
    });
    await stop();
    return ms;
  };
  return { round: (flipped) => inOrder(flipped, ours, () => startBare(bareDatabase)), close };
}

/** Ms until the bare server answers. */
async function startBare(database: string): Promise<number> {
  const started = performance.now();
  const bare = await startBareProgram(BARE_PROGRAM, database);
  try {
    const answer = await fetch(`http://127.0.0.1:${bare.port}/health`);
    if (answer.status !== 200) throw new Error(`the bare server answers ${answer.status}`);
    return performance.now() - started;
  } finally {
    await bare.stop();
  }
}
