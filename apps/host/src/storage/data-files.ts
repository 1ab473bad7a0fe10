import {
  closeSync,
  chmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { storageErrors } from "../errors/storage.js";
import { encryptionKey, KEY_BYTES, parseKey, type EncryptionKey } from "../secrets/encryption-key.js";
import { randomSecret, type RandomSource } from "./random.js";

/** The admin token that stands in for an unset `ADMIN_TOKEN`. */
export interface AdminToken {
  readonly token: string;
  /** The file that holds it: what may be logged in its place. */
  readonly path: string;
  /** Whether this call made it. */
  readonly created: boolean;
}

/** The encryption key that stands in for an unset `SECRETS_ENCRYPTION_KEYS`. */
export interface SecretsKey {
  readonly key: EncryptionKey;
  /** The file that holds it: what may be logged in its place. */
  readonly path: string;
  /** Whether this call made it. */
  readonly created: boolean;
}

const SECRETS_KEY_FILE = "secrets-key";
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TOKEN = /^[\x21-\x7e]{32,512}$/;

/**
 * The host id kept in `<folder>/host-id`, made when missing. For the holder of the folder's lock only.
 * @throws DATA_DIR_FILE_INVALID
 */
export function readOrCreateHostId(folder: string, random: RandomSource): string {
  const path = join(folder, "host-id");
  const kept = readLine(path);
  if (kept === undefined) {
    const id = random.uuid();
    writeWhole(path, id);
    return id;
  }
  if (!UUID.test(kept)) {
    throw storageErrors.DATA_DIR_FILE_INVALID({
      path,
      found: `${kept.length} characters that are no UUID`,
      allowed: "one UUID in lower case",
    });
  }
  return kept;
}

/**
 * The admin token kept in `<folder>/admin-token` (0600), made when missing. An operator may put in one of their own.
 * For the holder of the folder's lock only.
 * @throws DATA_DIR_FILE_INVALID
 */
export function readOrCreateAdminToken(folder: string, random: RandomSource): AdminToken {
  const path = join(folder, "admin-token");
  const kept = readLine(path);
  if (kept === undefined) {
    const token = randomSecret(random);
    writeWhole(path, token);
    return { token, path, created: true };
  }
  if (!TOKEN.test(kept)) {
    throw storageErrors.DATA_DIR_FILE_INVALID({
      path,
      found: `${kept.length} characters`,
      allowed: "one line of 32 to 512 printable ASCII characters without spaces",
    });
  }
  closeToOthers(path);
  return { token: kept, path, created: false };
}

/**
 * The encryption key kept in `<folder>/secrets-key` (0600), as base64, made when missing. For the holder of the
 * folder's lock only.
 * @throws DATA_DIR_FILE_INVALID
 */
export function readOrCreateSecretsKey(folder: string, random: RandomSource): SecretsKey {
  const path = join(folder, SECRETS_KEY_FILE);
  const kept = readLine(path);
  if (kept === undefined) {
    const bytes = random.bytes(KEY_BYTES);
    writeWhole(path, bytes.toString("base64"));
    return { key: encryptionKey(bytes), path, created: true };
  }
  closeToOthers(path);
  return { key: parseSecretsKey(kept, path), path, created: false };
}

/**
 * The encryption key kept in a data folder that another process may hold; null where there is none.
 * @throws DATA_DIR_FILE_INVALID
 */
export function readSecretsKey(folder: string): EncryptionKey | null {
  const path = join(folder, SECRETS_KEY_FILE);
  const kept = readLine(path);
  return kept === undefined ? null : parseSecretsKey(kept, path);
}

function parseSecretsKey(text: string, path: string): EncryptionKey {
  const bytes = parseKey(text);
  if (typeof bytes !== "string") return encryptionKey(bytes);
  const allowed = `base64 of ${KEY_BYTES} bytes; without the key that was there the secrets it encrypted stay closed`;
  throw storageErrors.DATA_DIR_FILE_INVALID({ path, found: bytes, allowed });
}

function closeToOthers(path: string): void {
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

// By rename: a crash leaves the whole file or none, never an empty one that the next start would take for a value.
function writeWhole(path: string, line: string): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  const fd = openSync(draft, "wx", 0o600);
  try {
    writeFileSync(fd, `${line}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
}
