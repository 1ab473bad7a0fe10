import { expect } from "chai";
import {
  Kernel,
  parseManifest,
  SecretMasker,
  type ChainInput,
  type EnvDraft,
  type KernelObserver,
} from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";

const FACTS = {
  workspaceId: "00000000-0000-4000-8000-000000000001",
  name: "Hello",
  role: null,
  runtime: "demo",
  tier: 2,
  parentId: null,
  attempt: 1,
  dryRun: false,
} as const;

describe("KernelObserver", () => {
  const manifest = parseManifest(
    JSON.stringify({
      version: 1,
      plugins: [{ name: "acme", module: "./acme.mjs", onError: "skip" }],
      workspace_templates: [],
    }),
    "/srv/molecule/manifest.json",
  );
  const seen: unknown[] = [];
  const observer: KernelObserver = {
    onMutator: ({ plugin, mutator, outcome, error }) => {
      seen.push([plugin, mutator, outcome, error?.code]);
    },
    onChain: ({ outcome }) => seen.push(["chain", outcome]),
    onTask: ({ task, plugin, ok }) => seen.push([plugin, task, ok]),
    onTick: ({ loop, plugin, outcome }) => seen.push([plugin, loop, outcome]),
  };
  const acme = { plugin: "acme", version: "1.0.0", order: 1 };
  const other = { plugin: "other", version: "1.0.0", order: 2 };
  const clock = new ManualClock();
  let kernel: Kernel;

  beforeEach(() => {
    seen.length = 0;
    const services = { clock, log: new RecordingLogger(), masker: new SecretMasker() };
    kernel = new Kernel({ manifest, env: {}, ...services, observer });
  });
  afterEach(() => kernel.stop());

  function input(): ChainInput {
    const { signal } = new AbortController();
    return {
      layers: [],
      mutators: kernel.registries.envMutators.entries(),
      facts: FACTS,
      fileRoot: "",
      signal,
    };
  }

  it("is told of each mutator that was called with its outcome, and of the chain", async () => {
    const { envMutators } = kernel.registries;
    const fail = () => {
      throw new Error("no");
    };
    const setA = (env: EnvDraft) => {
      env.set("A", "1");
    };
    envMutators.add({ name: "bad", mutate: fail }, acme);
    envMutators.add({ name: "good", mutate: setA }, other);
    await kernel.runChain(input());
    expect(seen).to.deep.equal([
      ["acme", "bad", "skipped", "ENV_MUTATOR_FAILED"],
      ["other", "good", "applied", undefined],
      ["chain", "ok"],
    ]);
    const { env_mutators: figures } = kernel.plugins.status()[0]?.hooks ?? {};
    expect(figures).to.deep.include({ calls: 1, failures: 1 });
  });

  it("is told of no mutator that did not run after a failure, and of no preview", async () => {
    const { envMutators } = kernel.registries;
    const fail = () => Promise.reject(new Error("no"));
    envMutators.add({ name: "bad", mutate: fail }, other);
    envMutators.add({ name: "late", mutate: () => undefined }, { ...other, order: 3 });
    await kernel.runChain(input());
    expect(seen).to.deep.equal([
      ["other", "bad", "failed", "ENV_MUTATOR_FAILED"],
      ["chain", "failed"],
    ]);
    await kernel.previewChain(input(), { enable: [], disable: [] });
    expect(seen).to.have.length(2);
  });

  it("is told of boot tasks and of ticks", async () => {
    const { bootTasks, loops, supervisor } = kernel.registries;
    bootTasks.add({ name: "fill", stage: "ready", run: () => Promise.reject(new Error("no")) }, acme);
    loops.add({ name: "sweep", intervalMs: 10, timeoutMs: 10, tick: () => Promise.resolve() }, acme);
    await kernel.boot("ready");
    supervisor.start();
    await clock.advance(10);
    expect(seen).to.deep.equal([
      ["acme", "fill", false],
      ["acme", "sweep", "ok"],
    ]);
    const { boot_tasks: tasks, loops: ticks } = kernel.plugins.status()[0]?.hooks ?? {};
    expect(tasks).to.deep.include({ calls: 1, failures: 1 });
    expect(ticks).to.deep.include({ calls: 1, failures: 0 });
  });
});
