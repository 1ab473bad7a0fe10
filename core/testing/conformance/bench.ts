import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Kernel,
  parseManifest,
  runEnvChain,
  SecretMasker,
  type ChainMutator,
  type ChainResult,
  type EnvLayer,
  type Plugin,
  type PluginStatus,
} from "../../src/index.js";
import { BOOT_STAGES } from "../../src/hooks/boot-tasks/types.js";
import { provisionFacts } from "../facts.js";
import { RecordingLogger } from "../recording-logger.js";
import type { ConformanceOptions } from "./options.js";
import { ShiftingClock } from "./shifting-clock.js";

/** Ms for one call of a mutator, where the options say nothing. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** What one bench has different from the options. */
export interface BenchChanges {
  /** The plugin's manifest entry has `isolation: "worker"`. */
  readonly worker?: boolean;
  /** The options' `reads` and `writes` are enforced, as a manifest entry's `env.reads` and `env.writes`. */
  readonly globs?: boolean;
}

/** What one run of the chain has different from the options. */
export interface RunChanges {
  /** What runs; the plugin's mutators by default. */
  readonly mutators?: readonly ChainMutator[];
  readonly signal?: AbortSignal;
}

let benches = 0;

/** A plugin in a real plugin host of its own, with a manifest in a temporary folder. */
export class ConformanceBench {
  readonly log: RecordingLogger;
  readonly clock: ShiftingClock;
  readonly kernel: Kernel;
  readonly #options: ConformanceOptions;
  readonly #changes: BenchChanges;
  readonly #undo: () => Promise<void>;

  private constructor(
    parts: Pick<ConformanceBench, "log" | "clock" | "kernel">,
    asked: { readonly options: ConformanceOptions; readonly changes: BenchChanges },
    undo: () => Promise<void>,
  ) {
    this.log = parts.log;
    this.clock = parts.clock;
    this.kernel = parts.kernel;
    this.#options = asked.options;
    this.#changes = asked.changes;
    this.#undo = undo;
  }

  /**
   * Boots a kernel with the plugin; whether it is enabled, {@link ConformanceBench.status} says.
   * @throws MANIFEST_INVALID when the plugin can't be listed in any manifest, e.g. because of its name
   * @throws BOOT_TASK_FAILED, BOOT_TASK_TIMEOUT of a required boot task
   */
  static async open(
    plugin: Plugin,
    options: ConformanceOptions,
    changes: BenchChanges = {},
  ): Promise<ConformanceBench> {
    const dir = await mkdtemp(join(tmpdir(), "molecule-conformance-"));
    benches += 1;
    const handover = Symbol.for(`@molecule/testing/plugin-${benches}`);
    const undo = async () => {
      Reflect.deleteProperty(globalThis, handover);
      await rm(dir, { recursive: true });
    };
    let kernel: Kernel | undefined;
    try {
      if (changes.worker !== true) Reflect.set(globalThis, handover, plugin);
      await writeFile(
        join(dir, "plugin.mjs"),
        changes.worker === true
          ? `export { default } from ${JSON.stringify(String(options.module))};\n`
          : `export default globalThis[Symbol.for(${JSON.stringify(handover.description)})];\n`,
      );
      const manifest = parseManifest(manifestText(plugin, options, changes), join(dir, "manifest.json"));
      const log = new RecordingLogger();
      const clock = new ShiftingClock();
      kernel = new Kernel({ manifest, env: { ...options.env }, clock, log, masker: new SecretMasker() });
      options.ports?.(kernel);
      for (const stage of BOOT_STAGES) await kernel.boot(stage);
      return new ConformanceBench({ log, clock, kernel }, { options, changes }, undo);
    } catch (error) {
      await kernel?.stop();
      await undo();
      throw error;
    }
  }

  /** How the plugin fares. */
  get status(): PluginStatus {
    const [status] = this.kernel.plugins.status();
    if (status === undefined) throw new Error("a bench's manifest lists one plugin");
    return status;
  }

  /** The plugin's mutators, in their order. */
  get mutators(): readonly ChainMutator[] {
    return this.kernel.registries.envMutators.entries();
  }

  /** Runs mutators over the workspace's environment, as for a provision. */
  run(changes: RunChanges = {}): Promise<ChainResult> {
    const { facts, timeoutMs = DEFAULT_TIMEOUT_MS, reads, writes } = this.#options;
    const policy = this.#changes.globs === true ? { timeoutMs, reads, writes } : { timeoutMs };
    const masker = new SecretMasker();
    // Not by the kernel, which runs registered mutators only: here they may be wrapped, or another plugin's.
    return runEnvChain(
      {
        layers: layersOf(this.#options),
        mutators: changes.mutators ?? this.mutators,
        facts: provisionFacts(facts),
        fileRoot: "",
        signal: changes.signal ?? new AbortController().signal,
      },
      {
        clock: this.clock,
        log: this.log,
        mask: (text) => masker.mask(text),
        policyOf: () => policy,
      },
    );
  }

  /** Disables the plugin and removes the temporary folder. */
  async close(): Promise<void> {
    await this.kernel.stop();
    await this.#undo();
  }
}

function manifestText(plugin: Plugin, options: ConformanceOptions, changes: BenchChanges): string {
  const entry = {
    name: plugin.name,
    module: "./plugin.mjs",
    config: options.config,
    stage: plugin.stage === "env" ? "env" : undefined,
    isolation: changes.worker === true ? "worker" : undefined,
  };
  return JSON.stringify({ version: 1, plugins: [entry], workspace_templates: [] });
}

/** As the host layers them: secrets apart, so that their values count as such. */
function layersOf({ workspaceEnv = {}, secrets = [] }: ConformanceOptions): EnvLayer[] {
  const variables = Object.entries(workspaceEnv);
  const isSecret = ([key]: [string, string]) => secrets.includes(key);
  return [
    { name: "workspace", env: Object.fromEntries(variables.filter((each) => !isSecret(each))) },
    { name: "workspace secrets", env: Object.fromEntries(variables.filter(isSecret)), secret: true },
  ];
}
