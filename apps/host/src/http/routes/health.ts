import { defineRoute, type Route } from "../define-route.js";
import { ReadinessSchema } from "./platform-schemas.js";
import { answer, done } from "./schemas.js";

/** Routes that probes call. */
export const healthRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/health",
    guard: "open",
    summary: "Whether the process serves",
    responses: { 200: done("ok") },
    handle: () => ({ status: 200, body: { status: "ok" } }),
  }),
  defineRoute({
    method: "GET",
    path: "/ready",
    guard: "open",
    summary: "Whether the platform can do its work",
    responses: {
      200: answer("It can; degraded: not all of it", ReadinessSchema),
      503: answer("It can't", ReadinessSchema),
    },
    handle: async (_, deps) => {
      const report = await deps.readiness();
      return { status: report.status === "unavailable" ? 503 : 200, body: report };
    },
  }),
];
