import { isCodedError, messageOf, type CodedError } from "../../coded-error.js";
import { errors } from "../../errors.js";
import { sleep, type Clock } from "../../ports/clock.js";
import type { Logger } from "../../ports/logger.js";
import { locatePlugin } from "../locate.js";
import type { PluginEntry } from "../manifest-schema.js";
import { withinImportTime, withinSetupTime } from "../phases.js";
import { verifyIntegrity } from "./integrity.js";
import { PluginWorker } from "./plugin-worker.js";
import type { LoadedInfo, MutatorInfo } from "./protocol.js";

/** MB of a worker's heap, unless its manifest entry says otherwise. */
const DEFAULT_MEMORY_MB = 64;

/** Ms before a worker that ended is started again; doubled with each end, until a call is answered. */
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 30_000;

/** Ms that a call waits for the next start. Where that is further away, the call fails at once and tells why. */
const MAX_WAIT_MS = 1_000;

/** What an {@link IsolatedPlugin} works with. */
export interface IsolatedPluginInputs {
  readonly entry: PluginEntry;
  readonly manifestDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of a mutator that the plugin took back after its setup. */
  readonly onWithdrawn: (mutator: string) => void;
}

interface Restart {
  /** On the monotonic clock. */
  readonly dueAtMs: number;
  /** The error that the last worker ended with. */
  readonly cause: CodedError;
  /** Rejects with PLUGIN_WORKER_CRASHED when the start fails. */
  readonly ready: Promise<void>;
}

/** Keeps a worker for one plugin, and starts another one when it ends. */
export class IsolatedPlugin {
  readonly #inputs: IsolatedPluginInputs;
  #worker: PluginWorker | undefined;
  /** Why the last worker that ended did so. */
  #lastEnd: CodedError | undefined;
  #restart: Restart | undefined;
  #backoffMs = FIRST_BACKOFF_MS;
  /** What the plugin's setup got; there is none before its first setup went well, and no restart either. */
  #config: { readonly value: unknown } | undefined;
  /** Aborts at the plugin's end. */
  readonly #ending = new AbortController();

  constructor(inputs: IsolatedPluginInputs) {
    this.#inputs = inputs;
  }

  /**
   * Checks the package's integrity, starts a worker and imports the plugin there.
   * @throws what the import throws, PLUGIN_INTEGRITY_MISMATCH, PLUGIN_WORKER_CRASHED
   */
  load(): Promise<LoadedInfo> {
    const { entry, manifestDir, clock } = this.#inputs;
    return withinImportTime(entry, clock, async (signal) => {
      const url = locatePlugin(entry, manifestDir);
      await verifyIntegrity(entry, manifestDir);
      // Neither may be over by now: no one would end the worker.
      signal.throwIfAborted();
      this.#ending.signal.throwIfAborted();
      return this.#start().load({ entry, url, manifestDir });
    });
  }

  /**
   * Runs the plugin's setup in the worker. From now on the worker is started again when it ends.
   * @throws what the setup throws, PLUGIN_SETUP_TIMEOUT, PLUGIN_WORKER_CRASHED
   */
  async setUp(config: unknown): Promise<readonly MutatorInfo[]> {
    const { entry, clock } = this.#inputs;
    const mutators = await withinSetupTime(entry, clock, () => this.#live().setUp(config));
    this.#config = { value: config };
    return mutators;
  }

  /**
   * Calls the worker, as soon as there is one that is ready.
   * @throws what `work` throws; PLUGIN_WORKER_CRASHED when there is none soon, PLUGIN_WORKER_STOPPED after the end
   */
  async call<T>(signal: AbortSignal, work: (worker: PluginWorker) => Promise<T>): Promise<T> {
    const { clock } = this.#inputs;
    this.#ending.signal.throwIfAborted();
    // One that is being killed for another call must not fail this one.
    if (this.#worker?.termination !== undefined) await this.#worker.termination;
    if (this.#restart !== undefined) {
      if (this.#restart.dueAtMs - clock.monotonic() > MAX_WAIT_MS) throw this.#restart.cause;
      await this.#restart.ready;
      signal.throwIfAborted();
    }
    const worker = this.#live();
    try {
      return await work(worker);
    } finally {
      // A worker that still lives has answered.
      if (this.#worker === worker) this.#backoffMs = FIRST_BACKOFF_MS;
    }
  }

  /**
   * Waits for the running calls and runs the plugin's disposers.
   * @throws Error telling why some failed
   */
  async dispose(): Promise<void> {
    this.#ending.abort(this.#stopped());
    // A worker that is being started again has set up nothing yet.
    const worker = this.#worker;
    if (this.#restart !== undefined || worker === undefined) return;
    const reasons = await worker.dispose().catch((error: unknown) => {
      // A thread that was killed meanwhile holds nothing any more that its disposers could free.
      if (this.#worker !== worker) return [];
      throw error;
    });
    if (reasons.length > 0) throw new Error(reasons.join("; "));
  }

  /** Ends the worker, whatever it does; no other one is started. */
  async terminate(): Promise<void> {
    this.#ending.abort(this.#stopped());
    await this.#worker?.terminate("the plugin was disabled");
  }

  #stopped(): CodedError {
    return errors.PLUGIN_WORKER_STOPPED({ plugin: this.#inputs.entry.name });
  }

  #live(): PluginWorker {
    if (this.#worker !== undefined) return this.#worker;
    throw this.#lastEnd ?? this.#stopped();
  }

  #start(): PluginWorker {
    const { entry, clock, log, onWithdrawn } = this.#inputs;
    const worker: PluginWorker = new PluginWorker({
      plugin: entry.name,
      memoryMb: entry.memoryMb ?? DEFAULT_MEMORY_MB,
      clock,
      log,
      onWithdrawn,
      onEnd: (reason) => {
        this.#worker = undefined;
        this.#lastEnd = reason;
        // One that ends while it is being started again fails that start, which sees to the next.
        if (this.#restart === undefined) this.#restartAfter(reason);
      },
    });
    this.#worker = worker;
    return worker;
  }

  #restartAfter(cause: CodedError): void {
    const { clock, log } = this.#inputs;
    const config = this.#config;
    if (this.#ending.signal.aborted || config === undefined) return;
    const delayMs = this.#backoffMs;
    this.#backoffMs = Math.min(delayMs * 2, MAX_BACKOFF_MS);
    log.error(`${cause.message}; it is started again in ${delayMs} ms`, { code: cause.code });
    const ready = this.#startAgain(delayMs, config.value);
    this.#restart = { dueAtMs: clock.monotonic() + delayMs, cause, ready };
    ready.then(
      () => {
        this.#restart = undefined;
        log.info("its worker runs again");
      },
      (error: unknown) => {
        this.#restart = undefined;
        this.#restartAfter(isCodedError(error) ? error : cause);
      },
    );
  }

  async #startAgain(delayMs: number, config: unknown): Promise<void> {
    const { entry, clock } = this.#inputs;
    await sleep(clock, delayMs, this.#ending.signal);
    try {
      await this.load();
      await this.setUp(config);
    } catch (error) {
      await this.#worker?.terminate("it could not be started");
      const reason = `it could not be started again: ${messageOf(error)}`;
      throw errors.PLUGIN_WORKER_CRASHED({ plugin: entry.name, reason }, { cause: error });
    }
  }
}
