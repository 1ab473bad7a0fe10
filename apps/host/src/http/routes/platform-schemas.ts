import { Type } from "@molecule/core";
import { data, exactly, nullable, text, time } from "./schema-parts.js";

/** One plugin as the kernel tells it. */
export const PluginSchema = Type.Object({
  name: text,
  state: text,
  version: nullable(text),
  error: nullable(data),
  contributions: data,
  conflicts: Type.Array(
    Type.Object({
      variable: text,
      plugin: text,
      basis: Type.Union([Type.Literal("seen"), Type.Literal("declared")]),
    }),
    { description: "Variables that another enabled plugin sets too" },
  ),
  config: data,
  hooks: Type.Record(
    Type.String(),
    Type.Object({
      calls: Type.Integer(),
      failures: Type.Integer(),
      p50_ms: nullable(Type.Number()),
      p99_ms: nullable(Type.Number()),
    }),
    { description: "Calls per hook; percentiles over the last 256" },
  ),
});

/** One loop as the kernel tells it. */
export const LoopSchema = Type.Object({
  name: text,
  plugin: text,
  state: text,
  last_error: nullable(text),
  stale: Type.Boolean(),
});

/** Answer of POST /admin/loops/:name: the report of a tick that was asked for, else null. */
export const LoopActionDoneSchema = Type.Object(
  {
    status: Type.Literal("ok"),
    action: text,
    report: nullable(
      Type.Object({
        ok: Type.Boolean(),
        detail: nullable(text),
        error: nullable(text),
        duration_ms: Type.Number(),
      }),
    ),
  },
  exactly,
);

/** Answer of GET /admin/liveness. */
export const LivenessSchema = Type.Object(
  {
    subsystems: Type.Record(
      Type.String(),
      Type.Object({ last_tick_at: nullable(time), seconds_ago: nullable(Type.Integer()) }, exactly),
    ),
  },
  exactly,
);

/** Answer of GET /ready. */
export const ReadinessSchema = Type.Object({
  status: Type.Union([Type.Literal("ready"), Type.Literal("degraded"), Type.Literal("unavailable")]),
  checks: Type.Record(
    Type.String(),
    Type.Object({
      status: Type.Union([Type.Literal("up"), Type.Literal("degraded"), Type.Literal("down")]),
      detail: Type.Optional(text),
    }),
  ),
});
