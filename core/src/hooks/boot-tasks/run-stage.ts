import { messageOf } from "../../coded-error.js";
import type { BootReport } from "../../boot-report.js";
import { errors } from "../../errors.js";
import type { Clock } from "../../ports/clock.js";
import type { Logger } from "../../ports/logger.js";
import { bounded } from "../../util/bounded.js";
import type { Registered } from "../registry.js";
import type { BootStage, BootTask } from "./types.js";

/** Ms for one boot task, unless it says otherwise. */
const DEFAULT_TASK_TIMEOUT_MS = 30_000;

/** What a stage runs with. */
export interface StageServices {
  readonly env: Record<string, string | undefined>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly report: BootReport;
  readonly signal: AbortSignal;
  /** Told of each finished task, for metrics. Must not throw. */
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
 * next one runs.
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
    const result = await bounded(
      (signal) =>
        task.run({ env: services.env, signal, log: log.child({ plugin: owner.plugin, task: task.name }) }),
      {
        clock,
        timeoutMs,
        signal: services.signal,
        onTimeout: () => errors.BOOT_TASK_TIMEOUT({ ...names, timeoutMs }),
      },
    );
    const durationMs = clock.monotonic() - started;
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
