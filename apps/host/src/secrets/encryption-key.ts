import { createHash, createSecretKey, type KeyObject } from "node:crypto";

/** Bytes of a key: AES-256. */
export const KEY_BYTES = 32;

/** A key-encryption key. Printed or serialised it shows nothing of the key. */
export interface EncryptionKey {
  /** As stored beside what it encrypts. */
  readonly id: string;
  /**
   * An id made from the key itself. It stands for the id where none was given, and finds the key again when it is
   * given another name later.
   */
  readonly fingerprint: string;
  readonly key: KeyObject;
}

/** A key from its bytes, under `id` or under its fingerprint. */
export function encryptionKey(bytes: Buffer, id?: string): EncryptionKey {
  const digest = createHash("sha256").update("molecule/encryption-key-id/1\0").update(bytes).digest("hex");
  const fingerprint = `key-${digest.slice(0, 16)}`;
  return { id: id ?? fingerprint, fingerprint, key: createSecretKey(bytes) };
}

/** How a key would show in an output, for those that keep secrets out of them. */
export function textOfKey({ key }: EncryptionKey): string {
  return key.export().toString("base64");
}

/**
 * The bytes of a key in base64 (RFC 4648 §4).
 * @returns the key's bytes, or what was found in their place, without any of it
 */
export function parseKey(text: string): Buffer | string {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) return "a text that is no base64";
  return bytes.length === KEY_BYTES ? bytes : `base64 of ${bytes.length} bytes`;
}
