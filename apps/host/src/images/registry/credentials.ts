import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compileSchema, messageOf, Type, type Logger, type SecretMasker, type Static } from "@molecule/core";
import { imageErrors } from "../../errors/images.js";

/** What proves to a registry who asks. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** A refresh token that the registry's token service takes (Docker's `identitytoken`). */
  | { readonly kind: "identity"; readonly token: string };

/** Where credentials come from. */
export interface CredentialSources {
  /** `GHCR_USER` and `GHCR_TOKEN`; for ghcr.io only. */
  readonly ghcr: { readonly username: string; readonly password: string } | null;
  /** Folder of Docker's `config.json`. Absolute. */
  readonly dockerConfigDir: string;
  readonly masker: SecretMasker;
  readonly log: Logger;
}

const Entry = Type.Object({
  auth: Type.Optional(Type.String()),
  username: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
  identitytoken: Type.Optional(Type.String()),
});
const DockerConfig = Type.Object({
  auths: Type.Optional(Type.Record(Type.String(), Entry)),
  credHelpers: Type.Optional(Type.Record(Type.String(), Type.String())),
  credsStore: Type.Optional(Type.String()),
});
const HelperAnswer = Type.Object({ Username: Type.String(), Secret: Type.String() });
const checkConfig = compileSchema(DockerConfig);
const checkHelperAnswer = compileSchema(HelperAnswer);

/** Ms that a credential helper may take: some ask a cloud. */
const HELPER_TIMEOUT_MS = 10_000;
/** What helpers call a registry's user when the secret is an identity token. */
const IDENTITY_USER = "<token>";

/**
 * Credentials for registries: `GHCR_USER` and `GHCR_TOKEN`, and what `docker login` has kept, in its file or by its
 * credential helpers. Read anew each time, so that a new login counts at once.
 */
export class RegistryCredentials {
  readonly #sources: CredentialSources;
  #toldFault = "";

  constructor(sources: CredentialSources) {
    this.#sources = sources;
  }

  /** Those for a registry, e.g. `ghcr.io`; null where there are none. A file that is broken is told in the log, once. */
  async find(registry: string): Promise<Credentials | null> {
    const { ghcr, masker } = this.#sources;
    if (ghcr !== null && registry === "ghcr.io") return { kind: "password", ...ghcr };
    try {
      const found = await this.#fromDocker(registry);
      if (found !== null) masker.add(found.kind === "password" ? found.password : found.token);
      this.#toldFault = "";
      return found;
    } catch (error) {
      const text = messageOf(error);
      if (text !== this.#toldFault) this.#sources.log.warn(text);
      this.#toldFault = text;
      return null;
    }
  }

  async #fromDocker(registry: string): Promise<Credentials | null> {
    const config = await readDockerConfig(join(this.#sources.dockerConfigDir, "config.json"));
    if (config === null) return null;
    const keys = keysOf(registry);
    const { auths = {}, credHelpers = {}, credsStore } = config;
    const helper = keys.map((key) => credHelpers[key]).find((each) => each !== undefined) ?? credsStore;
    if (helper !== undefined && /^[\w.-]+$/.test(helper)) {
      for (const key of keys) {
        const found = await askHelper(helper, key);
        if (found !== null) return found;
      }
    }
    const entry = keys.map((key) => auths[key]).find((each) => each !== undefined);
    return entry === undefined ? null : credentialsIn(entry);
  }
}

/** The names under which Docker's clients keep a registry: they have changed over the years. */
function keysOf(registry: string): string[] {
  if (registry === "docker.io") {
    return ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"];
  }
  return [registry, `https://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`];
}

async function readDockerConfig(path: string): Promise<Static<typeof DockerConfig> | null> {
  const unreadable = (reason: string, cause?: unknown) =>
    imageErrors.REGISTRY_CREDENTIALS_UNREADABLE({ path, reason }, { cause });
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    // The parser's own message quotes the text, which holds passwords.
    throw unreadable(error instanceof SyntaxError ? "it is not JSON" : messageOf(error));
  }
  const checked = checkConfig(parsed);
  if (checked.ok) return checked.value;
  throw unreadable(`${checked.faults.map(({ path: at }) => at).join(", ")}: not as Docker writes it`);
}

function credentialsIn(entry: Static<typeof Entry>): Credentials | null {
  const { identitytoken, auth, username, password } = entry;
  if (identitytoken !== undefined && identitytoken !== "") return { kind: "identity", token: identitytoken };
  if (auth !== undefined && auth !== "") {
    const text = Buffer.from(auth, "base64").toString("utf8");
    const end = text.indexOf(":");
    return end <= 0
      ? null
      : { kind: "password", username: text.slice(0, end), password: text.slice(end + 1) };
  }
  return username === undefined || password === undefined ? null : { kind: "password", username, password };
}

/** Docker's credential helper protocol: the server on stdin, JSON on stdout; an exit code other than 0 is "none". */
function askHelper(name: string, server: string): Promise<Credentials | null> {
  return new Promise((resolve) => {
    const child = execFile(
      `docker-credential-${name}`,
      ["get"],
      { timeout: HELPER_TIMEOUT_MS, maxBuffer: 65_536 },
      (error, output) => {
        resolve(error === null ? parseHelperAnswer(output) : null);
      },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(server);
  });
}

function parseHelperAnswer(output: string): Credentials | null {
  try {
    const checked = checkHelperAnswer(JSON.parse(output));
    if (!checked.ok) return null;
    const { Username: username, Secret: password } = checked.value;
    return username === IDENTITY_USER
      ? { kind: "identity", token: password }
      : { kind: "password", username, password };
  } catch {
    return null;
  }
}
