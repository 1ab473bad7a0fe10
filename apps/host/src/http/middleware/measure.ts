import type { Clock } from "@molecule/core";
import type { Middleware } from "koa";
import type { HostMetrics } from "../../metrics/host-metrics.js";

/** Counts every request once it is answered. Must stand outermost, where the answer's status is final. */
export function measure(metrics: Pick<HostMetrics, "onRequest">, clock: Clock): Middleware {
  return async (ctx, next) => {
    const started = clock.monotonic();
    try {
      await next();
    } finally {
      // Set by @koa/router: the pattern of the route that took the request.
      const route: unknown = ctx._matchedRoute;
      metrics.onRequest({
        method: ctx.method,
        route: typeof route === "string" ? route : undefined,
        status: ctx.status,
        durationMs: clock.monotonic() - started,
      });
    }
  };
}
