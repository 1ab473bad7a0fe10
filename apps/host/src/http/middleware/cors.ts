import type { Middleware } from "koa";
import { httpErrors } from "../../errors/http.js";
import type { Origins } from "../origins.js";

const METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS";
const HEADERS = "Origin, Content-Type, X-Workspace-ID, Authorization";

/**
 * Cross-origin requests (Fetch standard, "CORS protocol"): those of a listed origin are answered so that the page may
 * read the answer, all others are refused instead of served unread. Own, since `@koa/cors` serves those too.
 */
export function cors(origins: Origins): Middleware {
  return async (ctx, next) => {
    ctx.vary("Origin");
    const { origin } = ctx.req.headers;
    if (!origins.allows(ctx.req)) throw httpErrors.ORIGIN_REFUSED({ origin: origin ?? null });
    if (origin !== undefined && origins.isListed(origin)) {
      ctx.set("Access-Control-Allow-Origin", origin);
      ctx.set("Access-Control-Allow-Credentials", "true");
    }
    const isPreflight =
      origin !== undefined && ctx.method === "OPTIONS" && ctx.get("Access-Control-Request-Method") !== "";
    if (!isPreflight) {
      await next();
      return;
    }
    ctx.set("Access-Control-Allow-Methods", METHODS);
    ctx.set("Access-Control-Allow-Headers", HEADERS);
    ctx.status = 204;
  };
}
