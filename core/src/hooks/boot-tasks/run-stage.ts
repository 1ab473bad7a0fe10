import { messageOf } from "../../coded-error.js";
import type { BootReport } from "../../boot-report.js";
import { errors } from "../../errors.js";
import type { Clock } from "../../ports/clock.js";
import type { Logger } from "../../ports/logger.js";
import { bounded } from "../../util/bounded.js";
import type { Registered } from "../registry.js";
import { applyDraft, draftOf, type EnvOrigin, type MutableEnv } from "./env-draft.js";
import type { BootStage, BootTask } from "./types.js";

/** Ms for one boot task, unless it says otherwise. */
const DEFAULT_TASK_TIMEOUT_MS = 30_000;

/** What a stage runs with. */
export interface StageServices {
  readonly env: MutableEnv;
  /** The host's working directory, absolute. */
  readonly cwd: string;
  /** Gets the origin of each variable that a task of stage `env` sets; a later task takes a name over. */
  readonly origins: Map<string, EnvOrigin>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly report: BootReport;
  readonly signal: AbortSignal;
  /** Told of each finished task when its edits are in the environment. Must not throw. */
  readonly onTask?: ((run: TaskRun) => void) | undefined;
}

/** A boot task that has ended. */
export interface TaskRun {
  readonly task: string;
  readonly plugin: string;
  readonly ok: boolean;
  readonly durationMs: number;
}

/**
 * Runs the tasks of one stage, one after the other. An optional task that fails is logged and reported, and the
 * next one runs. In stage `env` a task edits the environment as a whole or, when it fails or is too late, not at all.
 * @throws BOOT_TASK_FAILED, BOOT_TASK_TIMEOUT of a required task
 */
export async function runBootStage(
  stage: BootStage,
  tasks: readonly Registered<BootTask>[],
  services: StageServices,
): Promise<void> {
  const { clock, log, report } = services;
  for (const { contribution: task, owner } of tasks) {
    const names = { task: task.name, plugin: owner.plugin, stage };
    const timeoutMs = task.timeoutMs ?? DEFAULT_TASK_TIMEOUT_MS;
    const started = clock.monotonic();
    const env = stage === "env" ? draftOf(services.env) : services.env;
    const taskLog = log.child({ plugin: owner.plugin, task: task.name });
    const result = await bounded((signal) => task.run({ env, cwd: services.cwd, signal, log: taskLog }), {
      clock,
      timeoutMs,
      signal: services.signal,
      onTimeout: () => errors.BOOT_TASK_TIMEOUT({ ...names, timeoutMs }),
    });
    const durationMs = clock.monotonic() - started;
    if (result.ok && env !== services.env) {
      for (const name of applyDraft(services.env, env)) {
        if (services.env[name] === undefined) services.origins.delete(name);
        else services.origins.set(name, { plugin: owner.plugin, source: task.source ?? null });
      }
    }
    services.onTask?.({ task: task.name, plugin: owner.plugin, ok: result.ok, durationMs });
    if (result.ok) {
      const detail = typeof result.value === "string" ? result.value : undefined;
      report.add({ stage, name: task.name, durationMs, outcome: "ok", detail });
      continue;
    }
    const error =
      result.error instanceof Error && "code" in result.error && result.error.code === "BOOT_TASK_TIMEOUT"
        ? result.error
        : errors.BOOT_TASK_FAILED({ ...names, reason: messageOf(result.error) }, { cause: result.error });
    report.add({ stage, name: task.name, durationMs, outcome: "failed", detail: error.message });
    if (task.required === true) throw error;
    log.warn(error.message, { ...names });
  }
}
