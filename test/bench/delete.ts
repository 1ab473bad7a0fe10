import { randomUUID } from "node:crypto";
import { inBatches } from "./batches.js";
import { inOrder, timed, type Benchmark, type PreparedBenchmark } from "./harness.js";
import { startBenchHost } from "./services.js";
import { StartEvents } from "./start-events.js";
import { buildWaitImage } from "./wait-image.js";
import { bareEngineLike, createStarted, deleteWhole } from "./workspaces.js";

interface Load {
  readonly count: number;
  /** Deletes at a time. */
  readonly width: number;
  readonly rounds: number;
}

const LOADS: readonly Load[] = [
  { count: 8, width: 1, rounds: 5 },
  { count: 8, width: 8, rounds: 5 },
  { count: 100, width: 8, rounds: 3 },
];

/** From DELETE /workspaces/:id to nothing left in the engine, against the same engine calls by bare dockerode. */
export const deleteBenchmarks: readonly Benchmark[] = LOADS.map((load) => ({
  name: `delete-${load.count}-by-${load.width}`,
  compares: `${load.count} workspaces, ${load.width} at a time, DELETE to container and volumes gone; bare dockerode`,
  unit: "ms",
  bar: { kind: "at-most", ratio: 1.15 },
  rounds: load.rounds,
  prepare: () => prepare(load),
}));

/** At a time while the workspaces to delete are made; not measured. */
const CREATE_WIDTH = 8;

async function prepare({ count, width }: Load): Promise<PreparedBenchmark> {
  const { engine, host, ...bench } = await startBenchHost();
  await buildWaitImage(engine);
  const events = await StartEvents.listen(engine.docker);
  const bare = await bareEngineLike(host, engine, events);
  const names = () => Array.from({ length: count }, () => `bench-${randomUUID().slice(0, 12)}`);
  const ours = async () => {
    const ids: string[] = [];
    await inBatches(
      names(),
      CREATE_WIDTH,
      async (name) => void ids.push(await createStarted(host, events, name)),
    );
    return timed(() => inBatches(ids, width, (id) => deleteWhole(host, id)));
  };
  const peer = async () => {
    const batch = names();
    await inBatches(batch, CREATE_WIDTH, (name) => bare.provision(name));
    return timed(() => inBatches(batch, width, (name) => bare.remove(name)));
  };
  return {
    round: (flipped) => inOrder(flipped, ours, peer),
    close: () => {
      events.close();
      return bench.close();
    },
  };
}
