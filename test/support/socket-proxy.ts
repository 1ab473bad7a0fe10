import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { atEnd } from "./lifetime.js";
import { tempDir } from "./temp.js";

/** A Unix socket in front of another one, which a test can take away and give back. */
export interface SocketProxy {
  /** As `DOCKER_HOST`. */
  readonly url: string;
  /** Cuts every connection, and lets no new one in: the socket is gone. */
  vanish(): Promise<void>;
  /** The socket is there again. */
  comeBack(): Promise<void>;
}

/** Starts a proxy to the Unix socket at `target`; it ends with the tests. */
export async function startSocketProxy(target: string): Promise<SocketProxy> {
  const path = join(await tempDir("sock-"), "engine.sock");
  const open = new Set<Socket>();
  let server: Server | undefined;
  const comeBack = async (): Promise<void> => {
    server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ path: target, allowHalfOpen: true });
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        open.add(socket);
        socket.on("error", () => other.destroy());
        socket.on("close", () => {
          open.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    server.listen(path);
    await once(server, "listening");
  };
  const vanish = async (): Promise<void> => {
    if (server === undefined) return;
    const closing = server;
    server = undefined;
    const closed = once(closing, "close");
    closing.close();
    for (const socket of open) socket.destroy();
    await closed;
  };
  await comeBack();
  atEnd(vanish);
  return { url: `unix://${path}`, vanish, comeBack };
}
