import { createPrivateKey, type KeyObject } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf, type Fault } from "@molecule/core";

const VARIABLE = "GITHUB_APP_PRIVATE_KEY_FILE";
const ALLOWED =
  "the file of the app's private key as GitHub made it: RSA, PEM (PKCS#1 or PKCS#8), no passphrase";

/** Below, RS256 must not be used (RFC 7518, section 3.3). */
const MIN_BITS = 2048;
/** An RSA key of 16,384 bits takes 13 KB; more is another file that was named by mistake. */
const MAX_BYTES = 64 * 1024;

/**
 * Reads the key that the environment names; a relative path is relative to the manifest. Puts what is wrong into
 * `faults`, never anything of the file's content.
 */
export async function readPrivateKey(
  env: Readonly<Record<string, string | undefined>>,
  manifestDir: string,
  faults: Fault[],
): Promise<KeyObject | undefined> {
  const named = env[VARIABLE]?.trim() ?? "";
  const key = named === "" ? "nothing" : await loadKey(resolve(manifestDir, named));
  if (typeof key !== "string") return key;
  faults.push({ path: VARIABLE, found: key, allowed: ALLOWED });
  return undefined;
}

/** The key, or what was found in its place. */
async function loadKey(path: string): Promise<KeyObject | string> {
  let pem: string | undefined;
  try {
    pem = await readHead(path);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return missing ? `${path}, which is not there` : `${path}, which can't be read: ${messageOf(error)}`;
  }
  if (pem === undefined) return `${path}, which is no file`;
  if (/BEGIN (RSA )?PUBLIC KEY/.test(pem)) return `${path}, which holds a public key`;
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) return `${path}, which holds no PEM private key`;
  if (pem.includes("ENCRYPTED")) return `${path}, which is protected by a passphrase`;
  try {
    const key = createPrivateKey(pem);
    const type = key.asymmetricKeyType ?? "unknown";
    if (type !== "rsa") return `${path}, which holds a key of type ${type}`;
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    return bits < MIN_BITS ? `${path}, an RSA key of ${bits} bits (at least ${MIN_BITS})` : key;
  } catch {
    // OpenSSL's text says nothing that helps.
    return `${path}, whose PEM block is damaged`;
  }
}

/** @returns undefined when it is no plain file */
async function readHead(path: string): Promise<string | undefined> {
  // Opening a FIFO that nobody writes to would wait for ever.
  if (!(await stat(path)).isFile()) return undefined;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}
