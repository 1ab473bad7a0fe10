import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { extname, resolve, sep } from "node:path";
import type { Context, Middleware } from "koa";

/** What the page may load and whom it may call: this host only. Styles that React sets are no inline styles to CSP. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Where the build puts files whose names hold a hash of their content. */
const HASHED = "/assets/";

/**
 * Serves the built canvas page under `/`, to whoever finds no route.
 * @param dir its folder; null, or not there: serves nothing
 */
export function canvasPage(dir: string | null): Middleware {
  return async (ctx, next) => {
    const isRead = ctx.method === "GET" || ctx.method === "HEAD";
    if (dir === null || !isRead || !(await serve(ctx, resolve(dir)))) await next();
  };
}

async function serve(ctx: Context, root: string): Promise<boolean> {
  const file = fileFor(ctx.path, root);
  if (file === undefined) return false;
  const facts = await stat(file).catch(() => undefined);
  if (facts?.isFile() !== true) return false;
  ctx.set("Content-Security-Policy", PAGE_POLICY);
  ctx.set("Cache-Control", ctx.path.startsWith(HASHED) ? "public, max-age=31536000, immutable" : "no-cache");
  ctx.status = 200;
  ctx.type = extname(file);
  ctx.lastModified = facts.mtime;
  if (ctx.fresh) {
    ctx.status = 304;
    return true;
  }
  ctx.length = facts.size;
  ctx.body = createReadStream(file);
  return true;
}

/** The file that a path names; undefined for one outside of `root`. */
function fileFor(path: string, root: string): string | undefined {
  try {
    const file = resolve(root, `.${decodeURIComponent(path === "/" ? "/index.html" : path)}`);
    return file.startsWith(root + sep) ? file : undefined;
  } catch {
    // A % that encodes nothing.
    return undefined;
  }
}
