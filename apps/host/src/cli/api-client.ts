import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isCodedError, messageOf, readManifest, systemClock } from "@molecule/core";
import { dataDirOf } from "../config/config.js";
import { runEnvStage } from "../config/env-stage.js";
import { locateManifest } from "../config/manifest-location.js";
import type { Environment } from "../config/variables.js";
import { cliErrors } from "../errors/commands.js";
import type { CliContext } from "./program.js";

/** Ms for one call. */
const TIMEOUT_MS = 90_000;

/** Calls the API of a running host, with the admin token that this machine knows. */
export class ApiClient {
  readonly #url: string;
  readonly #token: string | null;

  private constructor(url: string, token: string | null) {
    this.#url = url;
    this.#token = token;
  }

  /**
   * For the host at `url`, or on this machine at `PORT`. The token is `ADMIN_TOKEN`, or the one that the host has
   * generated into its data folder.
   */
  static async create(context: CliContext, url: string | undefined): Promise<ApiClient> {
    const { env, dataDir } = await hostEnvironment(context);
    const port = env.PORT === undefined || env.PORT === "" ? "8080" : env.PORT;
    return new ApiClient(
      (url ?? `http://127.0.0.1:${port}`).replace(/\/+$/, ""),
      await adminToken(env, dataDir),
    );
  }

  /**
   * One call; answers the parsed body.
   * @throws HOST_NOT_REACHABLE, HOST_REFUSED
   */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.#url}${path}`, {
        method,
        headers: {
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...(this.#token === null ? {} : { Authorization: `Bearer ${this.#token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch (error) {
      throw cliErrors.HOST_NOT_REACHABLE({ url: this.#url, reason: reasonOf(error) }, { cause: error });
    }
    const parsed = parse(text);
    if (response.ok) return parsed;
    const told =
      typeof parsed === "object" && parsed !== null && "error" in parsed ? String(parsed.error) : text;
    throw cliErrors.HOST_REFUSED({
      call: `${method} ${path}`,
      status: response.status,
      reason: told.slice(0, 2000),
    });
  }
}

/** What the host on this machine would have; the process's own where there is no manifest, as for a distant host. */
async function hostEnvironment({ env, cwd }: CliContext): Promise<{ env: Environment; dataDir: string }> {
  const { path, home } = await locateManifest(env, cwd);
  const known = { dev: true, cwd, home, terminal: false };
  try {
    const manifest = await readManifest(path);
    const stage = await runEnvStage({ manifest, env, cwd, clock: systemClock });
    const filled = { names: stage.origins, dir: manifest.dir };
    return { env: stage.env, dataDir: dataDirOf(stage.env, { ...known, filled }) };
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return { env, dataDir: dataDirOf(env, known) };
  }
}

async function adminToken(env: Environment, dataDir: string): Promise<string | null> {
  if (env.ADMIN_TOKEN !== undefined && env.ADMIN_TOKEN.trim() !== "") return env.ADMIN_TOKEN;
  // None there: a host in development asks for none.
  return readFile(join(dataDir, "admin-token"), "utf8").then(
    (text) => text.trim(),
    () => null,
  );
}

/** fetch says only "fetch failed"; what failed is its cause. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
