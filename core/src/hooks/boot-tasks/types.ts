import type { Logger } from "../../ports/logger.js";

/** When a boot task runs: before any configuration is read, after storage is open, or last before serving. */
export type BootStage = "env" | "storage" | "ready";

/** The stages in their order. */
export const BOOT_STAGES: readonly BootStage[] = ["env", "storage", "ready"];

/** What a boot task is given. */
export interface BootTaskContext {
  /**
   * The process environment. Tasks of stage `env` may change it, all at once when they succeed, and each sees what
   * earlier ones did; later stages read it.
   */
  readonly env: Record<string, string | undefined>;
  /** The host's working directory, absolute. */
  readonly cwd: string;
  /** Aborts when the task's time is over or boot is given up. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Work done once, in a stage, before the host serves. */
export interface BootTask {
  /** Unique in the registry. */
  readonly name: string;
  readonly stage: BootStage;
  /**
   * What a task of stage `env` fills the environment from, in a few words, e.g. `.env file`: `molecule config` tells
   * it as the origin of what the task has set, beside the plugin's name.
   */
  readonly source?: string;
  /** A failure ends boot with exit code 1; that of any other task is logged and shown, and boot goes on. */
  readonly required?: boolean;
  /** Ms until the task is aborted and counts as failed; 30,000 when absent. */
  readonly timeoutMs?: number;
  /** @returns a short remark for the boot tree, or nothing. */
  run(ctx: BootTaskContext): void | string | Promise<void | string>;
}
