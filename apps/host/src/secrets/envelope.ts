import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { KEY_BYTES } from "./encryption-key.js";
import type { KeyRing } from "./key-ring.js";
import type { RandomSource } from "../storage/random.js";

const CIPHER = "aes-256-gcm";
/** Bytes of a nonce and of a tag (NIST SP 800-38D §8.2 and §5.2.1.2). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** First byte of all that is encrypted: how it is laid out. */
const LAYOUT = 1;
const MIN_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** Where a secret stands. A ciphertext opens in this place only, so that none can be moved to another one. */
export interface SecretPlace {
  /** Of the row; another one for each value. */
  readonly id: string;
  /** Null: of all workspaces. */
  readonly workspaceId: string | null;
  readonly key: string;
}

/** A secret as it is stored. */
export interface SealedSecret {
  /** Which key-encryption key wraps the data key. */
  readonly kekId: string;
  readonly wrappedKey: Buffer;
  readonly ciphertext: Buffer;
}

/** A value that was opened, or why it can't be; the reason shows nothing of it. */
export type Opened =
  { readonly ok: true; readonly value: string } | { readonly ok: false; readonly reason: string };

/**
 * Envelope encryption: each value has a data key of its own, which a key-encryption key wraps. Rotating re-wraps the
 * data keys and leaves the values alone. Random nonces are fine for 2³² wraps under one key (NIST SP 800-38D §8.3).
 */
export class Envelope {
  readonly #keys: KeyRing;
  readonly #random: RandomSource;

  constructor(keys: KeyRing, random: RandomSource) {
    this.#keys = keys;
    this.#random = random;
  }

  /** Encrypts a value for its place. */
  seal(place: SecretPlace, value: string): SealedSecret {
    const dataKey = this.#random.bytes(KEY_BYTES);
    const { primary } = this.#keys;
    return {
      kekId: primary.id,
      wrappedKey: this.#encrypt(primary.key, dataKey, bindingOf("data-key", place)),
      ciphertext: this.#encrypt(createSecretKey(dataKey), Buffer.from(value), bindingOf("value", place)),
    };
  }

  /** Decrypts what is stored in a place. Never throws: whatever is wrong with it, it stays closed. */
  open(place: SecretPlace, sealed: SealedSecret): Opened {
    const unwrapped = this.#unwrap(place, sealed);
    if (!unwrapped.ok) return unwrapped;
    const value = decrypt(createSecretKey(unwrapped.dataKey), sealed.ciphertext, bindingOf("value", place));
    return value === null
      ? { ok: false, reason: "its ciphertext was damaged, or belongs elsewhere" }
      : { ok: true, value: value.toString() };
  }

  /** Wraps the data key with the key that encrypts now; the value stays as it is. */
  rewrap(
    place: SecretPlace,
    sealed: SealedSecret,
  ): { readonly ok: true; readonly sealed: SealedSecret } | { readonly ok: false; readonly reason: string } {
    const unwrapped = this.#unwrap(place, sealed);
    if (!unwrapped.ok) return unwrapped;
    const { primary } = this.#keys;
    const wrappedKey = this.#encrypt(primary.key, unwrapped.dataKey, bindingOf("data-key", place));
    return { ok: true, sealed: { ...sealed, kekId: primary.id, wrappedKey } };
  }

  #unwrap(
    place: SecretPlace,
    { kekId, wrappedKey }: SealedSecret,
  ): { readonly ok: true; readonly dataKey: Buffer } | { readonly ok: false; readonly reason: string } {
    const kek = this.#keys.find(kekId);
    const name = JSON.stringify(kekId);
    if (kek === undefined)
      return { ok: false, reason: `it needs the encryption key ${name}, which this host lacks` };
    const dataKey = decrypt(kek.key, wrappedKey, bindingOf("data-key", place));
    if (dataKey?.length === KEY_BYTES) return { ok: true, dataKey };
    const reason = `the encryption key ${name} does not open it: it is another key than the one of that name before, or what is stored was damaged or moved`;
    return { ok: false, reason };
  }

  #encrypt(key: KeyObject, plain: Buffer, binding: Buffer): Buffer {
    const nonce = this.#random.bytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(binding);
    return Buffer.concat([
      Buffer.of(LAYOUT),
      nonce,
      cipher.update(plain),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
  }
}

/** Null for whatever the key and the binding don't fit. */
function decrypt(key: KeyObject, sealed: Buffer, binding: Buffer): Buffer | null {
  if (sealed.length < MIN_BYTES || sealed[0] !== LAYOUT) return null;
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(binding)
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    // The one thing that Node tells of a tag that does not fit.
    return null;
  }
}

/** The additional data. As JSON, since no two places may give the same bytes. */
function bindingOf(part: "data-key" | "value", { id, workspaceId, key }: SecretPlace): Buffer {
  const scope = workspaceId === null ? "global" : "workspace";
  return Buffer.from(JSON.stringify(["molecule/1", part, "secrets", id, scope, workspaceId, key]));
}
