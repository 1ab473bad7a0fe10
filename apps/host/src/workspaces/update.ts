import { compileSchema, Type, type Static, type WorkspaceTemplate } from "@molecule/core";
import { sql, type UpdateObject } from "kysely";
import { workspaceErrors } from "../errors/workspaces.js";
import type { EventLog } from "../storage/event-log.js";
import type { DatabaseSchema, Trx, WorkspaceRow } from "../storage/schema.js";
import { lockTree } from "../storage/tree-lock.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";
import { assertWorkspaceDir, fieldProblems } from "./create-request.js";
import { assertParent } from "./parent.js";
import { asTier } from "./tier.js";
import { UUID } from "./uuid.js";

const TextOrNull = Type.Union([Type.String(), Type.Null()]);

/** JSON Schema of the body of PATCH /workspaces/:id; api.md §5. Unknown keys are ignored. */
export const UpdateWorkspaceSchema = Type.Object({
  name: Type.Optional(Type.String()),
  role: Type.Optional(TextOrNull),
  tier: Type.Optional(Type.Integer({ minimum: 1, maximum: 4 })),
  parent_id: Type.Optional(TextOrNull),
  runtime: Type.Optional(Type.String({ description: "A workspace template of the manifest" })),
  workspace_dir: Type.Optional(TextOrNull),
  collapsed: Type.Optional(Type.Boolean()),
  image_opt_out: Type.Optional(Type.Boolean({ description: "Rollouts leave its container alone" })),
  image_pin: Type.Optional(
    Type.Union([Type.String(), Type.Null()], {
      description: "sha256:… of the template's repository: it starts with that one only",
    }),
  ),
  x: Type.Optional(Type.Number({ description: "With y" })),
  y: Type.Optional(Type.Number({ description: "With x" })),
});

type UpdateRequest = Static<typeof UpdateWorkspaceSchema>;

/** Columns that an update may write. */
type Change = Pick<
  UpdateObject<DatabaseSchema, "workspaces">,
  | "name"
  | "role"
  | "tier"
  | "parent_id"
  | "runtime"
  | "workspace_dir"
  | "collapsed"
  | "image_opt_out"
  | "image_pin"
  | "x"
  | "y"
>;

/** Answer of PATCH /workspaces/:id. */
export interface UpdateAnswer {
  readonly status: "updated";
  /** There when the change takes effect with the next restart only. */
  readonly needs_restart?: true;
}

const check = compileSchema(UpdateWorkspaceSchema);
const EXTERNAL = "external";
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** What only moves things on the canvas is told, but not kept: a drag would push the rest out of the log. */
const LAYOUT: ReadonlySet<string> = new Set(["x", "y", "collapsed"]);

/** Changes the facts of workspaces, all that one request names or none. */
export class WorkspaceUpdate {
  readonly #services: {
    readonly events: EventLog;
    readonly workspaces: WorkspaceStore;
    readonly templates: readonly WorkspaceTemplate[];
  };

  constructor(services: {
    events: EventLog;
    workspaces: WorkspaceStore;
    templates: readonly WorkspaceTemplate[];
  }) {
    this.#services = services;
  }

  /**
   * @throws INVALID_WORKSPACE_PAYLOAD, INVALID_WORKSPACE_FIELDS, INVALID_WORKSPACE_DIR, UNKNOWN_RUNTIME,
   * UNKNOWN_PARENT, PARENT_CYCLE, WORKSPACE_NOT_FOUND
   */
  async update(workspaceId: string, body: unknown): Promise<UpdateAnswer> {
    const { events } = this.#services;
    const change = asChange(parse(body));
    // A folder of the machine is nothing that other workspaces' agents need to know.
    const told = Object.fromEntries(Object.entries(change).filter(([key]) => key !== "workspace_dir"));
    const isLayout = Object.keys(change).every((key) => LAYOUT.has(key));
    const event = { type: "WORKSPACE_UPDATED", workspaceId, payload: told };
    const before = await events.transact(async (trx, emit) => {
      const row = await this.#apply(trx, workspaceId, change);
      if (!isLayout) emit(event);
      return row;
    });
    if (isLayout && Object.keys(change).length > 0) events.publish(event);
    const needsRestart =
      differs(before.workspace_dir, change.workspace_dir) ||
      differs(before.runtime, change.runtime) ||
      (typeof change.image_pin === "string" && differs(before.image_digest, change.image_pin));
    return needsRestart ? { status: "updated", needs_restart: true } : { status: "updated" };
  }

  /** @returns the row before */
  async #apply(trx: Trx, workspaceId: string, change: Change): Promise<WorkspaceRow> {
    if (change.parent_id !== undefined) await lockTree(trx);
    const row = await trx
      .selectFrom("workspaces")
      .selectAll()
      .where("id", "=", workspaceId)
      .where("status", "<>", "removed")
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    if (typeof change.runtime === "string") this.#assertRuntime(row, change.runtime);
    if (typeof change.parent_id === "string") await this.#assertParent(trx, workspaceId, change.parent_id);
    await trx
      .updateTable("workspaces")
      .set({ ...change, updated_at: sql`now()` })
      .where("id", "=", workspaceId)
      .execute();
    return row;
  }

  #assertRuntime(row: WorkspaceRow, runtime: string): void {
    const known = row.external ? [EXTERNAL] : this.#services.templates.map(({ name }) => name);
    if (!known.includes(runtime)) throw workspaceErrors.UNKNOWN_RUNTIME({ runtime, known });
  }

  async #assertParent(trx: Trx, workspaceId: string, parentId: string): Promise<void> {
    await assertParent(trx, parentId);
    const below = await this.#services.workspaces.descendants(trx, workspaceId);
    if (below.some(({ id }) => id === parentId)) throw workspaceErrors.PARENT_CYCLE({ parentId });
  }
}

function parse(body: unknown): UpdateRequest {
  const checked = check(body);
  if (!checked.ok) throw workspaceErrors.INVALID_WORKSPACE_PAYLOAD({ faults: checked.faults });
  const request = checked.value;
  const problems = fieldProblems(request);
  if ((request.x === undefined) !== (request.y === undefined))
    problems.push("x and y must be given together");
  if (typeof request.image_pin === "string" && !DIGEST.test(request.image_pin))
    problems.push("image_pin must be sha256:<64 hex digits>, or null for none");
  if (problems.length > 0) throw workspaceErrors.INVALID_WORKSPACE_FIELDS({ problems });
  const { workspace_dir: dir, parent_id: parentId } = request;
  if (typeof dir === "string" && dir.trim() !== "") assertWorkspaceDir(dir);
  if (typeof parentId === "string" && parentId !== "" && !UUID.test(parentId)) {
    throw workspaceErrors.UNKNOWN_PARENT({ parentId });
  }
  return request;
}

function asChange(request: UpdateRequest): Change {
  const { name, role, tier, parent_id: parentId, runtime, workspace_dir: dir, collapsed, x, y } = request;
  const { image_opt_out: optOut, image_pin: pin } = request;
  return {
    ...(name === undefined ? {} : { name }),
    ...(role === undefined ? {} : { role: blankToNull(role) }),
    ...(tier === undefined ? {} : { tier: asTier(tier) }),
    ...(parentId === undefined ? {} : { parent_id: blankToNull(parentId)?.toLowerCase() ?? null }),
    ...(runtime === undefined ? {} : { runtime }),
    ...(dir === undefined ? {} : { workspace_dir: blankToNull(dir) }),
    ...(collapsed === undefined ? {} : { collapsed }),
    ...(optOut === undefined ? {} : { image_opt_out: optOut }),
    ...(pin === undefined ? {} : { image_pin: pin }),
    ...(x === undefined || y === undefined ? {} : { x, y }),
  };
}

function blankToNull(text: string | null): string | null {
  return text === null || text.trim() === "" ? null : text;
}

function differs(before: string | null, after: unknown): boolean {
  return after !== undefined && after !== before;
}
