import { Fields } from "./fields.js";

/** A plugin as GET /admin/plugins tells it. */
export interface PluginStatus {
  readonly name: string;
  readonly module: string;
  readonly version: string | null;
  /** `disabled`, `enabling`, `enabled`, `failed` or `disabling`. */
  readonly state: string;
  /** What decided that it is on or off. */
  readonly reason: string;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly envMutators: readonly string[];
  readonly bootTasks: readonly string[];
  readonly loops: readonly string[];
  /** Ms of its setup; null when it was not reached. */
  readonly setupMs: number | null;
}

/** A background loop as GET /admin/loops tells it. Times are RFC 3339. */
export interface LoopStatus {
  readonly name: string;
  readonly plugin: string;
  /** `waiting`, `running`, `paused` or `stopped`. */
  readonly state: string;
  readonly intervalMs: number;
  readonly lastSuccessAt: string | null;
  readonly lastDurationMs: number | null;
  readonly lastDetail: string | null;
  readonly lastError: string | null;
  readonly consecutiveFailures: number;
  /** No success for three intervals. */
  readonly stale: boolean;
}

/** What one check of GET /ready found. */
export interface ReadinessCheck {
  readonly name: string;
  /** `up`, `degraded` or `down`. */
  readonly status: string;
  readonly detail: string | null;
}

/** The answer of GET /ready. */
export interface Readiness {
  /** `ready`, `degraded` or `unavailable`. */
  readonly status: string;
  readonly checks: readonly ReadinessCheck[];
}

/** Where the canvas stands: GET and PUT /canvas/viewport. */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** @throws ApiError `malformed` */
export function readPluginStatus(value: unknown, what: string): PluginStatus {
  const fields = new Fields(value, what);
  const contributions = fields.object("contributions", (item, path) => new Fields(item, path));
  return {
    name: fields.string("name"),
    module: fields.string("module"),
    version: fields.stringOrNull("version"),
    state: fields.string("state"),
    reason: fields.string("reason"),
    error: fields.objectOrNull("error", (error, path) => {
      const parts = new Fields(error, path);
      return { code: parts.string("code"), message: parts.string("message") };
    }),
    envMutators: contributions.strings("env_mutators"),
    bootTasks: contributions.strings("boot_tasks"),
    loops: contributions.strings("loops"),
    setupMs: fields.object("timings", (timings, path) => new Fields(timings, path).numberOrNull("setup_ms")),
  };
}

/** @throws ApiError `malformed` */
export function readLoopStatus(value: unknown, what: string): LoopStatus {
  const fields = new Fields(value, what);
  return {
    name: fields.string("name"),
    plugin: fields.string("plugin"),
    state: fields.string("state"),
    intervalMs: fields.number("interval_ms"),
    lastSuccessAt: fields.stringOrNull("last_success_at"),
    lastDurationMs: fields.numberOrNull("last_duration_ms"),
    lastDetail: fields.stringOrNull("last_detail"),
    lastError: fields.stringOrNull("last_error"),
    consecutiveFailures: fields.number("consecutive_failures"),
    stale: fields.boolean("stale"),
  };
}

/** @throws ApiError `malformed` */
export function readReadiness(value: unknown): Readiness {
  const fields = new Fields(value, "readiness");
  return {
    status: fields.string("status"),
    checks: fields
      .entries("checks", (check, what) => {
        const parts = new Fields(check, what);
        return { status: parts.string("status"), detail: parts.stringOrNull("detail") };
      })
      .map(([name, check]) => ({ name, ...check })),
  };
}

/** @throws ApiError `malformed` */
export function readViewport(value: unknown): Viewport {
  const fields = new Fields(value, "viewport");
  return { x: fields.number("x"), y: fields.number("y"), zoom: fields.number("zoom") };
}
