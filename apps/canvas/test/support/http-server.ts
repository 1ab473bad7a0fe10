import { createServer, type IncomingMessage } from "node:http";

/** What a route answers. */
export interface Answer {
  readonly status?: number;
  /** Sent as JSON; a string as it is. Absent: never answered. */
  readonly body?: unknown;
}

/** What arrived. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A real HTTP server that answers as it is told. */
export interface HttpServer {
  readonly url: string;
  readonly arrived: readonly Arrived[];
  close(): Promise<void>;
}

/** Starts a server on 127.0.0.1 that asks `answer` what to say. */
export async function startHttpServer(answer: (request: Arrived) => Answer): Promise<HttpServer> {
  const arrived: Arrived[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      const seen = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body };
      arrived.push(seen);
      const told = answer(seen);
      if (told.body === undefined) return;
      response.writeHead(told.status ?? 200, { "Content-Type": "application/json" });
      response.end(typeof told.body === "string" ? told.body : JSON.stringify(told.body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    arrived,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
