import { silentLogger, type Clock } from "@molecule/core";
import type { HostConfig } from "../../config/config.js";
import { Envelope } from "../../secrets/envelope.js";
import { checkKeys, selfTest } from "../../secrets/key-check.js";
import { KeyRing } from "../../secrets/key-ring.js";
import { readSecretsKey } from "../../storage/data-files.js";
import { openDatabase } from "../../storage/database.js";
import { systemRandom } from "../../storage/random.js";
import { canHoldSecrets, SecretStore } from "../../storage/secret-store.js";
import type { Finding } from "./check.js";

/** Whether there are keys for the secrets, and whether they open what is stored. Changes nothing. */
export async function checkEncryptionKeys(
  config: Pick<HostConfig, "encryptionKeys" | "databaseUrl" | "dataDir">,
  clock: Clock,
): Promise<Finding> {
  const { databaseUrl, dataDir } = config;
  const [first, ...others] = config.encryptionKeys;
  const kept = first === undefined ? readSecretsKey(dataDir) : null;
  const primary = first ?? kept;
  if (primary === null) {
    const finding = `none; the first start makes one in ${dataDir}`;
    return { status: "ok", finding, hint: "keep a copy of it: without it the secrets are lost" };
  }
  const keys = new KeyRing([primary, ...others]);
  selfTest(keys, systemRandom);
  const whose = kept === null ? "SECRETS_ENCRYPTION_KEYS" : `${dataDir}, kept by this installation`;
  const finding = `${keys.all().length} in ${whose}; ${primary.id} encrypts`;
  if (databaseUrl === null) return { status: "ok", finding: `${finding}; the secrets were not looked at` };
  const database = await openDatabase({ databaseUrl, dataDir: null, log: silentLogger, clock });
  try {
    if (!(await canHoldSecrets(database.db))) {
      return { status: "ok", finding: `${finding}; no secrets are stored yet` };
    }
    const store = new SecretStore({ db: database.db });
    const report = await checkKeys(store, keys, new Envelope(keys, systemRandom));
    const { secrets, faults, damages } = report;
    if (faults.length + damages.length === 0)
      return { status: "ok", finding: `${finding}; they fit the ${secrets} secrets` };
    const remedy = faults.length === 0 ? "set them anew" : "add the missing keys to SECRETS_ENCRYPTION_KEYS";
    const hint = `${remedy}; molecule secrets check names the secrets`;
    return { status: "fail", finding: "they don't open all secrets", hint, details: [...faults, ...damages] };
  } finally {
    await database.close();
  }
}
