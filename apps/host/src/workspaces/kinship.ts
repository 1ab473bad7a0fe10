import type { Clock } from "@molecule/core";
import type { Database } from "../storage/database.js";

/** Ms for which a workspace's parent is remembered: events come in bursts, and workspaces seldom move. */
const REMEMBER_MS = 5_000;
/** Workspaces that are remembered. */
const REMEMBER_COUNT = 10_000;

/** Null: it has none. Undefined: there is no such workspace. */
type ParentId = string | null | undefined;

/** Decides which workspaces may talk to each other, as `POST /registry/check-access` has it (api.md §5). */
export class Kinship {
  readonly #database: Pick<Database, "db">;
  readonly #clock: Clock;
  readonly #parents = new Map<string, { readonly parent: ParentId; readonly until: number }>();

  constructor(services: { database: Pick<Database, "db">; clock: Clock }) {
    this.#database = services.database;
    this.#clock = services.clock;
  }

  /** Whether they are the same, siblings (two without a parent are), or one is an ancestor of the other. */
  async mayTalk(one: string, other: string): Promise<boolean> {
    if (one === other) return true;
    const [parentOfOne, parentOfOther] = await Promise.all([this.#parentOf(one), this.#parentOf(other)]);
    if (parentOfOne === undefined || parentOfOther === undefined) return false;
    if (parentOfOne === parentOfOther) return true;
    return (await this.#isAncestor(one, other)) || (await this.#isAncestor(other, one));
  }

  async #isAncestor(ancestor: string, workspace: string): Promise<boolean> {
    // Should parents ever form a ring, this ends.
    const seen = new Set<string>();
    let at = await this.#parentOf(workspace);
    while (typeof at === "string" && !seen.has(at)) {
      if (at === ancestor) return true;
      seen.add(at);
      at = await this.#parentOf(at);
    }
    return false;
  }

  async #parentOf(id: string): Promise<ParentId> {
    const now = this.#clock.monotonic();
    const known = this.#parents.get(id);
    if (known !== undefined && known.until > now) return known.parent;
    const row = await this.#database.db
      .selectFrom("workspaces")
      .select("parent_id")
      .where("id", "=", id)
      .executeTakeFirst();
    if (this.#parents.size >= REMEMBER_COUNT) this.#parents.clear();
    this.#parents.set(id, { parent: row?.parent_id, until: now + REMEMBER_MS });
    return row?.parent_id;
  }
}
