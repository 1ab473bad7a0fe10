import { chmod, chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { run, widePath } from "./commands.js";
import { logTail, startDaemon, type Daemon } from "./daemon.js";
import { supportErrors } from "./errors.js";
import { atEnd } from "./lifetime.js";
import { freePort } from "./ports.js";
import type { PostgresBinaries } from "./postgres-binaries.js";
import { tempDir } from "./temp.js";

/** How often another free port is tried when somebody took the one found. */
const PORT_ATTEMPTS = 3;

/** Settings of a server whose data may be lost at any time: speed over safety, and nothing outside its folder. */
const SETTINGS = `
listen_addresses = '127.0.0.1'
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
shared_buffers = 64MB
`;

/** A private server: its data folder, and the process that serves it while it is started. */
export interface Cluster {
  readonly url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/**
 * Makes a data folder and starts a server on it, on 127.0.0.1 and an ephemeral port.
 *
 * @throws POSTGRES_DID_NOT_START with the end of its log, COMMAND_FAILED from initdb.
 */
export async function createCluster(binaries: PostgresBinaries): Promise<Cluster> {
  const folder = await tempDir("mpg-");
  if (binaries.user !== undefined) await chown(folder, binaries.user.uid, binaries.user.gid);
  await chmod(folder, 0o700);
  await initialise(binaries, folder);

  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const first = await serve(binaries, folder, port);
    if (typeof first !== "string") return clusterOf(binaries, folder, port, first);
    if (attempt === PORT_ATTEMPTS) await fail(first, folder);
  }
}

function clusterOf(binaries: PostgresBinaries, folder: string, port: number, first: Daemon): Cluster {
  let daemon: Daemon | undefined = first;
  const stop = async (): Promise<void> => {
    await daemon?.stop();
    daemon = undefined;
  };
  atEnd(stop);
  return {
    url: urlOf(port),
    stop,
    start: async () => {
      if (daemon !== undefined) return;
      const again = await serve(binaries, folder, port);
      if (typeof again === "string") return await fail(again, folder);
      daemon = again;
    },
  };
}

async function initialise({ folder: bin, user }: PostgresBinaries, folder: string): Promise<void> {
  const data = join(folder, "data");
  const args = ["-D", data, "-U", "molecule", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  await run(join(bin, "initdb"), args, {
    cwd: folder,
    env: { PATH: widePath() },
    ...(user === undefined ? {} : { user }),
  });
  const settings = `${SETTINGS}unix_socket_directories = '${folder}'\n`;
  await writeFile(join(data, "postgresql.auto.conf"), settings);
}

async function serve(
  { folder: bin, user }: PostgresBinaries,
  folder: string,
  port: number,
): Promise<Daemon | string> {
  return await startDaemon({
    command: join(bin, "postgres"),
    args: ["-D", join(folder, "data"), "-p", String(port)],
    env: { PATH: widePath(), LC_ALL: "C" },
    logFile: join(folder, "server.log"),
    // "Fast" shutdown: sessions are cut, and its shared memory is given back.
    stopSignal: "SIGINT",
    startTimeoutMs: 30_000,
    ready: async () => {
      const client = new pg.Client({ connectionString: urlOf(port), connectionTimeoutMillis: 2_000 });
      // A server that goes away meanwhile is seen by its process.
      client.on("error", () => undefined);
      await client.connect();
      await client.end();
      return true;
    },
    ...(user === undefined ? {} : { user }),
  });
}

async function fail(reason: string, folder: string): Promise<never> {
  throw supportErrors.POSTGRES_DID_NOT_START({ reason, log: await logTail(join(folder, "server.log")) });
}

function urlOf(port: number): string {
  return `postgres://molecule@127.0.0.1:${port}/postgres`;
}
