import { workspaceErrors } from "../errors/workspaces.js";
import type { SecretInfo, SecretVault } from "../secrets/secret-vault.js";
import type { Database } from "../storage/database.js";
import type { Trx } from "../storage/schema.js";
import type { SecretRestarts } from "./secret-restarts.js";
import type { WorkspaceSecrets } from "./workspace-secrets.js";

/** What changing secrets works with. */
export interface SecretChangeServices {
  readonly database: Pick<Database, "db">;
  readonly vault: SecretVault;
  readonly secrets: WorkspaceSecrets;
  readonly restarts: Pick<SecretRestarts, "workspaceChanged" | "globalChanged">;
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
    const { vault, secrets } = this.#services;
    await this.#change(workspaceId, (trx) => vault.save(trx, workspaceId, { [key]: value }));
    if (workspaceId === null) secrets.addGlobal(key, value);
    else secrets.add(workspaceId, value);
    this.#changed(workspaceId, key);
  }

  /** @throws SECRET_NOT_FOUND, WORKSPACE_NOT_FOUND */
  async remove(workspaceId: string | null, key: string): Promise<void> {
    await this.#change(workspaceId, (trx) => this.#services.vault.remove(trx, workspaceId, key));
    this.#changed(workspaceId, key);
  }

  /**
   * Every secret of a workspace by name, for itself.
   * @throws SECRETS_UNREADABLE naming those that do not open
   */
  async values(workspaceId: string): Promise<Record<string, string>> {
    const { global, workspace } = await this.#services.vault.valuesFor(workspaceId);
    return { ...global, ...workspace };
  }

  /** Locks the workspace's row against its removal, which would otherwise leave the secret to nobody. */
  async #change(workspaceId: string | null, work: (trx: Trx) => Promise<void>): Promise<void> {
    await this.#services.database.db.transaction().execute(async (trx) => {
      if (workspaceId !== null) {
        const row = await trx
          .selectFrom("workspaces")
          .select("status")
          .where("id", "=", workspaceId)
          .forShare()
          .executeTakeFirst();
        if (row === undefined || row.status === "removed") throw workspaceErrors.WORKSPACE_NOT_FOUND({});
      }
      await work(trx);
    });
  }

  #changed(workspaceId: string | null, key: string): void {
    const { restarts } = this.#services;
    if (workspaceId === null) restarts.globalChanged(key);
    else restarts.workspaceChanged(workspaceId);
  }
}
