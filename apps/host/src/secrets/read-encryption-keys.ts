import type { VariableReader } from "../config/variables.js";
import { encryptionKey, KEY_BYTES, parseKey, type EncryptionKey } from "./encryption-key.js";

const LIST = "SECRETS_ENCRYPTION_KEYS";
const SINGLE = "SECRETS_ENCRYPTION_KEY";
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const ALLOWED_KEY = `base64 of ${KEY_BYTES} bytes (openssl rand -base64 ${KEY_BYTES})`;

/**
 * The keys of the environment, the one that encrypts first; none when there are none. Every fault is noted, and shows
 * nothing of a key.
 */
export function readEncryptionKeys(read: VariableReader): readonly EncryptionKey[] {
  const list = readList(read);
  const single = readSingle(read);
  if (single === null) return list;
  if (list.length === 0) return [single];
  if (list[0]?.fingerprint !== single.fingerprint) {
    read.faults.push({
      path: SINGLE,
      found: `another key than the first of ${LIST}`,
      allowed: `that key, or nothing: with ${LIST} it says nothing more`,
    });
  }
  return list;
}

function readSingle(read: VariableReader): EncryptionKey | null {
  const text = read.text(SINGLE);
  if (text === undefined) return null;
  const bytes = parseKey(text.trim());
  if (typeof bytes !== "string") return encryptionKey(bytes);
  read.faults.push({ path: SINGLE, found: bytes, allowed: ALLOWED_KEY });
  return null;
}

function readList(read: VariableReader): readonly EncryptionKey[] {
  const text = read.text(LIST);
  if (text === undefined) return [];
  const keys: EncryptionKey[] = [];
  for (const [index, entry] of text.split(",").entries()) {
    const path = `${LIST}[${index}]`;
    const colon = entry.indexOf(":");
    if (colon < 0) {
      const found = entry.trim() === "" ? "nothing" : "an entry without a colon";
      read.faults.push({ path, found, allowed: "id:base64" });
      continue;
    }
    const id = entry.slice(0, colon).trim();
    const bytes = parseKey(entry.slice(colon + 1).trim());
    const isNamed = ID.test(id);
    if (!isNamed) {
      // Not shown: with the parts mixed up it is the key.
      const allowed = "letters, digits and ._- (64 at most), a letter or digit first";
      read.faults.push({ path: `${path}.id`, found: `${id.length} characters`, allowed });
    }
    if (typeof bytes === "string")
      read.faults.push({ path: `${path}.key`, found: bytes, allowed: ALLOWED_KEY });
    if (!isNamed || typeof bytes === "string") continue;
    const key = encryptionKey(bytes, id);
    const twin = keys.find((each) => each.id === key.id || each.fingerprint === key.fingerprint);
    if (twin === undefined) keys.push(key);
    else {
      const name = JSON.stringify(twin.id);
      const what = twin.id === id ? `the id ${name}` : `the key of ${name}`;
      read.faults.push({ path, found: `${what} for a second time`, allowed: "each id and each key once" });
    }
  }
  return keys;
}
