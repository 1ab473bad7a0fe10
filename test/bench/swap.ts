import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import pg from "pg";
import { pack } from "tar-stream";
import { ContainerTimes } from "../support/container-times.js";
import { drain } from "../support/docker-streams.js";
import type { Engine } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import type { RunningHost } from "../support/host.js";
import { inOrder, timed, type Benchmark, type PreparedBenchmark } from "./harness.js";
import { startBenchHost } from "./services.js";
import { StartEvents } from "./start-events.js";
import { buildWaitImage, WAIT_IMAGE } from "./wait-image.js";
import { bareEngineLike, createStarted, deleteWhole } from "./workspaces.js";

/** How long a workspace is without a container when it gets another image, against a stop and a start. */
export const swapBenchmarks: readonly Benchmark[] = [
  {
    name: "swap",
    compares: "downtime of one workspace in a rollout, old told to stop to new started; bare stop and start",
    unit: "ms",
    bar: { kind: "at-most", ratio: 1, slack: 1_000 },
    rounds: 7,
    prepare,
  },
];

async function prepare(): Promise<PreparedBenchmark> {
  const bench = await startBenchHost({ ROLLOUT_SOAK_SECONDS: "0" });
  const { engine, host } = bench;
  await buildWaitImage(engine);
  const images = [await buildNextImage(engine, "a"), await buildNextImage(engine, "b")];
  const events = await StartEvents.listen(engine.docker);
  const bare = await bareEngineLike(host, engine, events);
  const client = new pg.Client({ connectionString: bench.databaseUrl });
  await client.connect();
  const id = await createStarted(host, events, "swapped");
  await actAsAgent(client, id);
  const peerName = `bench-${randomUUID().slice(0, 12)}`;
  await bare.provision(peerName);

  let next = 0;
  const ours = async () => {
    next += 1;
    return await downtime({ client, engine, host, id, image: images[next % 2] ?? "" });
  };
  const peer = () => timed(() => bare.restart(peerName));
  return {
    round: (flipped) => inOrder(flipped, ours, peer),
    close: async () => {
      events.close();
      await deleteWhole(host, id);
      await bare.remove(peerName);
      for (const image of images) await engine.docker.getImage(image).remove({ force: true });
      await client.end();
      await bench.close();
    },
  };
}

/** Ms by the engine's own clock. */
async function downtime(parts: {
  readonly client: pg.Client;
  readonly engine: Engine;
  readonly host: RunningHost;
  readonly id: string;
  readonly image: string;
}): Promise<number> {
  const { client, engine, host, id, image } = parts;
  const since = Math.floor(Date.now() / 1000);
  const before = await attemptOf(client, id);
  const rollout = randomUUID();
  await client.query(
    `insert into rollouts (id, runtime, reference, digest, image_id, requested_by)
     values ($1, 'bench', $2, $3, $3, 'refresh')`,
    [rollout, WAIT_IMAGE, image],
  );
  await host.api("POST", "/admin/loops/image-rollouts", { action: "run" });
  const status = await eventually(
    async () => {
      await actAsAgent(client, id);
      const query = "select status from rollouts where id = $1 and status <> 'running'";
      return (await client.query<{ status: string }>(query, [rollout])).rows[0]?.status;
    },
    { what: "the rollout has ended", timeoutMs: 60_000 },
  );
  if (status !== "completed") throw new Error(`the rollout is ${status}`);
  const times = await ContainerTimes.read(engine.docker, id, since);
  return times.of("start", await attemptOf(client, id)) - times.of("kill", before);
}

/** The container only waits: that it is there is told in its place. */
async function actAsAgent(client: pg.Client, id: string): Promise<void> {
  await client.query(
    `update workspaces set status = 'online' where id = $1 and status = 'provisioning' and handle is not null`,
    [id],
  );
}

async function attemptOf(client: pg.Client, id: string): Promise<number> {
  const query = "select attempt from workspaces where id = $1";
  return (await client.query<{ attempt: number }>(query, [id])).rows[0]?.attempt ?? 0;
}

/** The id of an image that does the same, and is another one. */
async function buildNextImage(engine: Engine, name: string): Promise<string> {
  const context = pack();
  context.entry({ name: "Dockerfile" }, `FROM ${WAIT_IMAGE}\nLABEL molecule.bench.next=${name}\n`);
  context.finalize();
  const tag = WAIT_IMAGE.replace("latest", name);
  await drain(await engine.docker.buildImage(Readable.from(context), { t: tag, forcerm: true }));
  return (await engine.docker.getImage(tag).inspect()).Id;
}
