import type { BackgroundLoop, LeaseProvider, LoopStatus, TickContext, TickRun } from "@molecule/core";
import { soleHostLeases } from "@molecule/core";
import { ManualClock, RecordingLogger } from "@molecule/core/testing";
import { BackgroundLoopRegistry } from "../../dist/src/hooks/background-loops/registry.js";
import { LoopSupervisor } from "../../dist/src/hooks/background-loops/supervisor.js";

/** A supervisor on a clock that stands still, with what its loops did. */
export class LoopBench {
  readonly clock = new ManualClock();
  readonly log = new RecordingLogger();
  readonly registry = new BackgroundLoopRegistry();
  readonly ticks: TickRun[] = [];
  readonly supervisor: LoopSupervisor;
  /** What the next random numbers are; the middle, which is no jitter, when there are none left. */
  readonly randoms: number[] = [];

  constructor(leases: LeaseProvider = soleHostLeases()) {
    this.supervisor = new LoopSupervisor(this.registry, {
      clock: this.clock,
      log: this.log,
      leases,
      random: () => this.randoms.shift() ?? 0.5,
      onTick: (run) => this.ticks.push(run),
    });
  }

  /** Registers a loop of 60 s with a timeout of 10 s, owned by the plugin `acme`. */
  add(loop: Partial<BackgroundLoop> & Pick<BackgroundLoop, "tick">): BackgroundLoop {
    const whole = { name: "sweep", intervalMs: 60_000, timeoutMs: 10_000, ...loop };
    this.registry.add(whole, { plugin: "acme", version: "1.0.0", order: 1 });
    return whole;
  }

  /** The status of a loop that is known to run. */
  status(name = "sweep"): LoopStatus {
    const found = this.supervisor.status().find((status) => status.name === name);
    if (found === undefined) throw new Error(`the loop ${name} does not run`);
    return found;
  }
}

/** A tick that is told from outside when it ends, and that ignores its signal unless asked to heed it. */
export class HeldTick {
  /** When the ticks started, in ms of the bench's monotonic clock. */
  readonly starts: number[] = [];
  readonly contexts: TickContext[] = [];
  running = 0;
  mostAtOnce = 0;
  readonly #clock: ManualClock;
  #end: () => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  readonly tick = async (context: TickContext): Promise<void> => {
    this.starts.push(this.#clock.monotonic());
    this.contexts.push(context);
    this.running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#end = resolve;
        this.#fail = reject;
      });
    } finally {
      this.running -= 1;
    }
  };

  end(): void {
    this.#end();
  }

  fail(error: Error): void {
    this.#fail(error);
  }
}
