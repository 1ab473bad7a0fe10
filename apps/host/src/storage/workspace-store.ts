import type { Executor, Trx, WorkspaceRow } from "./schema.js";
import { SharedRead } from "./shared-read.js";

const LIST_COLUMNS = [
  "id",
  "name",
  "role",
  "tier",
  "status",
  "runtime",
  "agent_card",
  "url",
  "parent_id",
  "active_tasks",
  "max_concurrent_tasks",
  "last_error_rate",
  "last_sample_error",
  "uptime_seconds",
  "current_task",
  "workspace_dir",
  "monthly_spend",
  "budget_limit",
  "x",
  "y",
  "collapsed",
] as const satisfies readonly (keyof WorkspaceRow)[];

/** What {@link WorkspaceStore.list} reads of a workspace. */
export type WorkspaceListRow = Readonly<Pick<WorkspaceRow, (typeof LIST_COLUMNS)[number]>>;

const TREE_COLUMNS = [
  "id",
  "parent_id",
  "status",
  "external",
] as const satisfies readonly (keyof WorkspaceRow)[];

/** What {@link WorkspaceStore.descendants} reads of a workspace. */
export type WorkspaceTreeRow = Readonly<Pick<WorkspaceRow, (typeof TREE_COLUMNS)[number]>>;

/** Reads workspaces. Writing them is the state machine's. */
export class WorkspaceStore {
  readonly #db: Executor;
  readonly #list: SharedRead<readonly WorkspaceListRow[]>;

  constructor(services: { db: Executor }) {
    this.#db = services.db;
    this.#list = new SharedRead(() => this.#readList());
  }

  /** All that are not removed, in the order of their creation. Pages that poll at once share one read. */
  list(): Promise<readonly WorkspaceListRow[]> {
    return this.#list.get();
  }

  // Only what the list shows: with every column, 1,000 rows take 10.0 ms in place of 4.2.
  #readList(): Promise<readonly WorkspaceListRow[]> {
    return this.#db
      .selectFrom("workspaces")
      .select(LIST_COLUMNS)
      .where("status", "<>", "removed")
      .orderBy("created_at")
      .orderBy("id")
      .execute();
  }

  /** One, also when it is removed. */
  get(id: string): Promise<WorkspaceRow | undefined> {
    return this.#db.selectFrom("workspaces").selectAll().where("id", "=", id).executeTakeFirst();
  }

  /** The direct children that are not removed, in the order of their creation. */
  children(id: string, db: Executor = this.#db): Promise<WorkspaceRow[]> {
    return db
      .selectFrom("workspaces")
      .selectAll()
      .where("parent_id", "=", id)
      .where("status", "<>", "removed")
      .orderBy("created_at")
      .orderBy("id")
      .execute();
  }

  /**
   * The workspace itself and everything below it, removed ones too, each locked until the transaction ends. In the
   * order of ids: two transactions whose trees overlap lock in the same order and can't block each other.
   */
  descendants(trx: Trx, id: string): Promise<WorkspaceTreeRow[]> {
    return trx
      .withRecursive("tree", (query) =>
        query
          .selectFrom("workspaces")
          .select("id")
          .where("id", "=", id)
          // Not `union all`: should parents ever form a ring, this ends.
          .union((below) =>
            below
              .selectFrom("workspaces as child")
              .innerJoin("tree", "tree.id", "child.parent_id")
              .select("child.id"),
          ),
      )
      .selectFrom("workspaces")
      .select(TREE_COLUMNS)
      .where("id", "in", (select) => select.selectFrom("tree").select("tree.id"))
      .orderBy("id")
      .forUpdate()
      .execute();
  }
}
