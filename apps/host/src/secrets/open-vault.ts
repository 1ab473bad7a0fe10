import type { Logger } from "@molecule/core";
import type { HostConfig } from "../config/config.js";
import { secretErrors } from "../errors/secrets.js";
import { systemRandom } from "../storage/random.js";
import type { Storage } from "../storage/storage.js";
import { Envelope } from "./envelope.js";
import { checkKeys, selfTest } from "./key-check.js";
import { SecretVault } from "./secret-vault.js";

/**
 * The vault of this installation, after its keys were tried and compared with what is stored. Outside of production a
 * missing key is told only: what it encrypted stays closed, and all else works. So it is everywhere with secrets that
 * were damaged: their key being there, nothing is gained by not starting.
 * @throws ENCRYPTION_SELF_TEST_FAILED; in production ENCRYPTION_KEYS_MISSING
 */
export async function openVault(
  { environment }: Pick<HostConfig, "environment">,
  { secrets: store, encryptionKeys: keys }: Pick<Storage, "secrets" | "encryptionKeys">,
  log: Logger,
): Promise<SecretVault> {
  const random = systemRandom;
  selfTest(keys, random);
  const envelope = new Envelope(keys, random);
  const { faults, damages, sound } = await checkKeys(store, keys, envelope);
  if (faults.length > 0) {
    const error = secretErrors.ENCRYPTION_KEYS_MISSING({ faults });
    if (environment === "production") throw error;
    log.error(error.message, { code: error.code });
  }
  for (const damage of damages) {
    log.error(`${damage}; molecule secrets check names them, and set anew they open again`);
  }
  await store.rememberKeys(sound);
  return new SecretVault({ store, envelope, random });
}
