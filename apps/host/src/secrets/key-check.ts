import { messageOf } from "@molecule/core";
import { secretErrors } from "../errors/secrets.js";
import type { SecretStore } from "../storage/secret-store.js";
import type { RandomSource } from "../storage/random.js";
import type { EncryptionKey } from "./encryption-key.js";
import { Envelope } from "./envelope.js";
import { KeyRing } from "./key-ring.js";

/**
 * Secrets of each key that are tried. Where none opens, the fingerprint that was kept tells whether the key is another
 * one or they were damaged: a rotation leaves behind just those that don't open.
 */
const SAMPLES = 5;
const SELF_TEST_PLACE = { id: "self-test", workspaceId: null, key: "SELF_TEST" };

/** What the stored secrets and the keys that a host has say of each other. */
export interface KeyReport {
  readonly secrets: number;
  /** Secrets by the encryption key that wraps them. */
  readonly byKey: ReadonlyMap<string, number>;
  /** One line for each key that is missing, or is not the one that it was; none when all is well. */
  readonly faults: readonly string[];
  /** One line for each key that is the right one, and yet opens none of the secrets that were tried. */
  readonly damages: readonly string[];
  /** The keys that are what their ids have stood for so far. */
  readonly sound: readonly EncryptionKey[];
}

/**
 * Encrypts and decrypts once with every key.
 * @throws ENCRYPTION_SELF_TEST_FAILED
 */
export function selfTest(keys: KeyRing, random: RandomSource): void {
  for (const key of keys.all()) {
    try {
      const envelope = new Envelope(new KeyRing([key]), random);
      const opened = envelope.open(SELF_TEST_PLACE, envelope.seal(SELF_TEST_PLACE, "molecule"));
      if (!opened.ok || opened.value !== "molecule") throw new Error("what it encrypts it does not decrypt");
    } catch (error) {
      throw secretErrors.ENCRYPTION_SELF_TEST_FAILED(
        { id: key.id, reason: messageOf(error) },
        { cause: error },
      );
    }
  }
}

/** Looks whether the keys open what is stored. Reads a few secrets of each key only. */
export async function checkKeys(store: SecretStore, keys: KeyRing, envelope: Envelope): Promise<KeyReport> {
  const byKey = await store.countByKey();
  const fingerprints = await store.keyFingerprints();
  const faults: string[] = [];
  const damages: string[] = [];
  const unsound = new Set<EncryptionKey>();
  let secrets = 0;
  for (const [kekId, count] of byKey) {
    secrets += count;
    const name = `${JSON.stringify(kekId)} (${count} secret${count === 1 ? "" : "s"})`;
    const key = keys.find(kekId);
    if (key === undefined) {
      faults.push(`the key ${name} is not configured`);
      continue;
    }
    const samples = await store.ofKey(kekId, { limit: SAMPLES });
    if (samples.length === 0 || samples.some(({ place, sealed }) => envelope.open(place, sealed).ok))
      continue;
    // An id that was made from the key needs no record.
    const fingerprint = kekId === key.fingerprint ? kekId : fingerprints.get(kekId);
    if (fingerprint === key.fingerprint) {
      damages.push(
        `the key ${name} is the right one, but opens none of the secrets tried: they were damaged`,
      );
      continue;
    }
    unsound.add(key);
    faults.push(
      fingerprint === undefined
        ? `the key ${name} opens none of the secrets tried: it is another one than that of this name before, or they were damaged`
        : `the key ${name} is another one than that of this name before`,
    );
  }
  return { secrets, byKey, faults, damages, sound: keys.all().filter((key) => !unsound.has(key)) };
}
