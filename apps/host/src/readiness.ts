import type { Clock, ContainerRuntime, Kernel, RuntimeHealth, SweepFuse } from "@molecule/core";
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

/** What readiness is told from. */
export interface ReadinessServices {
  readonly database: Database;
  readonly runtime: ContainerRuntime;
  readonly kernel: Kernel;
  /** The fuse of the orphan sweep. */
  readonly orphanFuse: () => Promise<SweepFuse>;
  readonly clock: Clock;
}

/** Tells whether the host can do its work. */
export class Readiness {
  readonly #services: ReadinessServices;
  #engine: { readonly health: Promise<RuntimeHealth>; readonly at: number } | undefined;
  #stopping = false;

  constructor(services: ReadinessServices) {
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
    const fuse = storage.status === "down" ? null : await this.#orphanFuse();
    const degraded = engine.status !== "up" || fuse !== null;
    const status = unavailable ? "unavailable" : degraded ? "degraded" : "ready";
    return {
      status,
      checks: {
        storage,
        container_runtime: engine,
        loops,
        ...(fuse === null ? {} : { orphan_fuse: fuse }),
      },
    };
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

  /** Null while it is whole, or can't be read, which the storage's own check tells. */
  async #orphanFuse(): Promise<ReadinessCheck | null> {
    const fuse = await this.#services.orphanFuse().catch(() => null);
    if (fuse?.state !== "blown") return null;
    const detail = `blown since ${fuse.since} over ${fuse.workspaceIds.length} workspaces in the engine that have no row; see molecule orphans list`;
    return { status: "degraded", detail };
  }

  #loops(): ReadinessCheck {
    const stale = this.#services.kernel.registries.supervisor.status().filter((loop) => loop.stale);
    if (stale.length === 0) return { status: "up" };
    const told = stale.map((loop) => `${loop.name}: ${loop.last_error ?? "no success for three intervals"}`);
    return { status: "down", detail: told.join("; ") };
  }
}
