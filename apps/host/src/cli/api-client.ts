import { readFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { isCodedError, messageOf, readManifest, systemClock } from "@molecule/core";
import { WebSocket } from "ws";
import { dataDirOf } from "../config/config.js";
import { runEnvStage } from "../config/env-stage.js";
import { locateManifest } from "../config/manifest-location.js";
import type { Environment } from "../config/variables.js";
import { cliErrors } from "../errors/commands.js";
import type { CliContext } from "./program.js";

/** Ms for one call. */
const TIMEOUT_MS = 90_000;

/** An event as clients get it. */
export interface HostEvent {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

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
   * @param timeoutMs how long it may take
   * @throws HOST_NOT_REACHABLE, HOST_REFUSED
   */
  async call(method: string, path: string, body?: unknown, timeoutMs = TIMEOUT_MS): Promise<unknown> {
    let status: number;
    let text: string;
    try {
      ({ status, text } = await this.#send(method, path, body, timeoutMs));
    } catch (error) {
      throw cliErrors.HOST_NOT_REACHABLE({ url: this.#url, reason: reasonOf(error) }, { cause: error });
    }
    const parsed = parse(text);
    if (status >= 200 && status < 300) return parsed;
    const told =
      typeof parsed === "object" && parsed !== null && "error" in parsed ? String(parsed.error) : text;
    throw cliErrors.HOST_REFUSED({
      call: `${method} ${path}`,
      status,
      reason: told.slice(0, 2000),
    });
  }

  /**
   * Hears of what happens from now on. A stream that can't be had or that ends is no failure: it only shows.
   * @returns stops listening
   */
  async listen(onEvent: (event: HostEvent) => void): Promise<() => void> {
    const socket = new WebSocket(`${this.#url.replace(/^http/, "ws")}/ws`, {
      headers: this.#authorization(),
      origin: this.#url,
    });
    socket.on("error", () => undefined);
    socket.on("message", (data) => {
      const event = Buffer.isBuffer(data) ? parseEvent(data.toString("utf8")) : null;
      if (event !== null) onEvent(event);
    });
    await new Promise<void>((resolve) => {
      socket.once("open", resolve);
      socket.once("close", () => {
        resolve();
      });
    });
    return () => {
      socket.terminate();
    };
  }

  /** Not by fetch, which gives an answer up that has not begun after 5 minutes: a rollout takes longer. */
  #send(
    method: string,
    path: string,
    body: unknown,
    timeoutMs: number,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const url = new URL(`${this.#url}${path}`);
    const { request } = url.protocol === "https:" ? https : http;
    const headers = {
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...this.#authorization(),
    };
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const asking = request(url, { method, headers, agent: false, signal }, (response) => {
        readText(response).then((text) => {
          resolve({ status: response.statusCode ?? 0, text });
        }, reject);
      });
      asking.on("error", reject);
      asking.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  #authorization(): Record<string, string> {
    return this.#token === null ? {} : { Authorization: `Bearer ${this.#token}` };
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

/** A connection that is refused for several addresses has a code and no text. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return messageOf(error) || code;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function parseEvent(text: string): HostEvent | null {
  const parsed = parse(text);
  if (typeof parsed !== "object" || parsed === null || !("event" in parsed) || !("payload" in parsed))
    return null;
  const { event, payload } = parsed;
  if (typeof event !== "string" || typeof payload !== "object" || payload === null) return null;
  return { type: event, payload: Object.fromEntries(Object.entries(payload)) };
}
