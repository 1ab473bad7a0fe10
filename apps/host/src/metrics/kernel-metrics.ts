import type { KernelObserver, LoopStatus } from "@molecule/core";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Seconds; env mutators take from microseconds in this thread to their timeout. */
const CALL_BUCKETS = [0.0001, 0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60];
/** Seconds; a tick may call the engine for every workspace. */
const TICK_BUCKETS = [0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

/** What the kernel calls: per hook and plugin, the chain as a whole, and the loops. */
export class KernelMetrics {
  readonly observer: KernelObserver;

  /** @param loops the loops that run, asked at each scrape */
  constructor(registry: Registry, loops: () => readonly LoopStatus[]) {
    const registers = [registry];
    const calls = new Counter({
      name: "molecule_plugin_calls_total",
      help: "Calls of a plugin's contributions by hook and outcome",
      labelNames: ["plugin", "hook", "outcome"],
      registers,
    });
    const callSeconds = new Histogram({
      name: "molecule_plugin_call_duration_seconds",
      help: "Duration of calls of a plugin's contributions by hook",
      labelNames: ["plugin", "hook"],
      buckets: CALL_BUCKETS,
      registers,
    });
    const chains = new Counter({
      name: "molecule_env_chains_total",
      help: "Runs of the env-mutator chain by outcome",
      labelNames: ["outcome"],
      registers,
    });
    const chainSeconds = new Histogram({
      name: "molecule_env_chain_duration_seconds",
      help: "Duration of the env-mutator chain",
      buckets: CALL_BUCKETS,
      registers,
    });
    const ticks = new Counter({
      name: "molecule_loop_ticks_total",
      help: "Ticks of background loops by outcome",
      labelNames: ["loop", "outcome"],
      registers,
    });
    const tickSeconds = new Histogram({
      name: "molecule_loop_tick_duration_seconds",
      help: "Duration of ticks of background loops",
      labelNames: ["loop"],
      buckets: TICK_BUCKETS,
      registers,
    });
    new Gauge({
      name: "molecule_loop_last_success_age_seconds",
      help: "Time since a background loop last succeeded; missing until it has once",
      labelNames: ["loop"],
      registers,
      collect() {
        // A loop that is gone, with its plugin, must not be shown as one that hangs.
        this.reset();
        for (const { name, last_success_age_ms: ageMs } of loops()) {
          if (ageMs !== null) this.set({ loop: name }, ageMs / 1000);
        }
      },
    });
    const count = (hook: string, run: { plugin: string; outcome: string; durationMs: number }) => {
      const { plugin, outcome, durationMs } = run;
      calls.inc({ plugin, hook, outcome });
      callSeconds.observe({ plugin, hook }, durationMs / 1000);
    };
    this.observer = {
      onMutator: (run) => {
        count("env_mutators", run);
      },
      onChain: ({ outcome, durationMs }) => {
        chains.inc({ outcome });
        chainSeconds.observe(durationMs / 1000);
      },
      onTask: ({ plugin, ok, durationMs }) => {
        count("boot_tasks", { plugin, outcome: ok ? "ok" : "failed", durationMs });
      },
      onTick: (run) => {
        count("loops", run);
        ticks.inc({ loop: run.loop, outcome: run.outcome });
        tickSeconds.observe({ loop: run.loop }, run.durationMs / 1000);
      },
    };
  }
}
