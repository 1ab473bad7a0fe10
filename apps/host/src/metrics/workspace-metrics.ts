import { Counter, Histogram, type Registry } from "prom-client";

/** A provision that has ended. */
export interface ProvisionRun {
  /** The workspace's runtime: the name of its template. */
  readonly runtime: string;
  /** `superseded`: deleted, restarted or given up meanwhile; `postponed`: the engine went away, it is tried again. */
  readonly outcome: "launched" | "failed" | "superseded" | "postponed";
  readonly durationMs: number;
}

/** A call of the container runtime that has ended. */
export interface EngineRun {
  readonly driver: string;
  /** The port's method, e.g. `launch`. */
  readonly call: string;
  readonly outcome: "ok" | "failed";
  readonly durationMs: number;
}

/** Seconds; the engine's bound is 180, but pulling counts too. */
const PROVISION_BUCKETS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 180];
/** Seconds. */
const ENGINE_BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 180];

/** Provisions, and what they ask of the container runtime. */
export class WorkspaceMetrics {
  readonly #known: ReadonlySet<string>;
  readonly #provisions: Counter<"runtime" | "outcome">;
  readonly #provisionSeconds: Histogram<"runtime" | "outcome">;
  readonly #engineCalls: Counter<"driver" | "call" | "outcome">;
  readonly #engineSeconds: Histogram<"driver" | "call">;

  /** @param runtimes names of the manifest's templates; others, of an earlier manifest, are counted as `other` */
  constructor(registry: Registry, runtimes: readonly string[]) {
    const registers = [registry];
    this.#known = new Set(runtimes);
    this.#provisions = new Counter({
      name: "molecule_provisions_total",
      help: "Provisions of workspaces by runtime and outcome",
      labelNames: ["runtime", "outcome"],
      registers,
    });
    this.#provisionSeconds = new Histogram({
      name: "molecule_provision_duration_seconds",
      help: "Duration of provisions, from their turn to the launched container",
      labelNames: ["runtime", "outcome"],
      buckets: PROVISION_BUCKETS,
      registers,
    });
    this.#engineCalls = new Counter({
      name: "molecule_engine_calls_total",
      help: "Calls of the container runtime by driver, call and outcome",
      labelNames: ["driver", "call", "outcome"],
      registers,
    });
    this.#engineSeconds = new Histogram({
      name: "molecule_engine_call_duration_seconds",
      help: "Duration of calls of the container runtime",
      labelNames: ["driver", "call"],
      buckets: ENGINE_BUCKETS,
      registers,
    });
  }

  provision({ runtime: found, outcome, durationMs }: ProvisionRun): void {
    const runtime = this.#known.has(found) ? found : "other";
    this.#provisions.inc({ runtime, outcome });
    this.#provisionSeconds.observe({ runtime, outcome }, durationMs / 1000);
  }

  engine({ driver, call, outcome, durationMs }: EngineRun): void {
    this.#engineCalls.inc({ driver, call, outcome });
    this.#engineSeconds.observe({ driver, call }, durationMs / 1000);
  }
}
