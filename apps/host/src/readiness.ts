import type { Clock, ContainerRuntime, Kernel, RuntimeHealth } from "@molecule/core";
import { messageOf } from "@molecule/core";
import type { Database } from "./storage/database.js";

/** State of one thing that the host needs. */
export interface ReadinessCheck {
  readonly status: "up" | "degraded" | "down";
  readonly detail?: string;
}

/** Answer of GET /ready. */
export interface ReadinessReport {
  /** `degraded` serves, but can't do everything: without a container engine nothing can be started. */
  readonly status: "ready" | "degraded" | "unavailable";
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
}

/** Ms for each check. */
const CHECK_TIMEOUT_MS = 2_000;
/** Ms for which the engine's answer is taken as still true: probes ask often, and the engine is shared. */
const ENGINE_CACHE_MS = 2_000;

/** Tells whether the host can do its work. */
export class Readiness {
  readonly #services: { database: Database; runtime: ContainerRuntime; kernel: Kernel; clock: Clock };
  #engine: { readonly health: Promise<RuntimeHealth>; readonly at: number } | undefined;
  #stopping = false;

  constructor(services: { database: Database; runtime: ContainerRuntime; kernel: Kernel; clock: Clock }) {
    this.#services = services;
  }

  /** From now on the host is unavailable: it is about to stop. */
  stopping(): void {
    this.#stopping = true;
  }

  async report(): Promise<ReadinessReport> {
    if (this.#stopping) {
      return { status: "unavailable", checks: { host: { status: "down", detail: "the host is stopping" } } };
    }
    const [storage, engine] = await Promise.all([this.#storage(), this.#containerRuntime()]);
    const loops = this.#loops();
    const unavailable = storage.status === "down" || loops.status === "down";
    const status = unavailable ? "unavailable" : engine.status === "up" ? "ready" : "degraded";
    return { status, checks: { storage, container_runtime: engine, loops } };
  }

  async #storage(): Promise<ReadinessCheck> {
    const { database } = this.#services;
    try {
      await database.ping(AbortSignal.timeout(CHECK_TIMEOUT_MS));
      return { status: "up", detail: database.kind };
    } catch (error) {
      return { status: "down", detail: messageOf(error) };
    }
  }

  async #containerRuntime(): Promise<ReadinessCheck> {
    const { runtime, clock } = this.#services;
    const now = clock.monotonic();
    if (this.#engine === undefined || now - this.#engine.at > ENGINE_CACHE_MS) {
      this.#engine = { health: runtime.check(AbortSignal.timeout(CHECK_TIMEOUT_MS)), at: now };
    }
    const health = await this.#engine.health;
    return health.available
      ? { status: "up", detail: `${runtime.kind}: ${health.detail}` }
      : { status: "degraded", detail: `${runtime.kind}: ${health.reason}` };
  }

  #loops(): ReadinessCheck {
    const stale = this.#services.kernel.registries.supervisor.status().filter((loop) => loop.stale);
    if (stale.length === 0) return { status: "up" };
    const told = stale.map((loop) => `${loop.name}: ${loop.last_error ?? "no success for three intervals"}`);
    return { status: "down", detail: told.join("; ") };
  }
}
