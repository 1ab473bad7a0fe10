import { fileURLToPath } from "node:url";
import { engineOrReason, type Engine } from "../support/engine.js";
import { startHost, type RunningHost } from "../support/host.js";
import { postgresOrReason, type FreshDatabase } from "../support/postgres.js";

/** Plugins as shipped, and a template whose container does nothing but wait. */
const MANIFEST = fileURLToPath(new URL("../../bench/manifest.json", import.meta.url));

/** A host on a real engine and a real Postgres server. */
export interface BenchHost {
  readonly engine: Engine;
  readonly host: RunningHost;
  readonly databaseUrl: string;
  close(): Promise<void>;
}

/** Starts a host in development on a fresh database; `env` is added to its environment. */
export async function startBenchHost(env: Readonly<Record<string, string>> = {}): Promise<BenchHost> {
  const engine = await benchEngine();
  const database = await benchDatabase();
  const host = await startHost({
    dev: true,
    manifest: MANIFEST,
    env: { ...engine.env, DATABASE_URL: database.url, CONTAINER_RUNTIME: "docker", ...env },
  });
  return {
    engine,
    host,
    databaseUrl: database.url,
    close: async () => {
      await host.stop();
      await database.drop();
    },
  };
}

/** @throws Error with the reason where there is no engine and none can be started */
export async function benchEngine(): Promise<Engine> {
  const engine = await engineOrReason();
  if (typeof engine === "string") throw new Error(`this benchmark needs a container engine: ${engine}`);
  return engine;
}

/** @throws Error with the reason where there is no server and none can be started */
export async function benchDatabase(): Promise<FreshDatabase> {
  const postgres = await postgresOrReason();
  if (typeof postgres === "string") throw new Error(`this benchmark needs a Postgres server: ${postgres}`);
  return postgres.freshDatabase();
}
