import type { Kernel } from "../../src/index.js";
import type { ProvisionFacts } from "../facts.js";

/** What a plugin is checked with; everything has a default, and what is not given is not checked where it says so. */
export interface ConformanceOptions {
  /** The `config` of its manifest entry; empty by default. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The environment of the host, as `ctx.env` at setup; empty by default. */
  readonly env?: Readonly<Record<string, string>>;
  /** The environment of the workspace before the plugin's mutators; empty by default. */
  readonly workspaceEnv?: Readonly<Record<string, string>>;
  /** Facts of the provision that differ from a plain workspace's. */
  readonly facts?: Partial<ProvisionFacts>;
  /** Offers the ports that the plugin resolves, beside `LOGGER`, `CLOCK` and `LOOP_LEASES`. */
  readonly ports?: (kernel: Pick<Kernel, "provide">) => void;
  /** The `env.reads` that its manifest entry is meant to have; without it, reads are not checked. */
  readonly reads?: readonly string[];
  /** The `env.writes` that its manifest entry is meant to have; without it, writes are not checked. */
  readonly writes?: readonly string[];
  /** Names of the variables, of `env` and `workspaceEnv`, whose values must not be seen anywhere. */
  readonly secrets?: readonly string[];
  /**
   * Makes the next run of the mutators fail, e.g. lets a stand-in server answer 500; what it returns undoes that.
   * Errors and log lines of that run are searched for secrets.
   */
  readonly provokeFailure?: () => Undo | Promise<Undo>;
  /** Declares that the mutators may run in any order, among each other and beside other plugins'. */
  readonly orderIndependent?: boolean;
  /**
   * The plugin's built module, for the check in a worker: `new URL("../src/index.js", import.meta.url)`.
   * A worker can't be given the plugin itself.
   */
  readonly module?: string | URL;
  /** `false` declares that the plugin is not made for `isolation: "worker"`. */
  readonly worker?: boolean;
  /** Ms that a mutator may take to end after its signal has aborted; 1,000 by default. */
  readonly abortGraceMs?: number;
  /** Ms for one call of a mutator; 10,000 by default. */
  readonly timeoutMs?: number;
}

type Undo = (() => void | Promise<void>) | undefined | void;
