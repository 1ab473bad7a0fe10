import { randomUUID } from "node:crypto";
import { inBatches } from "./batches.js";
import { inOrder, timed, type Benchmark, type PreparedBenchmark } from "./harness.js";
import { startBenchHost } from "./services.js";
import { StartEvents } from "./start-events.js";
import { buildWaitImage } from "./wait-image.js";
import { bareEngineLike, createStarted, deleteWhole } from "./workspaces.js";

/** Workspaces brought up in one round. */
const COUNT = 8;

/** From POST /workspaces to a running container, against the same engine calls by bare dockerode. */
export const provisionBenchmarks: readonly Benchmark[] = [1, 8].map((width) => ({
  name: `provision-${width}`,
  compares: `${COUNT} workspaces, ${width} at a time, POST to container started; bare dockerode`,
  unit: "ms",
  bar: { kind: "at-most", ratio: 1.15 },
  rounds: 5,
  prepare: () => prepare(width),
}));

async function prepare(width: number): Promise<PreparedBenchmark> {
  const { engine, host, ...bench } = await startBenchHost();
  await buildWaitImage(engine);
  const events = await StartEvents.listen(engine.docker);
  const bare = await bareEngineLike(host, engine, events);
  const names = () => Array.from({ length: COUNT }, () => `bench-${randomUUID().slice(0, 12)}`);
  const ours = async () => {
    const ids: string[] = [];
    const ms = await timed(() =>
      inBatches(names(), width, async (name) => void ids.push(await createStarted(host, events, name))),
    );
    await inBatches(ids, COUNT, (id) => deleteWhole(host, id));
    return ms;
  };
  const peer = async () => {
    const batch = names();
    const provisions: Promise<void>[] = [];
    const ms = await timed(() =>
      inBatches(batch, width, async (name) => {
        provisions.push(bare.provision(name));
        await events.started(name);
      }),
    );
    await Promise.all(provisions);
    await inBatches(batch, COUNT, (name) => bare.remove(name));
    return ms;
  };
  return {
    round: (flipped) => inOrder(flipped, ours, peer),
    close: () => {
      events.close();
      return bench.close();
    },
  };
}
