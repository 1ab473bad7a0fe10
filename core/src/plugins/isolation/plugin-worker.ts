import { Worker } from "node:worker_threads";
import { isCodedError, messageOf, type CodedError } from "../../coded-error.js";
import { errors } from "../../errors.js";
import type { ProvisionFacts } from "../../hooks/env-mutators/mutator-context.js";
import type { InstallationToken } from "../../hooks/env-mutators/types.js";
import type { Cancel, Clock } from "../../ports/clock.js";
import type { Logger } from "../../ports/logger.js";
import { captureLines } from "./captured-output.js";
import {
  fromThrown,
  isInstallationToken,
  isLoadedInfo,
  isMutateOutcome,
  isMutatorInfos,
  isTexts,
  isWorkerMessage,
  toThrown,
  type HostMessage,
  type LoadedInfo,
  type MutateOutcome,
  type MutatorInfo,
  type WorkerMessage,
  type WorkerStart,
} from "./protocol.js";

/** Ms that an aborted call gets to end by itself: what loops without a pause can't be told to stop. */
const KILL_GRACE_MS = 250;

/** Ms that a thread gets to hear of an abort while other calls run in it: they end with it when it is killed. */
const DEAF_MS = 2_000;

/** What a call is aborted with when its own time was over. */
const TIMEOUTS: ReadonlySet<string> = new Set(["ENV_MUTATOR_TIMEOUT", "TOKEN_PROVIDER_TIMEOUT"]);

/** Messages that the host does not understand, after which the worker is ended: it may be sending them in a loop. */
const MAX_STRAY_MESSAGES = 100;

const ENTRY = new URL("./worker-entry.js", import.meta.url);

/** What a {@link PluginWorker} works with. */
export interface PluginWorkerInputs {
  readonly plugin: string;
  /** MB of its heap; buffers are outside of it. */
  readonly memoryMb: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told once, when the thread is gone, with the reason. */
  readonly onEnd: (reason: CodedError) => void;
  /** Told of a mutator that the plugin took back. */
  readonly onWithdrawn: (mutator: string) => void;
}

/** What belongs to one call. */
export interface CallOptions {
  /** What is asked for, in error texts. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  readonly log?: (() => Logger) | undefined;
  readonly onSecret?: ((value: string) => void) | undefined;
}

interface PendingCall {
  readonly settle: (message: WorkerMessage) => void;
  readonly fail: (error: Error) => void;
  readonly options: CallOptions;
  /** Whether the thread has heard of its abort. */
  isHeard: boolean;
  /** Whether it was aborted and has not ended in its grace. */
  isOverdue: boolean;
}

/**
 * One thread that runs one plugin, from its start to its end; it is never started again. Its environment is empty,
 * its heap is limited, its output goes to the plugin's log. This contains faults and is no security boundary: code
 * in a thread still reaches files, network and the process.
 */
export class PluginWorker {
  readonly #inputs: PluginWorkerInputs;
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingCall>();
  #lastId = 0;
  #strays = 0;
  /** Why the thread ends, as soon as that is known. */
  #reason: string | undefined;
  #hasEnded = false;
  #termination: Promise<unknown> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(inputs: PluginWorkerInputs) {
    this.#inputs = inputs;
    const { plugin, memoryMb, log } = inputs;
    this.#worker = new Worker(ENTRY, {
      name: plugin,
      env: {},
      argv: [],
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    captureLines(this.#worker.stdout, (line) => log.info(line, { stream: "stdout" }));
    captureLines(this.#worker.stderr, (line) => log.warn(line, { stream: "stderr" }));
    this.#worker.on("message", (message: unknown) => {
      this.#take(message);
    });
    this.#worker.on("messageerror", () => {
      this.#noteStray();
    });
    this.#worker.on("error", (error) => {
      this.#reason ??= this.#describe(error);
    });
    this.#worker.on("exit", (code) => {
      this.#end(code);
    });
  }

  /** Imports the plugin. */
  load(start: WorkerStart): Promise<LoadedInfo> {
    return this.#call((id) => [id, "load", start], isLoadedInfo, { what: "its import" });
  }

  /** Runs the plugin's setup. */
  setUp(config: unknown): Promise<readonly MutatorInfo[]> {
    return this.#call((id) => [id, "setup", config], isMutatorInfos, { what: "its setup" });
  }

  /** Runs one mutator over an environment given as names and values by turns. */
  mutate(
    mutator: string,
    env: readonly string[],
    fileRoot: string,
    facts: ProvisionFacts,
    options: Omit<CallOptions, "what">,
  ): Promise<MutateOutcome> {
    return this.#call((id) => [id, "mutate", mutator, env, fileRoot, facts], isMutateOutcome, {
      what: `mutator "${mutator}"`,
      ...options,
    });
  }

  /** Asks one mutator for a token. */
  token(mutator: string, workspaceId: string | null, signal: AbortSignal): Promise<InstallationToken> {
    return this.#call((id) => [id, "token", mutator, workspaceId], isInstallationToken, {
      what: `token() of mutator "${mutator}"`,
      signal,
    });
  }

  /** Waits for the running calls, then runs the plugin's disposers; gives why some failed. */
  async dispose(): Promise<readonly string[]> {
    if (this.#hasEnded) return [];
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#noteIdle();
    });
    return this.#call((id) => [id, "dispose"], isTexts, { what: "its disposal" });
  }

  /** Resolves when the thread is gone; undefined unless it was told to end. */
  get termination(): Promise<unknown> | undefined {
    return this.#termination;
  }

  /** Ends the thread, whatever it does. Its running calls fail with `reason`. */
  async terminate(reason: string): Promise<void> {
    this.#reason ??= reason;
    // Once: each call of it adds a listener to the worker.
    this.#termination ??= this.#worker.terminate();
    await this.#termination;
  }

  #call<T>(
    make: (id: number) => HostMessage,
    isAnswer: (value: unknown) => value is T,
    options: CallOptions,
  ): Promise<T> {
    const { what, signal } = options;
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) {
        reject(this.#crash());
        return;
      }
      const { plugin, clock } = this.#inputs;
      const id = (this.#lastId += 1);
      let cancelKill: Cancel | undefined;
      const abort = () => {
        this.#worker.postMessage([id, "abort", toThrown(signal?.reason)] satisfies HostMessage);
        cancelKill = clock.timer(() => {
          call.isOverdue = true;
          if (isTimeout(signal?.reason)) this.#kill(call);
          else this.#killWhenAlone();
          cancelKill = clock.timer(() => {
            if (!call.isHeard) this.#kill(call);
          }, DEAF_MS - KILL_GRACE_MS);
        }, KILL_GRACE_MS);
      };
      const forget = () => {
        this.#pending.delete(id);
        cancelKill?.();
        signal?.removeEventListener("abort", abort);
        this.#killWhenAlone();
        this.#noteIdle();
      };
      const settle = (message: WorkerMessage) => {
        forget();
        if (message[1] === "failure") reject(fromThrown(message[2]));
        else if (message[1] === "answer" && isAnswer(message[2])) resolve(message[2]);
        else reject(errors.PLUGIN_WORKER_ANSWER_INVALID({ plugin, call: what }));
      };
      const fail = (error: Error) => {
        forget();
        reject(error);
      };
      this.#worker.postMessage(make(id));
      const call: PendingCall = { settle, fail, options, isHeard: false, isOverdue: false };
      this.#pending.set(id, call);
      if (signal?.aborted === true) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  }

  #kill({ options }: PendingCall): void {
    const reason = `${options.what} was aborted and did not end within ${KILL_GRACE_MS} ms, so it was killed`;
    void this.terminate(reason);
  }

  /** A call that was called off must not take along those of other workspaces: it is left to itself beside them. */
  #killWhenAlone(): void {
    if (this.#hasEnded) return;
    const calls = [...this.#pending.values()];
    const [first] = calls;
    if (first !== undefined && calls.every(({ isOverdue }) => isOverdue)) this.#kill(first);
  }

  #take(message: unknown): void {
    if (!isWorkerMessage(message)) {
      this.#noteStray();
      return;
    }
    const call = this.#pending.get(message[0]);
    switch (message[1]) {
      case "answer":
      case "failure":
        if (call === undefined) this.#noteStray();
        else call.settle(message);
        return;
      case "heard":
        if (call !== undefined) call.isHeard = true;
        return;
      case "log":
        (call?.options.log?.() ?? this.#inputs.log)[message[2]](message[3], message[4]);
        return;
      case "secret":
        call?.options.onSecret?.(message[2]);
        return;
      case "withdrawn":
        this.#inputs.onWithdrawn(message[2]);
        return;
    }
  }

  /** A message that the plugin itself must have posted. */
  #noteStray(): void {
    this.#strays += 1;
    if (this.#strays === 1) {
      this.#inputs.log.warn(
        "the plugin posts messages of its own from its worker; the host does not understand them",
      );
    }
    if (this.#strays > MAX_STRAY_MESSAGES) {
      void this.terminate(`it posted more than ${MAX_STRAY_MESSAGES} messages of its own to the host`);
    }
  }

  #noteIdle(): void {
    if (this.#pending.size === 0) this.#onIdle?.();
  }

  #describe(error: unknown): string {
    const isOutOfMemory =
      error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
    return isOutOfMemory
      ? `it used more than its ${this.#inputs.memoryMb} MB of memory ("memoryMb" in its manifest entry)`
      : `uncaught exception: ${messageOf(error)}`;
  }

  #end(code: number): void {
    this.#hasEnded = true;
    this.#reason ??= `it exited with code ${code}`;
    const error = this.#crash();
    for (const call of [...this.#pending.values()]) call.fail(error);
    this.#inputs.onEnd(error);
  }

  #crash(): CodedError {
    return errors.PLUGIN_WORKER_CRASHED({
      plugin: this.#inputs.plugin,
      reason: this.#reason ?? "it has ended",
    });
  }
}

function isTimeout(reason: unknown): boolean {
  return isCodedError(reason) && TIMEOUTS.has(reason.code);
}
