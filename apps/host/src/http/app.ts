import { createServer, type Server } from "node:http";
import { Router } from "@koa/router";
import { messageOf } from "@molecule/core";
import Koa from "koa";
import { configErrors } from "../errors/config.js";
import { httpErrors } from "../errors/http.js";
import { Access } from "./access.js";
import { canvasPage } from "./canvas-page.js";
import type { HttpDependencies } from "./dependencies.js";
import { drain } from "./drain.js";
import { Guards } from "./guards.js";
import { Kinship } from "../workspaces/kinship.js";
import { cors } from "./middleware/cors.js";
import { answerErrors } from "./middleware/errors.js";
import { measure } from "./middleware/measure.js";
import { rateLimit } from "./middleware/rate-limit.js";
import { securityHeaders } from "./middleware/security-headers.js";
import { tenant } from "./middleware/tenant.js";
import { Origins } from "./origins.js";
import { RateLimiter } from "./rate-limiter.js";
import { handlerOf } from "./route-handler.js";
import { ROUTES } from "./routes/index.js";
import { WebSocketEndpoint } from "./websocket.js";

/** Bounds on connections, so that slow or idle clients can't use the host up. Times in ms. */
export interface ServerLimits {
  /** For a whole request to arrive. */
  readonly requestTimeout: number;
  /** For its headers to arrive; also holds for a connection that sends nothing. */
  readonly headersTimeout: number;
  /** For the next request on a connection; longer than what proxies keep one for (60 s), who would else meet its end. */
  readonly keepAliveTimeout: number;
  /** How often the first two are looked at. */
  readonly connectionsCheckingInterval: number;
  /** Further connections are closed at once; leaves file descriptors for all else. */
  readonly maxConnections: number;
}

const LIMITS: ServerLimits = {
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
  maxConnections: 4_000,
};

/** The platform's HTTP server. */
export interface HttpServer {
  /**
   * Serves from now on.
   * @param port 0: a free one
   * @throws PORT_TAKEN, PORT_REFUSED
   */
  listen(port: number, host: string): Promise<{ readonly port: number }>;
  /**
   * Takes no more requests, lets those in flight finish (10 s at most) and ends the WebSockets. Resolves when no
   * connection is left; calling it again waits for the same.
   */
  close(): Promise<void>;
}

/** Makes the HTTP server: the routes, the WebSocket, the canvas page. */
export function createHttpServer(deps: HttpDependencies, limits: Partial<ServerLimits> = {}): HttpServer {
  const { config, clock } = deps;
  const origins = new Origins(config.corsOrigins);
  const access = new Access(config, origins);
  const guards = new Guards(deps, access, origins);
  const limiter = new RateLimiter(config.rateLimitPerMinute, clock);
  let closing: Promise<void> | undefined;

  const app = new Koa();
  // What reaches this comes after the answer has begun: most often a client that went away.
  app.on("error", (error: unknown) => {
    deps.log.debug("a connection failed while it was answered", { reason: messageOf(error) });
  });
  app.use(measure(deps.metrics, clock));
  app.use(securityHeaders);
  app.use(async (ctx, next) => {
    await next();
    if (closing !== undefined) ctx.set("Connection", "close");
  });
  app.use(answerErrors(deps));
  app.use(cors(origins));
  app.use(rateLimit(limiter, access));
  app.use(tenant(config.orgId));
  app.use(routerOf(deps, guards).routes());
  app.use(canvasPage(config.canvasDir));
  app.use((ctx) => {
    throw httpErrors.ROUTE_NOT_FOUND({ method: ctx.method, path: ctx.path });
  });

  const { maxConnections, ...timeouts } = { ...LIMITS, ...limits };
  const handle = app.callback();
  const server = createServer(timeouts, (request, response) => void handle(request, response));
  server.maxConnections = maxConnections;
  const webSocket = new WebSocketEndpoint({
    ...deps,
    admission: { orgId: config.orgId, guards, access, origins, limiter },
    kinship: new Kinship(deps),
  });
  webSocket.attach(server);
  return {
    listen: (port, host) => listen(server, port, host),
    close: () => (closing ??= drain(server, webSocket, clock)),
  };
}

function routerOf(deps: HttpDependencies, guards: Guards): Router {
  const router = new Router();
  for (const route of ROUTES) {
    router.register(route.path, [route.method], handlerOf(route, deps, guards));
  }
  return router;
}

function listen(server: Server, port: number, host: string): Promise<{ port: number }> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error) => {
      const isTaken = "code" in error && error.code === "EADDRINUSE";
      reject(
        isTaken
          ? configErrors.PORT_TAKEN({ host, port }, { cause: error })
          : configErrors.PORT_REFUSED({ host, port, reason: error.message }, { cause: error }),
      );
    };
    server.once("error", onError);
    server.listen({ port, host }, () => {
      server.off("error", onError);
      const address = server.address();
      resolve({ port: typeof address === "object" && address !== null ? address.port : port });
    });
  });
}
