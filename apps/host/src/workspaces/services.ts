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
import type { ProvisionRun } from "../metrics/workspace-metrics.js";
import type { Storage } from "../storage/storage.js";
import { AgentUrlGuard, systemResolver } from "./agent-url.js";
import { WorkspaceConsole } from "./console.js";
import { WorkspaceCreation } from "./creation.js";
import { WorkspaceDeletion } from "./deletion.js";
import { EnvPreview } from "./env-preview.js";
import { EngineCleanup } from "./engine-cleanup.js";
import { Heartbeats } from "./heartbeats.js";
import { InstallationTokens } from "./installation-tokens.js";
import { LaunchPreparation } from "./launch-preparation.js";
import { declaredTimeoutSeconds } from "./provision-timeouts.js";
import { Provisioner } from "./provisioner.js";
import { WorkspaceRecovery } from "./recovery.js";
import { Registration } from "./registration.js";
import { WorkspaceRestart } from "./restart.js";
import { StateMachine } from "./state-machine.js";
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
  readonly sweeps: SweepServices;
  readonly console: WorkspaceConsole;
  readonly envPreview: EnvPreview;
  readonly installationTokens: InstallationTokens;
  /** Deadline of a provision that a runtime declares, in ms; null when it declares none. */
  readonly declaredTimeoutMs: (runtime: string) => number | null;
  /** Gives running provisions up and waits for running cleanups. */
  stop(): Promise<void>;
}

/** Wires the workspace domain. */
export function createWorkspaceServices(inputs: WorkspaceInputs): WorkspaceServices {
  const { storage, kernel, runtime, templates, masker, clock, log, platformUrl, concurrency } = inputs;
  const { database, events, tokens, workspaces, ledgers, hostId } = storage;
  const folders = new TemplateFolders(inputs.config.templatesDir, log);
  const urlGuard = new AgentUrlGuard(systemResolver);
  const stateMachine = new StateMachine({ workspaces, tokens, hostId });
  const secrets = new WorkspaceSecrets(masker);
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
    platformUrl,
  });
  const provisioner = new Provisioner({
    database,
    events,
    stateMachine,
    tokens,
    preparation,
    runtime,
    masker,
    clock,
    log,
    concurrency,
    onProvision: inputs.onProvision,
  });
  const cleanup = new EngineCleanup({
    database,
    workspaces,
    runtime,
    provisioner,
    secrets,
    clock,
    log,
    concurrency,
  });
  const restart = new WorkspaceRestart({ events, stateMachine, provisioner });
  return {
    creation: new WorkspaceCreation({
      events,
      tokens,
      stateMachine,
      provisioner,
      templates,
      folders,
      urlGuard,
      newId: randomUUID,
      platformUrl,
    }),
    deletion: new WorkspaceDeletion({ events, workspaces, stateMachine, cleanup }),
    registration: new Registration({ events, tokens, workspaces, stateMachine, provisioner, urlGuard }),
    heartbeats: new Heartbeats({ events, stateMachine }),
    recovery: new WorkspaceRecovery({
      database,
      events,
      stateMachine,
      provisioner,
      cleanup,
      runtime,
      hostId,
      log,
    }),
    restart,
    sweeps: createSweepServices({
      ...inputs,
      provisionTimeoutSeconds: inputs.config.provisionTimeoutSeconds,
      stateMachine,
      provisioner,
      restart,
    }),
    envPreview: new EnvPreview({ kernel, runtime, workspaces, templates, masker, log, platformUrl }),
    installationTokens: new InstallationTokens({ kernel, masker, clock, log }),
    console: new WorkspaceConsole({ workspaces, runtime, masker, log }),
    declaredTimeoutMs: (workspaceRuntime) => {
      const seconds = declaredTimeoutSeconds(workspaceRuntime, templates);
      return seconds === null ? null : seconds * 1000;
    },
    stop: async () => {
      await provisioner.stop();
      await cleanup.settled();
    },
  };
}
