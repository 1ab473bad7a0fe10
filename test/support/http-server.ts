import { createServer, type RequestListener } from "node:http";

/** A server on this machine that answers as the test wants. */
export interface TestServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** From now on answers with this. */
  answer(listener: RequestListener): void;
  /** Ends it with its connections; twice is fine. */
  stop(): Promise<void>;
}

/** Starts one on a free port. */
export async function startServer(first: RequestListener): Promise<TestServer> {
  let listener = first;
  const server = createServer((request, response) => listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    answer: (next) => {
      listener = next;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
