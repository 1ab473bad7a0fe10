import { MASK, SecretMasker } from "@molecule/core";
import type { Environment } from "./variables.js";

const SECRET_NAME = /TOKEN|SECRET|PASSWORD|PASSPHRASE|PRIVATE|CREDENTIAL|API_?KEY|_KEYS?$/i;
/** Of these names, those that tell where a secret is and not what it is. */
const PATH_NAME = /_(?:FILE|PATH|DIR)$/i;

/** Whether the value of a variable of this name is taken for secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !PATH_NAME.test(name);
}

/** Lets `masker` take the secrets of an environment out of texts: those told by their name, and the database's. */
export function maskSecretsOf(env: Environment, masker: SecretMasker): void {
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && isSecretName(name)) masker.add(value);
  }
  for (const password of passwordsOf(env.DATABASE_URL ?? "")) masker.add(password);
}

/** A database's URL without its password. */
export function withoutPassword(url: string): string {
  // By eye, as in passwordsOf; and what is too short for a masker is left out as well.
  return url.replace(/(\/\/[^:]*:).*@/s, `$1${MASK}@`).replace(/([?&]password=)[^&#]*/g, `$1${MASK}`);
}

/** A masker of an environment's secrets. */
export function maskerOf(env: Environment): SecretMasker {
  const masker = new SecretMasker();
  maskSecretsOf(env, masker);
  return masker;
}

/** What could be a password in a URL, before its host or in its query, as it stands there and decoded. */
function passwordsOf(url: string): string[] {
  // By eye, not by the parser: it gives up on a password with a "/", or takes its end for the path.
  const [, written = ""] = /\/\/[^:]*:(.*)@/s.exec(url) ?? [];
  const [, query = ""] = /\?([^#]*)/.exec(url) ?? [];
  const inQuery = new URLSearchParams(query).getAll("password");
  return [written, decoded(written), ...inQuery].filter((password) => password !== "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A % that encodes nothing: told as a fault elsewhere, and as written it is the secret.
    return text;
  }
}
