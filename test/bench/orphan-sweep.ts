import { randomUUID } from "node:crypto";
import pg from "pg";
import { field } from "../e2e/workspace-api.js";
import { eventually } from "../support/eventually.js";
import { inBatches } from "./batches.js";
import { inOrder, timed, type Benchmark, type PreparedBenchmark } from "./harness.js";
import { startBenchHost, type BenchHost } from "./services.js";

const CONTAINERS = 200;
const ROWS = 100_000;
/** Passes of each side in a round. */
const PASSES = 10;
const CREATE_WIDTH = 4;
const LOOP = "orphan-sweeper";

/** One pass of the orphan sweep with nothing wrong, against the two lists that it can't do without. */
export const orphanSweepBenchmarks: readonly Benchmark[] = [
  {
    name: "orphan-sweep",
    compares: `a pass over ${CONTAINERS} containers, ${CONTAINERS} volumes and ${ROWS} rows; the bare list calls`,
    unit: "ms",
    bar: { kind: "at-most", ratio: 1.3 },
    rounds: 7,
    prepare,
  },
];

async function prepare(): Promise<PreparedBenchmark> {
  const bench = await startBenchHost();
  const { engine } = bench;
  // Only what is asked for shall run.
  for (const { name } of await loopsOf(bench)) await control(bench, name, "pause");
  const ids = Array.from({ length: CONTAINERS }, () => randomUUID());
  const instanceId = await fillDatabase(bench.databaseUrl, ids);
  engine.ownInstance(instanceId);
  await inBatches(ids, CREATE_WIDTH, (id) => plant(bench, instanceId, id));
  const lists = () =>
    timed(() => Promise.all([engine.docker.listContainers({ all: true }), engine.docker.listVolumes()]));
  return {
    // In turn: a pass comes by itself and finds the engine at rest, and so shall the calls that it is measured against.
    round: async (flipped) => {
      const total = { ours: 0, peer: 0 };
      for (let pass = 0; pass < PASSES; pass += 1) {
        const { ours, peer } = await inOrder(flipped, () => sweep(bench), lists);
        total.ours += ours / PASSES;
        total.peer += peer / PASSES;
      }
      return total;
    },
    close: async () => {
      const filters = { label: [`molecule.platform.instance=${instanceId}`] };
      const { docker } = engine;
      const containers = await docker.listContainers({ all: true, filters });
      await inBatches(containers, CREATE_WIDTH, async ({ Id }) => {
        await docker.getContainer(Id).remove({ v: true });
      });
      const { Volumes } = await docker.listVolumes({ filters });
      await inBatches(Volumes, CREATE_WIDTH, async ({ Name }) => {
        await docker.getVolume(Name).remove();
      });
      await bench.close();
    },
  };
}

/** Ms of one pass, its lease included. */
async function sweep(bench: BenchHost): Promise<number> {
  const report = field(await control(bench, LOOP, "run"), "report");
  const found = field(report, "duration_ms");
  if (field(report, "ok") !== true || field(report, "detail") !== null || typeof found !== "number") {
    throw new Error(`a pass with nothing wrong told: ${JSON.stringify(report)}`);
  }
  return found;
}

async function loopsOf({ host }: BenchHost): Promise<{ readonly name: string }[]> {
  const loops = field((await host.api("GET", "/admin/loops")).body, "loops");
  return Array.isArray(loops) ? loops.map((loop: unknown) => ({ name: String(field(loop, "name")) })) : [];
}

async function control({ host }: BenchHost, loop: string, action: string): Promise<unknown> {
  return await eventually(
    async () => {
      const answer = await host.api("POST", `/admin/loops/${loop}`, { action });
      return answer.status === 200 ? answer.body : undefined;
    },
    { timeoutMs: 60_000, what: `${action} of ${loop}` },
  );
}

/** Rows of all ids, paused so that nothing is expected to run, among many that are removed. */
async function fillDatabase(url: string, ids: readonly string[]): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const insert = "insert into workspaces (id, name, tier, status, runtime)";
    await client.query(`${insert} select unnest($1::uuid[]), 'Bench', 2, 'paused', 'bench'`, [ids]);
    await client.query(
      `${insert} select gen_random_uuid(), 'Gone', 2, 'removed', 'bench' from generate_series(1, $1)`,
      [ROWS - ids.length],
    );
    await client.query("analyze workspaces");
    const found = await client.query<{ value: string }>(
      "select value from installation where key = 'instance_id'",
    );
    return found.rows[0]?.value ?? "";
  } finally {
    await client.end();
  }
}

async function plant({ engine }: BenchHost, instanceId: string, id: string): Promise<void> {
  const name = `ws-${id.slice(0, 12)}`;
  const labels = {
    "molecule.platform.managed": "true",
    "molecule.platform.instance": instanceId,
    "molecule.workspace.id": id,
    "molecule.workspace.attempt": "1",
    "molecule.workspace.runtime": "bench",
  };
  await engine.docker.createVolume({ Name: `${name}-configs`, Labels: labels });
  await engine.docker.createContainer({
    name,
    Image: engine.busybox,
    Labels: labels,
    HostConfig: { Binds: [`${name}-configs:/configs`] },
  });
}
