import { createServer } from "node:net";

/**
 * A TCP port of 127.0.0.1 that was free a moment ago. For programs that can't be told to choose one themselves;
 * another process may take it meanwhile, so that their start is tried more than once.
 */
export async function freePort(): Promise<number> {
  const server = createServer();
  return await new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("the listener has no port"));
      });
    });
  });
}
