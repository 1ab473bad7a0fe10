import type { Middleware } from "koa";
import { httpErrors } from "../../errors/http.js";
import type { Access } from "../access.js";
import type { RateLimiter } from "../rate-limiter.js";

/** Bounds the requests a minute of each client; api.md §1. `X-RateLimit-Reset` is in seconds from now. */
export function rateLimit(limiter: RateLimiter, access: Access): Middleware {
  return async (ctx, next) => {
    if (!access.isUnlimited(ctx.req)) {
      const { allowed, limit, remaining, resetSeconds } = limiter.take(access.clientOf(ctx.req));
      ctx.set("X-RateLimit-Limit", String(limit));
      ctx.set("X-RateLimit-Remaining", String(remaining));
      ctx.set("X-RateLimit-Reset", String(resetSeconds));
      if (!allowed) throw httpErrors.RATE_LIMITED({ retry_after: resetSeconds });
    }
    await next();
  };
}
