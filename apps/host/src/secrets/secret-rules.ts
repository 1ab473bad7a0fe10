import { PROTECTED_KEYS, type Fault } from "@molecule/core";
import { secretErrors } from "../errors/secrets.js";

/** As every shell takes it (POSIX, "8.1 Environment Variable Definition"), lower case too. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MAX_NAME = 255;
/** Bytes: with its name and the rest it must fit into what Linux takes for one variable (128 KiB, execve(2)). */
const MAX_VALUE_BYTES = 64 * 1024;

/**
 * Checks names and values of secrets, all of them to the end. No fault shows a value.
 * @param path where they stand in the request
 * @throws INVALID_SECRET
 */
export function assertSecrets(secrets: Readonly<Record<string, string>>, path = ""): void {
  const faults = Object.entries(secrets).flatMap(([key, value]) => [
    ...keyFaults(key, path),
    ...valueFaults(
      value,
      path === "" ? "value" : `${path}.${NAME.test(key) ? key : JSON.stringify(key.slice(0, 80))}`,
    ),
  ]);
  if (faults.length > 0) throw secretErrors.INVALID_SECRET({ faults });
}

/** Whether a secret can have this name at all. */
export function isSecretName(name: string): boolean {
  return NAME.test(name) && name.length <= MAX_NAME;
}

/** A fault that shows nothing of what was found: where a secret belongs, anything may be one. */
export function withoutFound(fault: Fault): Fault {
  return { ...fault, found: fault.found === "nothing" ? fault.found : "something else" };
}

function keyFaults(key: string, path: string): Fault[] {
  const at = path === "" ? "key" : path;
  const found = JSON.stringify(key.slice(0, 80));
  if (!NAME.test(key)) {
    return [{ path: at, found, allowed: "letters, digits and _, no digit first" }];
  }
  if (key.length > MAX_NAME) {
    return [{ path: at, found: `${key.length} characters`, allowed: `${MAX_NAME} at most` }];
  }
  if (PROTECTED_KEYS.has(key)) {
    return [
      { path: at, found, allowed: `any name but ${[...PROTECTED_KEYS].join(", ")}, which the platform sets` },
    ];
  }
  return [];
}

function valueFaults(value: string, at: string): Fault[] {
  if (value === "")
    return [{ path: at, found: "an empty text", allowed: "a value; delete the secret to unset it" }];
  if (value.includes("\0")) {
    return [{ path: at, found: "a NUL character", allowed: "a text that an environment can carry" }];
  }
  if (!value.isWellFormed()) {
    return [{ path: at, found: "half of a surrogate pair", allowed: "well-formed Unicode" }];
  }
  const bytes = Buffer.byteLength(value);
  if (bytes <= MAX_VALUE_BYTES) return [];
  return [{ path: at, found: `${bytes} bytes`, allowed: `${MAX_VALUE_BYTES} bytes at most` }];
}
