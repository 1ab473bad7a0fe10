import { existsSync } from "node:fs";
import { join } from "node:path";
import { readManifest, silentLogger, systemClock } from "@molecule/core";
import { readConfig, type HostConfig } from "../../config/config.js";
import { runEnvStage } from "../../config/env-stage.js";
import { locateManifest } from "../../config/manifest-location.js";
import { secretErrors } from "../../errors/secrets.js";
import { Envelope } from "../../secrets/envelope.js";
import { KeyRing } from "../../secrets/key-ring.js";
import { selfTest } from "../../secrets/key-check.js";
import { StopStack } from "../../stop-stack.js";
import { openDataDir } from "../../storage/data-dir.js";
import { readSecretsKey } from "../../storage/data-files.js";
import { openDatabase } from "../../storage/database.js";
import { systemRandom } from "../../storage/random.js";
import { canHoldSecrets, SecretStore } from "../../storage/secret-store.js";
import type { CliContext } from "../program.js";

/** The encrypted secrets and what opens them, for a command. */
export interface OpenSecrets {
  readonly store: SecretStore;
  readonly keys: KeyRing;
  readonly envelope: Envelope;
}

/**
 * Opens the database of the configuration for `work`: that of a server beside the hosts that serve on it, the embedded
 * one while no host has it.
 * @throws NO_ENCRYPTION_KEY, NO_SECRETS_TABLE, DATA_DIR_LOCKED, and the errors of the configuration and the database
 */
export async function withSecrets<T>(
  context: CliContext,
  work: (secrets: OpenSecrets) => Promise<T>,
): Promise<T> {
  const config = await configOf(context);
  const keys = keysOf(config);
  if (keys === null) throw secretErrors.NO_ENCRYPTION_KEY({});
  selfTest(keys, systemRandom);
  const log = silentLogger;
  const opened = new StopStack(log);
  try {
    const services = { log, clock: systemClock, random: systemRandom };
    // Opening an embedded database makes it; a command that only reads should leave nothing behind.
    if (config.databaseUrl === null && !existsSync(join(config.dataDir, "database", "PG_VERSION"))) {
      throw secretErrors.NO_SECRETS_TABLE({});
    }
    const dataDir = config.databaseUrl === null ? await openDataDir(config.dataDir, services) : null;
    opened.push("data folder", () => dataDir?.close());
    const database = await openDatabase({ ...services, databaseUrl: config.databaseUrl, dataDir });
    opened.push("database", () => database.close());
    if (!(await canHoldSecrets(database.db))) throw secretErrors.NO_SECRETS_TABLE({});
    const store = new SecretStore({ db: database.db });
    return await work({ store, keys, envelope: new Envelope(keys, systemRandom) });
  } finally {
    await opened.unwind();
  }
}

/** As the host has it, with what the plugins of stage `env` add. */
async function configOf({ env, cwd }: CliContext): Promise<HostConfig> {
  const { path, home } = await locateManifest(env, cwd);
  const manifest = await readManifest(path);
  const stage = await runEnvStage({ manifest, env, cwd, clock: systemClock });
  const filled = { names: stage.origins, dir: manifest.dir };
  return readConfig(stage.env, { cwd, home, filled, dev: false, terminal: false });
}

/** As a host would have them, but makes none. */
function keysOf(config: HostConfig): KeyRing | null {
  const [first, ...others] = config.encryptionKeys;
  if (first !== undefined) return new KeyRing([first, ...others]);
  const kept = readSecretsKey(config.dataDir);
  return kept === null ? null : new KeyRing([kept]);
}
