import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram, widePath } from "./commands.js";
import { logTail, startDaemon } from "./daemon.js";
import { findOrInstall } from "./debian.js";
import { supportErrors } from "./errors.js";
import { atEnd } from "./lifetime.js";
import { freePort } from "./ports.js";
import { skipFor } from "./skip.js";
import { tempDir } from "./temp.js";

/** How often another free port is tried when somebody took the one found. */
const PORT_ATTEMPTS = 3;

/** A real OCI registry without accounts. Engines take it without TLS, since it lies in 127.0.0.0/8. */
export interface Registry {
  /** First part of an image's name: `127.0.0.1:<port>`. */
  readonly host: string;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
}

let started: Promise<Registry | string> | undefined;

/**
 * The registry of this test process: Debian's `docker-registry` on 127.0.0.1 and an ephemeral port, its storage in
 * a folder that goes with the tests. Without the program the test or suite is skipped, and with `CI=true` failed.
 */
export async function useRegistry(ctx: Mocha.Context): Promise<Registry> {
  ctx.timeout(300_000);
  const registry = await registryOrReason();
  if (typeof registry === "string") return skipFor(ctx, "image registry", registry);
  return registry;
}

/** As {@link useRegistry}, outside of tests: answers why there is none. */
export async function registryOrReason(): Promise<Registry | string> {
  started ??= start();
  return await started;
}

async function start(): Promise<Registry | string> {
  const program = await findOrInstall(() => findProgram("docker-registry"), ["docker-registry"]);
  if (program === undefined) return "docker-registry is not installed";
  const folder = await tempDir("mreg-");
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const host = `127.0.0.1:${port}`;
    const outcome = await serve(program, folder, host);
    if (outcome === undefined) return { host, url: `http://${host}` };
    if (attempt === PORT_ATTEMPTS) {
      const log = await logTail(join(folder, "registry.log"));
      throw supportErrors.REGISTRY_DID_NOT_START({ reason: outcome, log });
    }
  }
}

async function serve(program: string, folder: string, host: string): Promise<string | undefined> {
  const file = join(folder, "config.json");
  // JSON is YAML. Deletion is on, so that a test can take an image away upstream.
  const configuration = {
    version: 0.1,
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "storage") }, delete: { enabled: true } },
    http: { addr: host },
  };
  await writeFile(file, JSON.stringify(configuration));
  const daemon = await startDaemon({
    command: program,
    args: ["serve", file],
    env: { PATH: widePath(), OTEL_TRACES_EXPORTER: "none" },
    logFile: join(folder, "registry.log"),
    stopSignal: "SIGTERM",
    startTimeoutMs: 20_000,
    ready: async () => (await fetch(`http://${host}/v2/`)).ok,
  });
  if (typeof daemon === "string") return daemon;
  atEnd(() => daemon.stop());
  return undefined;
}
