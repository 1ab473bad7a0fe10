import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { Kernel, readManifest, SecretMasker, silentLogger, systemClock } from "@molecule/core";
import { tempDir } from "../support/temp.js";
import { inOrder, timed, type Benchmark, type PreparedBenchmark } from "./harness.js";

const VARIABLES = 100;
/** Calls in one round: one takes tens of microseconds. */
const CALLS = 2_000;

/** One mutator in a worker, through the whole chain, against a bare worker that echoes the same data. */
export const workerBenchmarks: readonly Benchmark[] = [
  {
    name: "worker",
    compares: `${CALLS} calls of a mutator in a worker, ${VARIABLES} variables; postMessage echo of the same data`,
    unit: "ms",
    bar: { kind: "at-most", ratio: 2 },
    rounds: 11,
    prepare,
  },
];

const base = Object.fromEntries(
  Array.from({ length: VARIABLES }, (_, index) => [`BASE_${index}`, `value ${index}`]),
);

async function prepare(): Promise<PreparedBenchmark> {
  const kernel = await bootKernel();
  const echo = new Worker(
    'require("node:worker_threads").parentPort.on("message", (m) => require("node:worker_threads").parentPort.postMessage(m));',
    { eval: true },
  );
  await once(echo, "online");
  const { signal } = new AbortController();
  const layers = [{ name: "platform", env: base }];
  const facts = {
    workspaceId: "00000000-0000-4000-8000-000000000001",
    name: "Bench",
    role: null,
    runtime: "demo",
    tier: 2,
    parentId: null,
    attempt: 1,
    dryRun: false,
  } as const;
  const ours = () =>
    timed(async () => {
      for (let call = 0; call < CALLS; call += 1) {
        const mutators = kernel.registries.envMutators.entries();
        const result = await kernel.runChain({ layers, mutators, facts, fileRoot: "", signal });
        if (!result.ok) throw result.error;
      }
    });
  const flat = Object.entries(base).flat();
  const peer = () =>
    timed(async () => {
      for (let call = 0; call < CALLS; call += 1) {
        const answered = once(echo, "message");
        echo.postMessage(flat);
        await answered;
      }
    });
  return {
    round: (flipped) => inOrder(flipped, ours, peer),
    close: async () => {
      await echo.terminate();
      await kernel.stop();
    },
  };
}

async function bootKernel(): Promise<Kernel> {
  const dir = await tempDir("worker-");
  await writeFile(
    join(dir, "plugin.mjs"),
    `export default { $$type: "@molecule/plugin", name: "isolated", api: 1, stage: "main", setup(ctx) {
      ctx.envMutators.add({ name: "isolated", mutate(env) { env.set("A", env.get("BASE_1")); env.set("B", "constant"); } });
    } };\n`,
  );
  const plugins = [{ name: "isolated", module: "./plugin.mjs", isolation: "worker" }];
  await writeFile(
    join(dir, "manifest.json"),
    JSON.stringify({ version: 1, plugins, workspace_templates: [] }),
  );
  const manifest = await readManifest(join(dir, "manifest.json"));
  const kernel = new Kernel({
    manifest,
    env: {},
    clock: systemClock,
    log: silentLogger,
    masker: new SecretMasker(),
  });
  await kernel.boot("storage");
  return kernel;
}
