import { workspaceErrors } from "../errors/workspaces.js";
import type { SecretInfo, SecretVault } from "../secrets/secret-vault.js";
import type { Database } from "../storage/database.js";
import type { Trx } from "../storage/schema.js";
import { holdWorkspaces, markForRestart, markUsersOf } from "./restart-marks.js";
import type { SecretRestarts } from "./secret-restarts.js";
import type { WorkspaceSecrets } from "./workspace-secrets.js";

/** What changing secrets works with. */
export interface SecretChangeServices {
  readonly database: Pick<Database, "db">;
  readonly vault: SecretVault;
  readonly secrets: WorkspaceSecrets;
  readonly restarts: Pick<SecretRestarts, "marked">;
}

/** Shows and changes secrets, of one workspace or of all (null), and has those restarted that a change concerns. */
export class SecretChanges {
  readonly #services: SecretChangeServices;

  constructor(services: SecretChangeServices) {
    this.#services = services;
  }

  /** @throws WORKSPACE_NOT_FOUND */
  async list(workspaceId: string | null): Promise<SecretInfo[]> {
    const { vault, database } = this.#services;
    if (workspaceId === null) return vault.listGlobal();
    const row = await database.db
      .selectFrom("workspaces")
      .select("status")
      .where("id", "=", workspaceId)
      .executeTakeFirst();
    if (row === undefined || row.status === "removed") throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    return vault.listFor(workspaceId);
  }

  /** @throws INVALID_SECRET, WORKSPACE_NOT_FOUND */
  async save(workspaceId: string | null, key: string, value: string): Promise<void> {
    const { vault, secrets, restarts } = this.#services;
    await this.#change(workspaceId, key, (trx) => vault.save(trx, workspaceId, { [key]: value }));
    if (workspaceId === null) secrets.addGlobal(key, value);
    else secrets.keep(workspaceId, key, value);
    restarts.marked();
  }

  /** @throws SECRET_NOT_FOUND, WORKSPACE_NOT_FOUND */
  async remove(workspaceId: string | null, key: string): Promise<void> {
    const { vault, restarts } = this.#services;
    await this.#change(workspaceId, key, (trx) => vault.remove(trx, workspaceId, key));
    restarts.marked();
  }

  /**
   * Every secret of a workspace by name, for itself.
   * @throws SECRETS_UNREADABLE naming those that do not open
   */
  async values(workspaceId: string): Promise<Record<string, string>> {
    const { vault, secrets } = this.#services;
    const { global, workspace } = await vault.valuesFor(workspaceId);
    const values = { ...global, ...workspace };
    // Another host may have set them since this one has learned what the workspace knows.
    for (const [key, value] of Object.entries(values)) secrets.keep(workspaceId, key, value);
    return values;
  }

  /** Changes a secret and marks whom it concerns, both or neither: a host that dies then leaves no old value behind. */
  async #change(workspaceId: string | null, key: string, work: (trx: Trx) => Promise<void>): Promise<void> {
    await this.#services.database.db.transaction().execute(async (trx) => {
      if (workspaceId === null) await holdWorkspaces(trx);
      else if (!(await markForRestart(trx, workspaceId))) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
      await work(trx);
      if (workspaceId === null) await markUsersOf(trx, key);
    });
  }
}
