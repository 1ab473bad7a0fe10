import { subscribe } from "node:diagnostics_channel";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import type { ChainResult } from "@molecule/core";
import { PluginBench, type Fixture } from "../../support/plugins.js";
import { until } from "../../support/until.js";

/**
 * A plugin's module that does not import core.
 * @param body of `setup(ctx)`
 * @param extra further properties of the plugin
 */
export function moduleSource(name: string, body: string, extra = ""): string {
  return `
import { parentPort } from "node:worker_threads";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default {
  $$type: "@molecule/plugin", name: ${JSON.stringify(name)}, api: 1, stage: "main",
  ${extra}
  async setup(ctx) { ${body} },
};`;
}

/** A fixture in a worker, with one mutator of the plugin's name. @param body of `mutate(env, ctx)` */
export function isolated(name: string, body: string, entry: Readonly<Record<string, unknown>> = {}): Fixture {
  const source = moduleSource(
    name,
    `ctx.envMutators.add({ name: "${name}", async mutate(env, ctx) { ${body} } });`,
  );
  return { source, entry: { isolation: "worker", ...entry } };
}

/** A fixture in the host that shows that the chain went on. */
export const NEXT: Fixture = {
  source: moduleSource(
    "next",
    'ctx.envMutators.add({ name: "next", mutate: (env) => env.set("NEXT", "1") });',
  ),
};

/** Runs the chain for one workspace. */
export function provision(
  { kernel }: PluginBench,
  env: Readonly<Record<string, string>> = {},
  options: {
    readonly workspaceId?: string;
    readonly signal?: AbortSignal;
    readonly onSecret?: (value: string) => void;
  } = {},
): Promise<ChainResult> {
  return kernel.runChain({
    layers: [{ name: "base", env }],
    mutators: kernel.registries.envMutators.entries(),
    facts: {
      workspaceId: options.workspaceId ?? "11111111-1111-4111-8111-111111111111",
      name: "Hello",
      role: "pmm-lead",
      runtime: "demo",
      tier: 2,
      parentId: null,
      attempt: 3,
      dryRun: false,
    },
    fileRoot: "/root/of/files",
    onSecret: options.onSecret,
    signal: options.signal ?? new AbortController().signal,
  });
}

const made: Worker[] = [];
subscribe("worker_threads", (message) => {
  const worker: unknown = Reflect.get(Object(message), "worker");
  if (worker instanceof Worker) made.push(worker);
});

/** How many workers the test has: one that has ended has no id any more. */
export function workers(): number {
  return made.filter(({ threadId }) => threadId !== -1).length;
}

/**
 * Gives the benches of a suite's tests, booted. After each test its bench is ended, without letting its clock run
 * (what a worker does takes real time, and none of that clock's), and may have left no worker.
 */
export function benchPerTest(): (
  fixtures: Readonly<Record<string, Fixture>>,
  options?: { readonly env?: Record<string, string>; readonly boot?: boolean },
) => Promise<PluginBench> {
  let bench: PluginBench | undefined;
  const end = async () => {
    const ended = bench;
    bench = undefined;
    await ended?.kernel.stop();
    await ended?.end();
    expect(workers()).to.equal(0);
  };
  beforeEach(() => {
    made.length = 0;
  });
  afterEach(end);
  return async (fixtures, { env = {}, boot = true } = {}) => {
    await end();
    bench = await PluginBench.make(fixtures, env);
    if (boot) await bench.kernel.boot("storage");
    return bench;
  };
}

/** Waits until a line with this text was logged that many times. */
export function logged({ log }: PluginBench, text: string, times = 1): Promise<void> {
  return until(
    () => log.lines.filter(({ message }) => message.includes(text)).length >= times,
    `${times} × "${text}" in the log:\n${log.lines.map(({ message }) => message).join("\n")}`,
  );
}

/** The environment after a chain; undefined where the chain failed. */
export function environment(result: ChainResult): Record<string, string> | undefined {
  return result.ok ? Object.fromEntries(result.env) : undefined;
}

/** What the ledger tells of the mutator that failed. */
export function failureIn(result: ChainResult): string {
  return result.ledger().mutators.find(({ error }) => error !== undefined)?.error?.message ?? "no failure";
}
