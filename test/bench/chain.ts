import {
  EnvMutatorRegistry,
  runEnvChain,
  silentLogger,
  systemClock,
  type ChainServices,
  type EnvMutator,
  type ProvisionContext,
} from "@molecule/core";
import { inOrder, timed, type Benchmark } from "./harness.js";

const MUTATORS = 10;
const VARIABLES = 100;
/** Chains in one round: one takes microseconds. */
const CHAINS = 5_000;

/** The kernel's chain against the least that could do the same edits: a loop that awaits each over a mutable map. */
export const chainBenchmarks: readonly Benchmark[] = [
  {
    name: "chain",
    compares: `${CHAINS} chains of ${MUTATORS} mutators, ${VARIABLES} variables; a loop that awaits each over a mutable map`,
    unit: "ms",
    bar: { kind: "at-most", ratio: 2 },
    rounds: 15,
    prepare: () => {
      const round = (flipped: boolean) =>
        inOrder(
          flipped,
          () => timed(kernelChains),
          () => timed(bareChains),
        );
      return Promise.resolve({ round, close: () => Promise.resolve() });
    },
  },
];

const base = Object.fromEntries(
  Array.from({ length: VARIABLES }, (_, index) => [`BASE_${index}`, `value ${index}`]),
);

/** What both sides do in a mutator: look one variable up and set two. */
function edit(
  env: { get(key: string): string | undefined; set(key: string, value: string): unknown },
  index: number,
): void {
  const seen = env.get(`BASE_${index}`) ?? "";
  env.set(`PLUGIN_${index}_A`, seen);
  env.set(`PLUGIN_${index}_B`, "constant");
}

const registry = new EnvMutatorRegistry();
for (let index = 0; index < MUTATORS; index += 1) {
  const mutator: EnvMutator = {
    name: `plugin-${index}`,
    mutate: (env) => {
      edit(env, index);
    },
  };
  registry.add(mutator, { plugin: mutator.name, version: "1.0.0", order: index });
}

const facts: Omit<ProvisionContext, "signal" | "log"> = {
  workspaceId: "00000000-0000-4000-8000-000000000001",
  name: "Bench",
  role: "dev",
  runtime: "demo",
  tier: 2,
  parentId: null,
  attempt: 1,
  dryRun: false,
};

const services: ChainServices = {
  clock: systemClock,
  log: silentLogger,
  policyOf: () => ({ timeoutMs: 30_000 }),
  mask: (text) => text,
};

async function kernelChains(): Promise<void> {
  const { signal } = new AbortController();
  const layers = [{ name: "platform", env: base }];
  for (let count = 0; count < CHAINS; count += 1) {
    const result = await runEnvChain(
      { layers, mutators: registry.entries(), facts, fileRoot: "", signal },
      services,
    );
    if (!result.ok) throw result.error;
  }
}

/** What a plain registry would hold: functions that may or may not be asynchronous. */
type BareMutator = (env: Map<string, string>) => undefined | Promise<undefined>;

const bareMutators: readonly BareMutator[] = Array.from({ length: MUTATORS }, (_, index) => (env) => {
  edit(env, index);
  return undefined;
});

async function bareChains(): Promise<void> {
  for (let count = 0; count < CHAINS; count += 1) {
    const env = new Map(Object.entries(base));
    for (const mutate of bareMutators) await mutate(env);
  }
}
