import type { Logger } from "../../ports/logger.js";

/** When a boot task runs: before any configuration is read, after storage is open, or last before serving. */
export type BootStage = "env" | "storage" | "ready";

/** The stages in their order. */
export const BOOT_STAGES: readonly BootStage[] = ["env", "storage", "ready"];

/** What a boot task is given. */
export interface BootTaskContext {
  /** The process environment. Tasks of stage `env` may fill it; later ones read it. */
  readonly env: Record<string, string | undefined>;
  /** Aborts when the task's time is over or boot is given up. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Work done once, in a stage, before the host serves. */
export interface BootTask {
  /** Unique in the registry. */
  readonly name: string;
  readonly stage: BootStage;
  /** A failure ends boot with exit code 1; that of any other task is logged and shown, and boot goes on. */
  readonly required?: boolean;
  /** Ms until the task is aborted and counts as failed; 30,000 when absent. */
  readonly timeoutMs?: number;
  /** @returns a short remark for the boot tree, or nothing. */
  run(ctx: BootTaskContext): void | string | Promise<void | string>;
}
