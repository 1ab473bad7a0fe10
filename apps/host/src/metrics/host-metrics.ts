import type { KernelObserver, LoopStatus } from "@molecule/core";
import { Registry } from "prom-client";
import { HttpMetrics, type HttpRun } from "./http-metrics.js";
import { KernelMetrics } from "./kernel-metrics.js";
import { processMetrics } from "./process-metrics.js";
import { WorkspaceMetrics, type EngineRun, type ProvisionRun } from "./workspace-metrics.js";

/** What the metrics are made from. */
export interface MetricsInputs {
  /** Names of the manifest's workspace templates. */
  readonly runtimes: readonly string[];
  /** The loops that run, asked at each scrape. */
  readonly loops: () => readonly LoopStatus[];
}

/**
 * The metrics of one host, for `GET /metrics`; docs/operating.md lists them. No label has values without bound: no
 * workspace id, no path, no error text.
 */
export class HostMetrics {
  /** For the kernel. */
  readonly observer: KernelObserver;
  readonly #registry = new Registry();
  readonly #all: Registry;
  readonly #http: HttpMetrics;
  readonly #workspaces: WorkspaceMetrics;

  constructor({ runtimes, loops }: MetricsInputs) {
    this.observer = new KernelMetrics(this.#registry, loops).observer;
    this.#http = new HttpMetrics(this.#registry);
    this.#workspaces = new WorkspaceMetrics(this.#registry, runtimes);
    this.#all = Registry.merge([this.#registry, processMetrics()]);
  }

  /** Counts a request that was answered. */
  onRequest(run: HttpRun): void {
    this.#http.add(run);
  }

  /** Counts a provision that has ended. */
  onProvision(run: ProvisionRun): void {
    this.#workspaces.provision(run);
  }

  /** Counts a call of the container runtime. */
  onEngineCall(run: EngineRun): void {
    this.#workspaces.engine(run);
  }

  /** All metrics as they are now, in Prometheus' text format 0.0.4. */
  render(): Promise<string> {
    return this.#all.metrics();
  }
}
