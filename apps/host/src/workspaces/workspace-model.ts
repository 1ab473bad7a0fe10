import { sql } from "kysely";
import { workspaceErrors } from "../errors/workspaces.js";
import type { Database } from "../storage/database.js";
import type { WorkspaceRow } from "../storage/schema.js";
import { MAX_MODEL_BYTES } from "./create-request.js";
import { markForRestart } from "./restart-marks.js";
import type { SecretRestarts } from "./secret-restarts.js";
import type { TemplateFolders } from "./template-folders.js";

/** A workspace's model, and who chose it; empty when nobody did and the runtime takes its own. */
export interface ModelAnswer {
  readonly model: string;
  readonly source: "workspace" | "template" | "default";
}

/** What showing and changing models works with. */
export interface WorkspaceModelServices {
  readonly database: Pick<Database, "db">;
  readonly folders: TemplateFolders;
  readonly restarts: Pick<SecretRestarts, "marked">;
}

/**
 * The model that a workspace is launched with.
 * @throws INVALID_TEMPLATE when its template's folder is gone
 */
export async function modelOf(
  { model, template }: Pick<WorkspaceRow, "model" | "template">,
  folders: Pick<TemplateFolders, "read">,
): Promise<ModelAnswer> {
  if (model !== null) return { model, source: "workspace" };
  const folder = template === null ? null : await folders.read(template);
  const own = folder?.model ?? null;
  return own === null ? { model: "", source: "default" } : { model: own, source: "template" };
}

/** Shows and changes the model that a workspace works with. */
export class WorkspaceModel {
  readonly #services: WorkspaceModelServices;

  constructor(services: WorkspaceModelServices) {
    this.#services = services;
  }

  /** @throws WORKSPACE_NOT_FOUND, INVALID_TEMPLATE when its template's folder is gone */
  async get(workspaceId: string): Promise<ModelAnswer> {
    const { database, folders } = this.#services;
    const row = await database.db
      .selectFrom("workspaces")
      .select(["model", "template"])
      .where("id", "=", workspaceId)
      .where("status", "<>", "removed")
      .executeTakeFirst();
    if (row === undefined) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    return modelOf(row, folders);
  }

  /**
   * Sets the model; an empty one is cleared. The workspace is restarted with it.
   * @throws INVALID_WORKSPACE_FIELDS, WORKSPACE_NOT_FOUND
   */
  async set(workspaceId: string, text: string): Promise<"saved" | "cleared"> {
    const model = text.trim();
    const problems: string[] = [];
    if (/[\r\n\0]/.test(model)) problems.push("model must not contain a newline or NUL");
    if (Buffer.byteLength(model) > MAX_MODEL_BYTES) {
      problems.push(`model must be at most ${MAX_MODEL_BYTES} bytes`);
    }
    if (problems.length > 0) throw workspaceErrors.INVALID_WORKSPACE_FIELDS({ problems });
    const { database, restarts } = this.#services;
    await database.db.transaction().execute(async (trx) => {
      if (!(await markForRestart(trx, workspaceId))) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
      await trx
        .updateTable("workspaces")
        .set({ model: model === "" ? null : model, updated_at: sql`now()` })
        .where("id", "=", workspaceId)
        .execute();
    });
    restarts.marked();
    return model === "" ? "cleared" : "saved";
  }
}
