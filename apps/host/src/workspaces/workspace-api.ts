import type { Clock, ContainerRuntime, WorkspaceTemplate } from "@molecule/core";
import type { Masking } from "../masking/mask-data.js";
import type { Storage } from "../storage/storage.js";
import { Activities } from "./activities.js";
import type { AgentUrlGuard } from "./agent-url.js";
import { WorkspaceBudgets } from "./budget.js";
import { Bundles } from "./bundles.js";
import type { WorkspaceCreation } from "./creation.js";
import type { WorkspaceDeletion } from "./deletion.js";
import { Discovery } from "./discovery.js";
import { Kinship } from "./kinship.js";
import type { WorkspacePausing } from "./pausing.js";
import { declaredTimeoutSeconds } from "./provision-timeouts.js";
import type { WorkspaceRestart } from "./restart.js";
import type { TemplateFolders } from "./template-folders.js";
import type { TemplateSummary } from "./template-summary.js";
import { WorkspaceUpdate } from "./update.js";
import type { WorkspaceSecrets } from "./workspace-secrets.js";

/** What is asked of workspaces by people and agents, beside creating, deleting and registering them. */
export interface WorkspaceApi {
  restart(
    workspaceId: string,
    options: { resetSession: boolean },
  ): Promise<{ status: "provisioning"; config_dir: string; reset_session: boolean }>;
  readonly pausing: Pick<WorkspacePausing, "pause" | "resume">;
  readonly updates: Pick<WorkspaceUpdate, "update">;
  readonly budgets: Pick<WorkspaceBudgets, "read" | "set">;
  readonly activities: Pick<Activities, "list" | "log" | "notify">;
  readonly discovery: Pick<Discovery, "peers" | "discover">;
  /** Whether two workspaces may talk to each other. */
  mayTalk(one: string, other: string): Promise<boolean>;
  readonly bundles: Pick<Bundles, "export" | "import">;
  templates(): Promise<TemplateSummary[]>;
}

/** What the API is made from. */
export interface WorkspaceApiParts {
  readonly storage: Pick<Storage, "database" | "events" | "workspaces">;
  readonly runtime: Pick<ContainerRuntime, "kind" | "fileRoot">;
  readonly templates: readonly WorkspaceTemplate[];
  readonly folders: TemplateFolders;
  readonly urlGuard: AgentUrlGuard;
  readonly creation: WorkspaceCreation;
  readonly deletion: WorkspaceDeletion;
  readonly restart: WorkspaceRestart;
  readonly pausing: WorkspacePausing;
  readonly secrets: WorkspaceSecrets;
  readonly masker: Masking;
  readonly clock: Clock;
}

/** Wires the API. */
export function createWorkspaceApi(parts: WorkspaceApiParts): WorkspaceApi {
  const { storage, runtime, templates, folders, urlGuard, creation, deletion, restart } = parts;
  const { secrets, masker, clock } = parts;
  const { database, events, workspaces } = storage;
  // A new one each time remembers nothing: who was moved away must not be found any more.
  const mayTalk = (one: string, other: string) => new Kinship({ database, clock }).mayTalk(one, other);
  return {
    restart: async (workspaceId, { resetSession }) => {
      await restart.restart(workspaceId, { resetSession });
      const configDir = `${runtime.fileRoot(workspaceId)}/configs`;
      return { status: "provisioning", config_dir: configDir, reset_session: resetSession };
    },
    pausing: parts.pausing,
    updates: new WorkspaceUpdate({ events, workspaces, templates }),
    budgets: new WorkspaceBudgets({ workspaces, events }),
    activities: new Activities({ db: database.db, events, secrets, masker }),
    discovery: new Discovery({ db: database.db, workspaces, urlGuard, runtime, mayTalk }),
    mayTalk,
    bundles: new Bundles({ workspaces, creation, deletion, folders }),
    templates: () => folders.list((name) => declaredTimeoutSeconds(name, templates)),
  };
}
