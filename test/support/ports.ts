import { randomInt } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownUntilEnd } from "./lifetime.js";

/** Below what systems hand out by themselves, to connections and to listeners at port 0: Linux begins at 32,768. */
const FIRST_PORT = 20_000;
const END_OF_PORTS = 32_000;

/**
 * A TCP port at which nobody listens, for servers that must be told theirs, and for those that come back at it after a
 * stop. No other test gets it until this process ends, and no program of the machine by accident; one that asks for
 * this very number could, so that a first start is tried more than once.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_OF_PORTS);
    if ((await isFree(port)) && (await claim(port))) return port;
  }
}

/** Whether the number is ours now. */
async function claim(port: number): Promise<boolean> {
  const path = join(tmpdir(), `mport-${port}`);
  try {
    await mkdir(path);
  } catch {
    return false;
  }
  ownUntilEnd({ kind: "directory", path });
  return true;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", () => {
      resolve(false);
    });
    // At every address: a listener at any of them is in its way.
    server.listen(port, "0.0.0.0", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
