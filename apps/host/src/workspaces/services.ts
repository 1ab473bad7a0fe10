import { randomUUID } from "node:crypto";
import type {
  Clock,
  ContainerRuntime,
  EngineInventory,
  Kernel,
  Logger,
  SecretMasker,
  WorkspaceTemplate,
} from "@molecule/core";
import type { HostConfig } from "../config/config.js";
import { ActiveSwaps } from "../images/active-swaps.js";
import { createRollouts, type RolloutServices } from "../images/create-rollouts.js";
import { ImageChoice } from "../images/image-choice.js";
import type { ProvisionRun } from "../metrics/workspace-metrics.js";
import type { SecretVault } from "../secrets/secret-vault.js";
import type { Storage } from "../storage/storage.js";
import { AgentUrlGuard, systemResolver } from "./agent-url.js";
import { WorkspaceConsole } from "./console.js";
import { WorkspaceCreation } from "./creation.js";
import { WorkspaceDeletion } from "./deletion.js";
import { EnvPreview } from "./env-preview.js";
import { EngineCleanup } from "./engine-cleanup.js";
import { EngineTurns } from "./engine-turns.js";
import { Heartbeats } from "./heartbeats.js";
import { InstallationTokens } from "./installation-tokens.js";
import { LaunchedSecrets } from "./launched-secrets.js";
import { LaunchPreparation } from "./launch-preparation.js";
import { declaredTimeoutSeconds } from "./provision-timeouts.js";
import { WorkspacePausing } from "./pausing.js";
import { Provisioner } from "./provisioner.js";
import { WorkspaceRecovery } from "./recovery.js";
import { Registration } from "./registration.js";
import { WorkspaceRestart } from "./restart.js";
import { SecretChanges } from "./secret-changes.js";
import { SecretRestarts } from "./secret-restarts.js";
import { StateMachine } from "./state-machine.js";
import { giveUpSuperseded } from "./superseded-provisions.js";
import { createWorkspaceApi, type WorkspaceApi } from "./workspace-api.js";
import { WorkspaceModel } from "./workspace-model.js";
import { createSweepServices, type SweepServices } from "./sweeps/services.js";
import { WorkspaceSecrets } from "./workspace-secrets.js";
import { TemplateFolders } from "./template-folders.js";

/** What the workspace domain is made from. */
export interface WorkspaceInputs {
  readonly config: HostConfig;
  readonly storage: Storage;
  readonly runtime: ContainerRuntime;
  /** All that the runtime's engine holds. */
  readonly inventory: EngineInventory;
  readonly kernel: Kernel;
  readonly templates: readonly WorkspaceTemplate[];
  readonly vault: SecretVault;
  readonly masker: SecretMasker;
  readonly clock: Clock;
  readonly log: Logger;
  /** What agents call. */
  readonly platformUrl: () => string;
  /** Engine jobs at a time. */
  readonly concurrency: number;
  /** Told of each provision that has ended, for metrics. */
  readonly onProvision: (run: ProvisionRun) => void;
}

/** The workspace domain, wired. */
export interface WorkspaceServices {
  readonly creation: WorkspaceCreation;
  readonly deletion: WorkspaceDeletion;
  readonly registration: Registration;
  readonly heartbeats: Heartbeats;
  readonly recovery: WorkspaceRecovery;
  readonly restart: WorkspaceRestart;
  readonly api: WorkspaceApi;
  readonly secretChanges: SecretChanges;
  readonly secretRestarts: SecretRestarts;
  readonly model: WorkspaceModel;
  readonly sweeps: SweepServices;
  readonly console: WorkspaceConsole;
  readonly envPreview: EnvPreview;
  /** Brings new images to running workspaces, and keeps bad ones back. */
  readonly rollouts: RolloutServices;
  readonly installationTokens: InstallationTokens;
  /** Deadline of a provision that a runtime declares, in ms; null when it declares none. */
  readonly declaredTimeoutMs: (runtime: string) => number | null;
  /**
   * Gives up provisions and rollouts, and starts none any more: the next boot goes on with them. With an engine that
   * hangs it takes as long as the grace of requests in flight, none of which depends on it: let it run beside that.
   */
  stopLaunches(): Promise<void>;
  /** Gives up whatever runs in the engine, also the recovery after boot: the next boot goes on with it. */
  stop(): Promise<void>;
}

/** Wires the workspace domain. */
export function createWorkspaceServices(inputs: WorkspaceInputs): WorkspaceServices {
  const { storage, kernel, runtime, templates, vault, masker, clock, log, platformUrl, concurrency } = inputs;
  const { database, events, tokens, workspaces, ledgers, hostId } = storage;
  const folders = new TemplateFolders(inputs.config.templatesDir, log);
  const urlGuard = new AgentUrlGuard(systemResolver);
  const stateMachine = new StateMachine({ workspaces, tokens, hostId });
  const launched = new LaunchedSecrets({ runtime, ledgers, log });
  const secrets = new WorkspaceSecrets({ masker, vault, launched, log });
  const preparation = new LaunchPreparation({
    database,
    tokens,
    ledgers,
    events,
    kernel,
    runtime,
    templates,
    folders,
    secrets,
    images: new ImageChoice({ db: database.db, runtime }),
    vault,
    platformUrl,
  });
  const activeSwaps = new ActiveSwaps();
  const turns = new EngineTurns({ leases: database.kind === "postgres" ? storage.leases : null, clock });
  const provisioner = new Provisioner({
    database,
    events,
    stateMachine,
    tokens,
    preparation,
    swaps: activeSwaps,
    runtime,
    turns,
    secrets,
    masker,
    clock,
    log,
    concurrency,
    onProvision: inputs.onProvision,
  });
  const rollouts = createRollouts(inputs, { active: activeSwaps, turns, stateMachine, secrets, preparation });
  const cleanup = new EngineCleanup({
    database,
    workspaces,
    runtime,
    turns,
    provisioner,
    secrets,
    clock,
    log,
    concurrency,
  });
  const pausing = new WorkspacePausing({
    database,
    events,
    workspaces,
    stateMachine,
    provisioner,
    runtime,
    turns,
    clock,
    log,
    concurrency,
  });
  const creation = new WorkspaceCreation({
    events,
    tokens,
    stateMachine,
    provisioner,
    templates,
    folders,
    urlGuard,
    vault,
    secrets,
    newId: randomUUID,
    platformUrl,
  });
  const deletion = new WorkspaceDeletion({ events, workspaces, stateMachine, cleanup });
  const restart = new WorkspaceRestart({ events, stateMachine, provisioner, runtime });
  const secretRestarts = new SecretRestarts({ db: database.db, restart, runtime, clock, log });
  const unwatch = giveUpSuperseded({ events, workspaces, provisioner, log });
  const recovery = new WorkspaceRecovery({
    database,
    events,
    stateMachine,
    provisioner,
    cleanup,
    pausing,
    secretRestarts,
    runtime,
    hostId,
    log,
  });
  const stopLaunches = async () => {
    await Promise.all([rollouts.fleet.stop(), provisioner.stop()]);
  };
  return {
    creation,
    deletion,
    registration: new Registration({
      events,
      tokens,
      workspaces,
      stateMachine,
      provisioner,
      urlGuard,
      runtime,
      secrets,
      masker,
    }),
    heartbeats: new Heartbeats({ events, stateMachine, secrets, masker }),
    recovery,
    rollouts,
    restart,
    api: createWorkspaceApi({
      storage,
      runtime,
      templates,
      folders,
      urlGuard,
      creation,
      deletion,
      restart,
      pausing,
      secrets,
      masker,
      clock,
    }),
    secretChanges: new SecretChanges({ database, vault, secrets, restarts: secretRestarts }),
    secretRestarts,
    model: new WorkspaceModel({ database, folders, restarts: secretRestarts }),
    envPreview: new EnvPreview({
      kernel,
      runtime,
      workspaces,
      templates,
      folders,
      vault,
      masker,
      log,
      platformUrl,
    }),
    console: new WorkspaceConsole({ workspaces, runtime, secrets, masker, log }),
    sweeps: createSweepServices({
      ...inputs,
      provisionTimeoutSeconds: inputs.config.provisionTimeoutSeconds,
      stateMachine,
      provisioner,
      restart,
    }),
    installationTokens: new InstallationTokens({ kernel, masker, clock, log }),
    declaredTimeoutMs: (workspaceRuntime) => {
      const seconds = declaredTimeoutSeconds(workspaceRuntime, templates);
      return seconds === null ? null : seconds * 1000;
    },
    stopLaunches,
    stop: async () => {
      await stopLaunches();
      unwatch();
      await secretRestarts.stop();
      await Promise.all([cleanup.stop(), pausing.stop(), recovery.stop()]);
    },
  };
}
