import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { messageOf } from "@molecule/core";
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
    const { env, cwd } = context;
    const port = env.PORT === undefined || env.PORT === "" ? "8080" : env.PORT;
    return new ApiClient((url ?? `http://127.0.0.1:${port}`).replace(/\/+$/, ""), await adminToken(env, cwd));
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

async function adminToken(env: CliContext["env"], cwd: string): Promise<string | null> {
  if (env.ADMIN_TOKEN !== undefined && env.ADMIN_TOKEN.trim() !== "") return env.ADMIN_TOKEN;
  const file = join(resolve(cwd, env.MOLECULE_DATA_DIR ?? ".data"), "admin-token");
  // None there: a host in development asks for none.
  return readFile(file, "utf8").then(
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
