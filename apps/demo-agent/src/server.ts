import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** One answer of the agent. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What answers a GET, by its path without the query. */
export type Routes = ReadonlyMap<string, () => Reply>;

/** A server that listens. */
export interface RunningServer {
  /** The port in use, also where 0 was asked for. */
  readonly port: number;
  /** Stops listening and cuts what is open. */
  close(): Promise<void>;
}

/** `value` as compact JSON. */
export function jsonReply(value: unknown, status = 200): Reply {
  return { status, contentType: "application/json; charset=utf-8", body: JSON.stringify(value) };
}

/**
 * Serves `routes`; any other path or method is 404.
 *
 * @throws Error of node:net when the port can't be had (`EADDRINUSE`, `EACCES`).
 */
export async function startServer(
  routes: Routes,
  address: { host: string; port: number },
): Promise<RunningServer> {
  const server = createServer((request, response) => {
    send(response, replyTo(request, routes));
  });
  await listen(server, address);
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function replyTo(request: IncomingMessage, routes: Routes): Reply {
  const [path = "/"] = (request.url ?? "/").split("?");
  const isRead = request.method === "GET" || request.method === "HEAD";
  const route = isRead ? routes.get(path) : undefined;
  return route?.() ?? jsonReply({ error: "not found" }, 404);
}

function send(response: ServerResponse, { status, contentType, body }: Reply): void {
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  });
  // Node leaves the body out where the method is HEAD.
  response.end(body);
}
