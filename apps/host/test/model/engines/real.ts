import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { drain } from "@molecule/test/support/docker-streams.js";
import { EngineProxy } from "@molecule/test/support/engine-faults.js";
import { useEngine, type Engine } from "@molecule/test/support/engine.js";
import { extract, pack } from "tar-stream";
import type { ModelEngine } from "./model-engine.js";

/** Ends at once when it is asked to, unlike a process that is its container's first by itself. */
const AGENT = "trap 'exit 0' TERM; while :; do sleep 60 & wait $!; done";

/** The container engine of the tests, which others may use too. */
export async function real(ctx: Mocha.Context): Promise<ModelEngine> {
  const engine = await useEngine(ctx);
  const { docker } = engine;
  const image = await buildAgent(engine);
  const proxy = await EngineProxy.start(ctx, engine);
  let aheadMs = 0;
  const turn = (ms: number) => {
    aheadMs += ms;
  };
  return {
    proxy,
    docker,
    image,
    labels: engine.labels,
    datesVolumes: false,
    always: ({ path }) =>
      path === "/info" ? { kind: "change", change: (body) => later(body, aheadMs) } : undefined,
    now: () => Date.now() + aheadMs,
    skip: turn,
    jump: turn,
    readFile: async (containerId, path) => {
      const archive = await docker
        .getContainer(containerId)
        .getArchive({ path })
        .catch(() => null);
      if (archive === null) return null;
      for await (const entry of Readable.from(archive).pipe(extract())) return await text(entry);
      return null;
    },
    interrupt: () => proxy.dropConnections(),
    own: (instanceId) => engine.ownInstance(instanceId),
    close: () => proxy.close(),
  };
}

function later(body: unknown, ms: number): unknown {
  return typeof body === "object" && body !== null
    ? { ...body, SystemTime: new Date(Date.now() + ms).toISOString() }
    : body;
}

async function buildAgent({ docker, busybox, labels, runId }: Engine): Promise<string> {
  const image = `molecule-test/model-agent:${runId.slice(0, 8)}`;
  const context = pack();
  context.entry(
    { name: "Dockerfile" },
    `FROM ${busybox}\nCOPY agent.sh /agent.sh\nCMD ["sh", "/agent.sh"]\n`,
  );
  context.entry({ name: "agent.sh" }, AGENT);
  context.finalize();
  await drain(await docker.buildImage(Readable.from(context), { t: image, labels }));
  return image;
}
