import { messageOf } from "../../coded-error.js";
import { errors } from "../../errors.js";
import type { Cancel, Clock } from "../../ports/clock.js";
import type { Logger } from "../../ports/logger.js";
import { bounded } from "../../util/bounded.js";
import type { Registered } from "../registry.js";
import type { LeaseProvider, LoopLease } from "./lease.js";
import { LoopLiveness, type LoopState, type LoopStatus } from "./liveness.js";
import { MAX_TIMER_MS, type BackgroundLoop } from "./types.js";

const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 30_000;
/** Intervals for which a lease stays with its host: one, and slack for jitter and a slow tick. */
const LEASE_INTERVALS = 1.5;

/** What a runner works with. */
export interface RunnerServices {
  readonly clock: Clock;
  readonly log: Logger;
  readonly leases: LeaseProvider;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Told of each finished tick but dry runs, for metrics. Must not throw. */
  readonly onTick?: ((run: TickRun) => void) | undefined;
}

/**
 * A tick that has ended. `standby`: another host holds the lease, nothing was done; `stopped`: it failed because the
 * loop was being stopped.
 */
export interface TickRun {
  readonly loop: string;
  readonly plugin: string;
  readonly outcome: "ok" | "failed" | "standby" | "stopped";
  readonly durationMs: number;
}

/** How a tick ended. */
export interface TickReport {
  readonly ok: boolean;
  readonly detail: string | null;
  readonly error: string | null;
  readonly duration_ms: number;
}

/** What a singleton's tick tells when another host holds the lease. */
const HELD_ELSEWHERE = "another host holds the lease";

/** Ticks one loop: never two ticks at a time, backing off after failures, whatever the tick does. */
export class LoopRunner {
  readonly registered: Registered<BackgroundLoop>;
  readonly #services: RunnerServices;
  readonly #log: Logger;
  readonly #liveness: LoopLiveness;
  #cancelTimer: Cancel = () => undefined;
  #tickController: AbortController | undefined;
  /** Settles when the running tick itself has, which may be long after its timeout. */
  #running: Promise<void> | undefined;
  #stopped = false;
  #paused = false;

  constructor(registered: Registered<BackgroundLoop>, services: RunnerServices) {
    this.registered = registered;
    this.#services = services;
    const { contribution: loop, owner } = registered;
    this.#log = services.log.child({ plugin: owner.plugin, loop: loop.name });
    this.#liveness = new LoopLiveness(loop, services.clock);
    this.#schedule(loop.runAtStart === true ? 0 : this.#spread(loop.intervalMs));
  }

  /** Whether a tick has not settled yet, also one past its timeout. */
  get isTicking(): boolean {
    return this.#running !== undefined;
  }

  status(): LoopStatus {
    return this.#liveness.status(this.registered.owner.plugin, this.#state());
  }

  /** Lets no further tick start until {@link LoopRunner.resume}; one that runs goes on. */
  pause(): void {
    this.#paused = true;
    this.#cancelTimer();
  }

  /** Ticks at once and then in the loop's interval again. */
  resume(): void {
    if (!this.#paused || this.#stopped) return;
    this.#paused = false;
    this.#liveness.restartCount();
    if (this.#running === undefined) this.#schedule(0);
  }

  /**
   * Runs one tick now, whether paused or not.
   * @throws LOOP_BUSY while a tick runs
   */
  async runNow(dryRun: boolean): Promise<TickReport> {
    if (this.#running !== undefined || this.#stopped) {
      throw errors.LOOP_BUSY({ loop: this.registered.contribution.name });
    }
    this.#cancelTimer();
    return this.#tick(dryRun);
  }

  /** Aborts the running tick, starts no other one, and resolves when the tick has settled. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    const { contribution: loop, owner } = this.registered;
    this.#tickController?.abort(errors.LOOP_STOPPED({ loop: loop.name, plugin: owner.plugin }));
    await this.#running;
  }

  #state(): LoopState {
    if (this.#stopped) return "stopped";
    if (this.#running !== undefined) return "running";
    return this.#paused ? "paused" : "waiting";
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer();
    if (this.#stopped || this.#paused) return;
    this.#cancelTimer = this.#services.clock.timer(() => void this.#tick(false), delayMs);
  }

  #scheduleNext(): void {
    const failures = this.#liveness.consecutiveFailures;
    const delayMs =
      failures === 0
        ? this.#spread(this.registered.contribution.intervalMs)
        : Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), MAX_BACKOFF_MS);
    this.#schedule(delayMs);
  }

  /** The interval, varied to either side by the loop's jitter. */
  #spread(intervalMs: number): number {
    const { jitter = 0 } = this.registered.contribution;
    return Math.min(MAX_TIMER_MS, intervalMs * (1 + jitter * (this.#services.random() * 2 - 1)));
  }

  async #tick(dryRun: boolean): Promise<TickReport> {
    const { clock } = this.#services;
    const { contribution: loop, owner } = this.registered;
    const controller = new AbortController();
    this.#tickController = controller;
    this.#liveness.started();
    const started = clock.monotonic();
    let work: Promise<void | string> | undefined;
    const result = await bounded(
      (signal) => {
        work = this.#tickUnderLease(dryRun, signal);
        this.#running = work.then(noop, noop);
        return work;
      },
      {
        clock,
        timeoutMs: loop.timeoutMs,
        signal: controller.signal,
        onTimeout: () =>
          errors.LOOP_TICK_TIMEOUT({ loop: loop.name, plugin: owner.plugin, timeoutMs: loop.timeoutMs }),
      },
    );
    const durationMs = clock.monotonic() - started;
    const report = result.ok
      ? { ok: true, detail: result.value ?? null, error: null, duration_ms: durationMs }
      : { ok: false, detail: null, error: messageOf(result.error), duration_ms: durationMs };
    this.#note(report, dryRun);
    if (!dryRun) this.#tell(report);
    // A tick that ignores its abort keeps the loop occupied: another one beside it would overlap.
    void this.#running?.then(() => {
      this.#running = undefined;
      this.#tickController = undefined;
      this.#scheduleNext();
    });
    return report;
  }

  #note(report: TickReport, dryRun: boolean): void {
    if (report.ok) {
      if (!dryRun) this.#liveness.succeeded(report.duration_ms, report.detail);
    } else {
      // An operator's trial says nothing of the loop, whichever way it ends.
      if (!dryRun) this.#liveness.failed(report.duration_ms, report.error ?? "");
      if (!this.#stopped) {
        this.#log.warn(`tick failed: ${report.error ?? ""}`, {
          failures: this.#liveness.consecutiveFailures,
        });
      }
    }
  }

  #tell(report: TickReport): void {
    const failed = this.#stopped ? "stopped" : "failed";
    const done = report.detail === HELD_ELSEWHERE ? "standby" : "ok";
    this.#services.onTick?.({
      loop: this.registered.contribution.name,
      plugin: this.registered.owner.plugin,
      outcome: report.ok ? done : failed,
      durationMs: report.duration_ms,
    });
  }

  async #tickUnderLease(dryRun: boolean, signal: AbortSignal): Promise<void | string> {
    const loop = this.registered.contribution;
    if (loop.singleton !== true) return loop.tick({ signal, log: this.#log, dryRun, fence: null });
    const lease = await this.#services.leases.acquire(loop.name, loop.intervalMs * LEASE_INTERVALS);
    if (lease === null) return HELD_ELSEWHERE;
    try {
      // Waiting for the lease may have taken the tick's time, or the host may be stopping by now.
      signal.throwIfAborted();
      return await loop.tick({
        signal: AbortSignal.any([signal, lease.signal]),
        log: this.#log,
        dryRun,
        fence: lease.fence,
      });
    } catch (error) {
      throw leaseLoss(loop.name, lease) ?? error;
    } finally {
      await lease.release();
    }
  }
}

function leaseLoss(loop: string, lease: LoopLease): Error | undefined {
  return lease.signal.aborted ? errors.LOOP_LEASE_LOST({ loop, fence: lease.fence }) : undefined;
}

function noop(): void {
  // Only the settling of the tick matters here; its outcome is taken from the bounded call.
}
