import { ApiError, messageOf } from "./api-error.js";
import {
  readChildren,
  readCreatedWorkspace,
  type Child,
  type CreatedWorkspace,
  type NewWorkspace,
} from "./creation.js";
import { readEnvLedger, type EnvLedger } from "./env-ledger.js";
import { readStoredEvent, type StoredEvent } from "./events.js";
import { Fields, isRecord, readList } from "./fields.js";
import { readSecretInfo, type SecretInfo } from "./secrets.js";
import {
  readLoopStatus,
  readPluginStatus,
  readReadiness,
  readViewport,
  type LoopStatus,
  type PluginStatus,
  type Readiness,
  type Viewport,
} from "./system.js";
import {
  readWorkspaceDetail,
  readWorkspaceListItem,
  type WorkspaceDetail,
  type WorkspaceListItem,
} from "./workspace.js";

/** Ms after which a call is given up. The host goes on with what it began; its end comes as an event. */
const CALL_TIMEOUT_MS = 15_000;

/** What the client works with. */
export interface ApiClientOptions {
  /** Sends a request; `fetch`. */
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
  /** What paths are appended to: empty for the page's own origin. */
  readonly baseUrl: string;
  /** The admin token, or null. Asked for at every call. */
  readonly token: () => string | null;
  /** Ms; {@link CALL_TIMEOUT_MS} unless told. */
  readonly timeoutMs?: number;
}

/** What can be asked of a workspace's life. */
export type LifecycleAction = "restart" | "pause" | "resume";

/** What became of a deletion: done, or a question first. */
export type Deletion =
  { readonly done: true } | { readonly done: false; readonly children: readonly Child[] };

/**
 * The platform's HTTP API as far as the page uses it. Every method rejects with an ApiError; one that the caller's
 * signal aborted rejects with the signal's reason.
 */
export class ApiClient {
  readonly #options: ApiClientOptions;

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  /** All workspaces that are not removed, in the order of their creation. */
  async workspaces(signal?: AbortSignal): Promise<WorkspaceListItem[]> {
    return readList(await this.#get("/workspaces", signal), "workspaces", readWorkspaceListItem);
  }

  async workspace(id: string, signal?: AbortSignal): Promise<WorkspaceDetail> {
    return readWorkspaceDetail(await this.#get(workspacePath(id), signal));
  }

  async createWorkspace(request: NewWorkspace): Promise<CreatedWorkspace> {
    return readCreatedWorkspace(await this.#call("POST", "/workspaces", { body: request }));
  }

  /** @param confirm deletes the descendants too; without it a workspace with children is only asked about */
  async deleteWorkspace(id: string, confirm: boolean): Promise<Deletion> {
    try {
      await this.#call("DELETE", `${workspacePath(id)}${confirm ? "?confirm=true" : ""}`, {});
      return { done: true };
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      return { done: false, children: readChildren(error.body) };
    }
  }

  /** Starts it anew, pauses it with all below it, or resumes them. */
  async controlWorkspace(id: string, action: LifecycleAction): Promise<void> {
    await this.#call("POST", `${workspacePath(id)}/${action}`, { body: {} });
  }

  /** Says where its card lies. */
  async moveWorkspace(id: string, { x, y }: { readonly x: number; readonly y: number }): Promise<void> {
    await this.#call("PATCH", workspacePath(id), { body: { x, y } });
  }

  /** The secrets that a workspace boots with, by name; values are never told. */
  async secrets(id: string, signal?: AbortSignal): Promise<SecretInfo[]> {
    return readList(await this.#get(`${workspacePath(id)}/secrets`, signal), "secrets", readSecretInfo);
  }

  async saveSecret(id: string, key: string, value: string): Promise<void> {
    await this.#call("POST", `${workspacePath(id)}/secrets`, { body: { key, value } });
  }

  async deleteSecret(id: string, key: string): Promise<void> {
    await this.#call("DELETE", `${workspacePath(id)}/secrets/${encodeURIComponent(key)}`, {});
  }

  /** The ledger of the newest attempt; null when there was none yet. */
  async envLedger(id: string, signal?: AbortSignal): Promise<EnvLedger | null> {
    const ledger = await unless(404, () => this.#get(`${workspacePath(id)}/env`, signal));
    return ledger === null ? null : readEnvLedger(ledger);
  }

  /** The last lines of a workspace's output; null where the container runtime keeps none. */
  async console(id: string, signal?: AbortSignal): Promise<string | null> {
    const answer = await unless(501, () => this.#get(`${workspacePath(id)}/console`, signal));
    return answer === null ? null : new Fields(answer, "console").string("output");
  }

  /** A workspace's newest events, newest first. */
  async events(id: string, signal?: AbortSignal): Promise<StoredEvent[]> {
    return readList(await this.#get(`/events/${encodeURIComponent(id)}`, signal), "events", readStoredEvent);
  }

  async plugins(signal?: AbortSignal): Promise<PluginStatus[]> {
    return new Fields(await this.#get("/admin/plugins", signal), "answer").list("plugins", readPluginStatus);
  }

  async loops(signal?: AbortSignal): Promise<LoopStatus[]> {
    return new Fields(await this.#get("/admin/loops", signal), "answer").list("loops", readLoopStatus);
  }

  /** Also answers while the host is not ready. */
  async readiness(signal?: AbortSignal): Promise<Readiness> {
    try {
      return readReadiness(await this.#get("/ready", signal));
    } catch (error) {
      if (error instanceof ApiError && error.status === 503 && isRecord(error.body))
        return readReadiness(error.body);
      throw error;
    }
  }

  async viewport(signal?: AbortSignal): Promise<Viewport> {
    return readViewport(await this.#get("/canvas/viewport", signal));
  }

  async saveViewport(viewport: Viewport): Promise<void> {
    await this.#call("PUT", "/canvas/viewport", { body: viewport });
  }

  #get(path: string, signal: AbortSignal | undefined): Promise<unknown> {
    return this.#call("GET", path, { signal });
  }

  async #call(
    method: string,
    path: string,
    { body, signal }: { readonly body?: unknown; readonly signal?: AbortSignal | undefined },
  ): Promise<unknown> {
    const { send, baseUrl, token, timeoutMs = CALL_TIMEOUT_MS } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    const bearer = token();
    const init: RequestInit = {
      method,
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(bearer === null ? {} : { Authorization: `Bearer ${bearer}` }),
      },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    try {
      const response = await send(`${baseUrl}${path}`, init);
      const text = await response.text();
      return response.ok ? parsed(text, response.status) : refuse(text, response.status);
    } catch (error) {
      if (error instanceof ApiError || signal?.aborted === true) throw error;
      throw timeout.aborted ? timedOut(timeoutMs, error) : unreachable(error);
    }
  }
}

function workspacePath(id: string): string {
  return `/workspaces/${encodeURIComponent(id)}`;
}

/** Null in place of a refusal with this status. */
async function unless(status: number, call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ApiError && error.status === status) return null;
    throw error;
  }
}

function parsed(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError(`The platform answered ${status} with a body that is no JSON.`, {
      kind: "malformed",
      status,
      cause,
    });
  }
}

function refuse(text: string, status: number): never {
  const body = jsonOrNull(text);
  const { error, code } = isRecord(body) ? body : {};
  throw new ApiError(typeof error === "string" ? error : `The platform answered ${status}.`, {
    kind: "refused",
    status,
    code: typeof code === "string" ? code : null,
    body,
  });
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy in between may answer with a page of its own.
    return null;
  }
}

function timedOut(timeoutMs: number, cause: unknown): ApiError {
  return new ApiError(
    `No answer within ${timeoutMs / 1000} s. The platform goes on with what it began; the page shows the outcome when it comes.`,
    { kind: "timeout", cause },
  );
}

function unreachable(cause: unknown): ApiError {
  return new ApiError(`The platform can't be reached (${messageOf(cause)}).`, { kind: "unreachable", cause });
}
