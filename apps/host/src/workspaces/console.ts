import type { ContainerRuntime, Logger, SecretMasker } from "@molecule/core";
import { workspaceErrors } from "../errors/workspaces.js";
import type { WorkspaceStore } from "../storage/workspace-store.js";
import type { WorkspaceSecrets } from "./workspace-secrets.js";

/** Log lines that the console shows. */
const LINES = 500;
/** Ms for asking the engine. */
const TIMEOUT_MS = 10_000;

/** Shows what a workspace's process printed. */
export class WorkspaceConsole {
  readonly #services: {
    readonly workspaces: WorkspaceStore;
    readonly runtime: ContainerRuntime;
    readonly secrets: Pick<WorkspaceSecrets, "learnAll">;
    readonly masker: SecretMasker;
    readonly log: Logger;
  };

  constructor(services: {
    workspaces: WorkspaceStore;
    runtime: ContainerRuntime;
    secrets: Pick<WorkspaceSecrets, "learnAll">;
    masker: SecretMasker;
    log: Logger;
  }) {
    this.#services = services;
  }

  /**
   * The last log lines without any secret; null where the container runtime keeps none.
   * @throws WORKSPACE_NOT_FOUND
   */
  async read(workspaceId: string): Promise<string | null> {
    const { workspaces, runtime, secrets, masker, log } = this.#services;
    const row = await workspaces.get(workspaceId);
    if (row === undefined || row.status === "removed") throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    const output = await runtime.logs(workspaceId, LINES, { signal: AbortSignal.timeout(TIMEOUT_MS), log });
    if (output !== null) await secrets.learnAll(row);
    return output === null ? null : masker.mask(output);
  }
}
