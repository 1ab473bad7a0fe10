import type { Middleware } from "koa";

/** Answers are data and never a page: nothing may be loaded or run from them. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/**
 * Tells browsers to guess no types, to embed nothing of this in other pages, and to come back by TLS once they have
 * been served by it (RFC 6797: ignored where the page came by plain HTTP). By hand: a library for it cost a third of
 * the requests a second.
 */
export const securityHeaders: Middleware = async (ctx, next) => {
  ctx.set("X-Content-Type-Options", "nosniff");
  ctx.set("X-Frame-Options", "DENY");
  ctx.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
  ctx.set("Referrer-Policy", "no-referrer");
  ctx.set("Content-Security-Policy", API_POLICY);
  await next();
};
