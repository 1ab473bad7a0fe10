import { setTimeout as pause } from "node:timers/promises";
import { field } from "../e2e/workspace-api.js";
import type { ApiAnswer, RunningHost } from "../support/host.js";
import type { Tally } from "./summary.js";

/** Workspaces at a time: what a small machine runs. */
const MOST = 8;
/** Ms between two actions of a client, at most. */
const MOST_PAUSE_MS = 2_000;

type Action = "create" | "delete" | "restart" | "pause" | "resume";

/** Statuses of a workspace that nothing is awaited for any more. */
const AT_REST = ["online", "degraded", "paused", "failed"];

/** All that may make a provision fail here: an engine and a host that are killed over and over use up its time. */
const EXPECTED_FAILURE = "provisioning timed out";

/** Clients that act on workspaces at random, and remember what was promised to them. */
export class Fleet {
  /** Ids whose creation was answered with 201. */
  readonly accepted: string[] = [];
  readonly #host: () => RunningHost;
  readonly #random: () => number;
  readonly #tally: Tally;
  readonly #live = new Set<string>();
  /** Ids whose deletion nobody answered: it may have been done or not. */
  readonly #unsure = new Set<string>();

  constructor(host: () => RunningHost, random: () => number, tally: Tally) {
    this.#host = host;
    this.#random = random;
    this.#tally = tally;
  }

  /** One client. */
  async actUntil(deadline: number): Promise<void> {
    while (performance.now() < deadline) {
      await this.#act();
      await pause(this.#random() * MOST_PAUSE_MS);
    }
  }

  /** Where it stands, for the progress line. */
  told(): string {
    return `${this.accepted.length} workspaces made, ${this.#live.size} not deleted`;
  }

  /** How many workspaces have which status, failed ones by their reason. */
  async statuses(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const { status, reason } of await this.#list()) {
      const told = status === "failed" ? `failed (${reason})` : status;
      counts.set(told, (counts.get(told) ?? 0) + 1);
    }
    return counts;
  }

  /** Ids of all workspaces that are there. */
  async present(): Promise<string[]> {
    return (await this.#list()).map(({ id }) => id);
  }

  /** @throws Error while something is still under way, or has failed that nothing here should make fail */
  async expectAtRest(): Promise<void> {
    const listed = await this.#list();
    const wrong = listed.filter(
      ({ status, reason }) =>
        !AT_REST.includes(status) || (status === "failed" && !reason.startsWith(EXPECTED_FAILURE)),
    );
    if (wrong.length > 0) {
      throw new Error(
        wrong.map(({ id, status, reason }) => `workspace ${id} is ${status} (${reason})`).join("; "),
      );
    }
    const known = new Set(listed.map(({ id }) => id));
    const lost = [...this.#live].filter((id) => !known.has(id) && !this.#unsure.has(id));
    if (lost.length > 0) throw new Error(`workspaces are lost: ${lost.join(", ")}`);
  }

  async #act(): Promise<void> {
    const action = this.#choose();
    const ids = [...this.#live];
    const id = ids[Math.floor(this.#random() * ids.length)];
    if (action === "create" || id === undefined) {
      await this.#create();
      return;
    }
    // Forgotten before it is asked for: an answer that is lost may have done it.
    if (action === "delete") this.#live.delete(id);
    const answer =
      action === "delete"
        ? await this.#ask(action, "DELETE", `/workspaces/${id}?confirm=true`)
        : await this.#ask(action, "POST", `/workspaces/${id}/${action}`, {});
    // A deletion that nobody answered is asked for again sooner or later, as a person would.
    if (action === "delete" && answer === undefined) {
      this.#live.add(id);
      this.#unsure.add(id);
    }
  }

  #choose(): Action {
    const roll = this.#random();
    if (this.#live.size < 2 || (this.#live.size < MOST && roll < 0.4)) return "create";
    if (roll < 0.65) return "delete";
    if (roll < 0.85) return "restart";
    return roll < 0.93 ? "pause" : "resume";
  }

  async #create(): Promise<void> {
    const body = { name: `Soak ${this.accepted.length}`, runtime: "demo", tier: 2 };
    const answer = await this.#ask("create", "POST", "/workspaces", body);
    const id = field(answer?.body, "id");
    if (answer?.status !== 201 || typeof id !== "string") return;
    this.accepted.push(id);
    this.#live.add(id);
  }

  /** @returns undefined when there was no answer: the host was killed, or is not up yet */
  async #ask(action: Action, method: string, path: string, body?: unknown): Promise<ApiAnswer | undefined> {
    this.#tally.actions.set(action, (this.#tally.actions.get(action) ?? 0) + 1);
    try {
      const answer = await this.#host().api(method, path, body);
      if (answer.status >= 400) {
        const told = `${action}: ${answer.status}`;
        this.#tally.refused.set(told, (this.#tally.refused.get(told) ?? 0) + 1);
      }
      return answer;
    } catch {
      this.#tally.unanswered += 1;
      return undefined;
    }
  }

  async #list(): Promise<{ id: string; status: string; reason: string }[]> {
    const { body } = await this.#host().api("GET", "/workspaces");
    const rows: readonly unknown[] = Array.isArray(body) ? body : [];
    return rows.map((row) => ({
      id: String(field(row, "id")),
      status: String(field(row, "status")),
      reason: String(field(row, "last_sample_error")),
    }));
  }
}
