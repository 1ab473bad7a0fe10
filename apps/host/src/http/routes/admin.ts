import { Type, type LoopStatus } from "@molecule/core";
import { maskData } from "../../masking/mask-data.js";
import { bodyOf, defineRoute, type Route } from "../define-route.js";
import { LivenessSchema, LoopActionDoneSchema, LoopSchema, PluginSchema } from "./platform-schemas.js";
import { answer, refusal } from "./schemas.js";

const LoopActionSchema = Type.Object({
  action: Type.Union([
    Type.Literal("pause"),
    Type.Literal("resume"),
    Type.Literal("run"),
    Type.Literal("dry-run"),
  ]),
});

/** Routes of whoever runs the platform. */
export const adminRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/admin/plugins",
    guard: "admin",
    summary: "The plugins of the manifest: state, error, contributions, timings, calls per hook",
    responses: { 200: answer("The plugins, in order", Type.Object({ plugins: Type.Array(PluginSchema) })) },
    handle: (_, { kernel, masker }) => ({
      status: 200,
      body: { plugins: maskData(masker, kernel.plugins.status()) },
    }),
  }),
  defineRoute({
    method: "GET",
    path: "/admin/loops",
    guard: "admin",
    summary: "The background loops: state, last success, last error",
    responses: { 200: answer("The loops", Type.Object({ loops: Type.Array(LoopSchema) })) },
    handle: (_, { kernel, masker }) => ({
      status: 200,
      body: { loops: maskData(masker, kernel.registries.supervisor.status()) },
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/admin/loops/:name",
    guard: "admin",
    summary: "Pause or resume a loop on the host that answers, or run one tick of it now",
    body: bodyOf(LoopActionSchema),
    responses: {
      200: answer("Done", LoopActionDoneSchema),
      404: refusal("No such loop"),
      409: refusal("It is running a tick"),
    },
    handle: async ({ params, body: { action } }, { kernel, masker }) => {
      const report = await kernel.registries.supervisor.control(params.name, action);
      return { status: 200, body: { status: "ok", action, report: maskData(masker, report) } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/admin/liveness",
    guard: "admin",
    summary: "When each background loop last ticked",
    responses: { 200: answer("The loops, by name", LivenessSchema) },
    handle: (_, { kernel, clock }) => {
      const now = clock.now();
      const loops = kernel.registries.supervisor.status();
      return {
        status: 200,
        body: { subsystems: Object.fromEntries(loops.map((loop) => liveness(loop, now))) },
      };
    },
  }),
];

function liveness({ name, last_tick_at }: LoopStatus, now: number) {
  const secondsAgo =
    last_tick_at === null ? null : Math.max(0, Math.floor((now - Date.parse(last_tick_at)) / 1000));
  return [name, { last_tick_at, seconds_ago: secondsAgo }] as const;
}
