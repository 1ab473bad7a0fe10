import {
  ORPHAN_EXAMINERS,
  OWNER_RECORDS,
  PROVISION_DEADLINES,
  WORKSPACE_HEALTH,
  type Clock,
  type ContainerRuntime,
  type EngineInventory,
  type Kernel,
  type Logger,
  type SweepFuse,
  type WorkspaceTemplate,
} from "@molecule/core";
import type { Storage } from "../../storage/storage.js";
import { declaredTimeoutSeconds } from "../provision-timeouts.js";
import type { Provisioner } from "../provisioner.js";
import type { WorkspaceRestart } from "../restart.js";
import type { StateMachine } from "../state-machine.js";
import { CurrentOrphanExaminer } from "./orphan-examiners.js";
import { Orphans } from "./orphans.js";
import { StoredOwnerRecords } from "./owner-records.js";
import { StoredProvisionDeadlines } from "./provision-deadlines.js";
import { StoredWorkspaceHealth } from "./workspace-health.js";

/** What the sweeps' side of the workspace domain is made from. */
export interface SweepInputs {
  readonly storage: Storage;
  readonly kernel: Kernel;
  readonly runtime: ContainerRuntime;
  readonly inventory: EngineInventory;
  readonly templates: readonly WorkspaceTemplate[];
  readonly provisionTimeoutSeconds: number | null;
  readonly stateMachine: StateMachine;
  readonly provisioner: Provisioner;
  readonly restart: WorkspaceRestart;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the rest of the host asks of the sweeps. */
export interface SweepServices {
  readonly orphans: Orphans;
  /** The fuse of the orphan sweep, for readiness. */
  readonly fuse: () => Promise<SweepFuse>;
}

/** Wires what the sweeping plugins need, and offers it to them. */
export function createSweepServices(inputs: SweepInputs): SweepServices {
  const { storage, kernel, runtime, templates, stateMachine, restart } = inputs;
  const { events, tokens, hostId } = storage;
  const { db } = storage.database;
  const records = new StoredOwnerRecords({ db, events });
  const examiner = new CurrentOrphanExaminer();
  kernel.provide(OWNER_RECORDS, records);
  kernel.provide(ORPHAN_EXAMINERS, examiner);
  kernel.provide(
    PROVISION_DEADLINES,
    new StoredProvisionDeadlines({
      db,
      events,
      tokens,
      stateMachine,
      runtime,
      overrideSeconds: inputs.provisionTimeoutSeconds,
      declaredSeconds: (name) => declaredTimeoutSeconds(name, templates),
    }),
  );
  kernel.provide(
    WORKSPACE_HEALTH,
    new StoredWorkspaceHealth({ db, events, stateMachine, restart, runtime, hostId }),
  );
  return {
    orphans: new Orphans({ ...inputs, events, examiner, records }),
    fuse: () => records.fuse(),
  };
}
