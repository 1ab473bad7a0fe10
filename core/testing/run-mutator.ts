import {
  EnvMutatorRegistry,
  runEnvChain,
  SecretMasker,
  systemClock,
  type ChainResult,
  type EnvMutator,
} from "../src/index.js";
import { provisionFacts, type ProvisionFacts } from "./facts.js";
import { RecordingLogger, type LogLine } from "./recording-logger.js";

/** What {@link runMutator} runs with; everything has a default. */
export interface RunMutatorOptions {
  /** The environment before the mutator; empty by default. */
  readonly env?: Readonly<Record<string, string>>;
  /** Facts of the provision that differ from a plain workspace's. */
  readonly facts?: Partial<ProvisionFacts>;
  /** Prefix that `files.add` puts before a path in its answer; empty by default, as in a container. */
  readonly fileRoot?: string;
  /** Globs, as in the manifest entry's `env`. */
  readonly reads?: readonly string[];
  readonly writes?: readonly string[];
}

/** What one run of a mutator gave. */
export interface RunMutatorResult {
  readonly result: ChainResult;
  /** The environment afterwards; as before where the mutator failed. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: readonly LogLine[];
}

/** Runs one mutator the way the host runs it, in a chain of its own. Never throws: see `result.ok`. */
export async function runMutator(
  mutator: EnvMutator,
  options: RunMutatorOptions = {},
): Promise<RunMutatorResult> {
  const registry = new EnvMutatorRegistry();
  registry.add(mutator, { plugin: mutator.name, version: "0.0.0", order: 1 });
  const log = new RecordingLogger();
  const masker = new SecretMasker();
  const base = options.env ?? {};
  const result = await runEnvChain(
    {
      layers: [{ name: "base", env: base }],
      mutators: registry.entries(),
      facts: provisionFacts(options.facts),
      fileRoot: options.fileRoot ?? "",
      signal: new AbortController().signal,
    },
    {
      clock: systemClock,
      log,
      mask: (text) => masker.mask(text),
      policyOf: () => ({ reads: options.reads, writes: options.writes }),
    },
  );
  return { result, env: result.ok ? Object.fromEntries(result.env) : base, log: log.lines };
}
