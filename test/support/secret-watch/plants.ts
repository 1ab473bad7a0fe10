import type { SecretWatch } from "./secret-watch.js";

/** Names of variables whose values are secret. */
const SECRET_NAME = /TOKEN|SECRET|PASSWORD|PASSPHRASE|PRIVATE_KEY|CREDENTIAL|API_?KEY|ENCRYPTION_KEYS/i;
const PATH_NAME = /_(?:FILE|PATH|DIR|URL)$/i;

/** Plants what is secret in a program's environment. @param of - whose it is */
export function plantEnvironment(
  watch: SecretWatch,
  env: Readonly<Record<string, string | undefined>>,
  of: string,
): void {
  for (const [name, value = ""] of Object.entries(env)) {
    const label = `${name} of ${of}`;
    if (name === "SECRETS_ENCRYPTION_KEYS") plantKeys(watch, value, label);
    else if (SECRET_NAME.test(name) && !PATH_NAME.test(name)) watch.plant(value, label);
    // The host takes every URL's password for secret, whatever the variable's name.
    else if (URL.canParse(value)) plantPassword(watch, new URL(value), label);
  }
}

/** `k1:<base64>,k2:<base64>`: the ids are no secrets. */
function plantKeys(watch: SecretWatch, value: string, label: string): void {
  for (const key of value.split(",")) watch.plant(key.slice(key.indexOf(":") + 1).trim(), label);
}

function plantPassword(watch: SecretWatch, { password }: URL, label: string): void {
  watch.plant(password, `password in ${label}`);
  try {
    watch.plant(decodeURIComponent(password), `password in ${label}`);
  } catch {
    // As written it is the secret.
  }
}

/** Plants what is secret in a `.env` file, as far as it is simple; the file's own tests know the rest. */
export function plantDotenv(watch: SecretWatch, text: string, of: string): void {
  for (const line of text.split(/\r?\n/)) {
    const { name, value } =
      /^(?:export\s+)?(?<name>\w+)=\s*(?<quote>["']?)(?<value>.*)\k<quote>\s*$/.exec(line)?.groups ?? {};
    if (name !== undefined) plantEnvironment(watch, { [name]: value }, of);
  }
}

/** Plants the secrets that a request to the host carries: the caller's token, and those it sets. */
export function plantRequest(
  watch: SecretWatch,
  request: {
    readonly method: string;
    readonly path: string;
    readonly authorization: string;
    readonly body: unknown;
  },
): void {
  const { method, path, authorization, body } = request;
  const route = `${method} ${path}`;
  watch.plant(/^Bearer\s+(.*)$/i.exec(authorization)?.[1]?.trim() ?? "", `a caller's token at ${route}`);
  if (!isRecord(body)) return;
  if (/\/secrets(?:\/[^/]+)?$/.test(path) && typeof body.value === "string") {
    watch.plant(body.value, `a secret set by ${route}`);
  }
  if (path === "/workspaces" && isRecord(body.secrets)) {
    for (const value of Object.values(body.secrets)) {
      if (typeof value === "string") watch.plant(value, `a secret set by ${route}`);
    }
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
