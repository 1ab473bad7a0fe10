import type { Masking } from "../../masking/mask-data.js";
import type { ReadinessCheck } from "../../readiness.js";
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
      const { status, checks } = await deps.readiness();
      return {
        status: status === "unavailable" ? 503 : 200,
        body: {
          status,
          checks: Object.fromEntries(
            Object.entries(checks).map(([name, check]) => [name, maskDetail(deps.masker, check)]),
          ),
        },
      };
    },
  }),
];

/** What a loop, the storage or the engine says of its fault may hold anything, and anybody may read it here. */
function maskDetail(masker: Masking, check: ReadinessCheck): ReadinessCheck {
  return check.detail === undefined ? check : { ...check, detail: masker.mask(check.detail) };
}
