import type { MessagePort } from "node:worker_threads";
import { errors } from "../../errors.js";
import { RecordingDraft } from "../../hooks/env-mutators/draft.js";
import { globMatcher } from "../../hooks/env-mutators/globs.js";
import { MutatorContext, type ProvisionFacts } from "../../hooks/env-mutators/mutator-context.js";
import { EnvMutatorRegistry } from "../../hooks/env-mutators/registry.js";
import type { EnvMutator } from "../../hooks/env-mutators/types.js";
import type { Logger } from "../../ports/logger.js";
import type { Plugin } from "../define-plugin.js";
import { loadPlugin } from "../loader.js";
import {
  fromThrown,
  toSentEdits,
  toThrown,
  type HostMessage,
  type LoadedInfo,
  type MutateOutcome,
  type MutatorInfo,
  type Thrown,
  type WorkerMessage,
  type WorkerStart,
} from "./protocol.js";
import { WorkerContext } from "./worker-context.js";
import { sendingLogger } from "./worker-logger.js";

/** The number of messages that belong to no call. */
const NO_CALL = 0;

interface Loaded {
  readonly plugin: Plugin;
  readonly version: string;
  readonly start: WorkerStart;
}

/** The worker's side: runs one plugin and answers the host, which is trusted; the host trusts nothing of here. */
export class WorkerSession {
  readonly #port: MessagePort;
  readonly #mutators = new EnvMutatorRegistry();
  /** Aborts the running calls, by their number. */
  readonly #aborts = new Map<number, (reason: unknown) => void>();
  #loaded: Loaded | undefined;
  #context: WorkerContext | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (message: HostMessage) => {
      this.#take(message);
    });
  }

  #take(message: HostMessage): void {
    const [id, kind] = message;
    if (kind === "abort") {
      this.#aborts.get(id)?.(fromThrown(message[2]));
      this.#send([id, "heard"]);
      return;
    }
    try {
      const answer = this.#handle(message);
      if (answer instanceof Promise) void this.#answerLater(id, answer);
      else this.#send([id, "answer", answer]);
    } catch (error) {
      this.#send([id, "failure", toThrown(error)]);
    }
  }

  async #answerLater(id: number, answer: Promise<unknown>): Promise<void> {
    try {
      this.#send([id, "answer", await answer]);
    } catch (error) {
      // Also where the answer can't be sent: a token that is a function.
      this.#send([id, "failure", toThrown(error)]);
    } finally {
      this.#aborts.delete(id);
    }
  }

  #handle(message: Exclude<HostMessage, readonly [number, "abort", unknown]>): unknown {
    switch (message[1]) {
      case "load":
        return this.#load(message[2]);
      case "setup":
        return this.#setUp(message[2]);
      case "mutate":
        return this.#mutate(message[0], message[2], message[3], message[4], message[5]);
      case "token":
        return this.#token(message[0], message[2], message[3]);
      case "dispose":
        return this.#context?.dispose() ?? [];
    }
  }

  async #load(start: WorkerStart): Promise<LoadedInfo> {
    const { plugin, version } = await loadPlugin(start.entry, start.url);
    this.#loaded = { plugin, version, start };
    return { version, schema: plugin.config === undefined ? undefined : JSON.stringify(plugin.config) };
  }

  async #setUp(config: unknown): Promise<MutatorInfo[]> {
    const { plugin, version, start } = this.#ready();
    const context = new WorkerContext({
      owner: { plugin: start.entry.name, version, order: 0 },
      registry: this.#mutators,
      config,
      manifestDir: start.manifestDir,
      log: this.#logger(NO_CALL),
      onWithdrawn: (names) => {
        for (const name of names) this.#send([NO_CALL, "withdrawn", name]);
      },
    });
    this.#context = context;
    await plugin.setup(context);
    context.endSetup();
    return this.#mutators.mutators().map((mutator) => ({
      name: mutator.name,
      hasToken: typeof mutator.token === "function",
    }));
  }

  /** Runs a mutator over a draft of what it may see; synchronous when the mutator is. */
  #mutate(
    id: number,
    name: string,
    env: readonly string[],
    fileRoot: string,
    facts: ProvisionFacts,
  ): MutateOutcome | Promise<MutateOutcome> {
    const mutator = this.#mutator(name);
    const { entry } = this.#ready().start;
    const writes = entry.env?.writes;
    const mayWrite = globMatcher(writes);
    const draft = new RecordingDraft(toMap(env), {
      plugin: entry.name,
      mutator: name,
      fileRoot,
      onSecret: (value) => {
        this.#send([id, "secret", value]);
      },
      mayWrite,
      writes,
    });
    const context = new MutatorContext(facts, () => this.#logger(id));
    let returned: unknown;
    try {
      returned = mutator.mutate(draft, context);
    } catch (error) {
      return outcomeOf(draft, toThrown(error));
    }
    if (!isThenable(returned)) return outcomeOf(draft);
    this.#aborts.set(id, (reason) => {
      context.abort(reason);
    });
    return outcomeWhenSettled(draft, returned);
  }

  async #token(id: number, name: string, workspaceId: string | null): Promise<unknown> {
    const controller = new AbortController();
    this.#aborts.set(id, (reason) => {
      controller.abort(reason);
    });
    return this.#mutator(name).token?.({ workspaceId, signal: controller.signal });
  }

  #ready(): Loaded {
    if (this.#loaded === undefined) throw new Error("the worker was not told to load its plugin");
    return this.#loaded;
  }

  #mutator(name: string): EnvMutator {
    const found = this.#mutators.entries().find(({ contribution }) => contribution.name === name);
    if (found !== undefined) return found.contribution;
    const reason = "after a restart of its worker the plugin's setup did not add it again";
    throw errors.ENV_MUTATOR_FAILED({ plugin: this.#ready().start.entry.name, mutator: name, reason });
  }

  #logger(id: number): Logger {
    return sendingLogger((level, message, fields) => {
      this.#send([id, "log", level, message, fields]);
    });
  }

  #send(message: WorkerMessage): void {
    this.#port.postMessage(message);
  }
}

async function outcomeWhenSettled(
  draft: RecordingDraft,
  pending: PromiseLike<unknown>,
): Promise<MutateOutcome> {
  try {
    await pending;
  } catch (error) {
    return outcomeOf(draft, toThrown(error));
  }
  return outcomeOf(draft);
}

/** What was recorded, and what went wrong: what was thrown, or else the first rule that was broken. */
function outcomeOf(draft: RecordingDraft, thrown?: Thrown): MutateOutcome {
  draft.close();
  const { fault } = draft;
  const { edits, files } = draft.recorded();
  const broken = fault === undefined ? undefined : toThrown(fault);
  return { edits: toSentEdits(edits), files, thrown: thrown ?? broken };
}

function toMap(flat: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let at = 0; at < flat.length; at += 2) map.set(flat[at] ?? "", flat[at + 1] ?? "");
  return map;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
