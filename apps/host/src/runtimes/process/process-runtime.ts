import { access, constants } from "node:fs/promises";
import {
  messageOf,
  type Clock,
  type ContainerRuntime,
  type EngineContainer,
  type EngineInventory,
  type EngineListing,
  type LaunchedWith,
  type LaunchResult,
  type LaunchSpec,
  type Logger,
  type Presence,
  type RuntimeCall,
  type RuntimeHealth,
  type WorkspaceTemplate,
} from "@molecule/core";
import { runtimeErrors } from "../../errors/runtimes.js";
import { settleAll, untilAborted } from "../abortable.js";
import { workspaceObjectName } from "../workspace-name.js";
import { CappedLog, discardLog, readLogTail } from "./capped-log.js";
import { resolveCommand } from "./command.js";
import { GUARD_SHELL } from "./guard.js";
import { baseProcessEnv, workspaceProcessEnv } from "./process-env.js";
import { WorkspaceFolder } from "./workspace-folder.js";
import { WorkspaceProcess } from "./workspace-process.js";

/** Ms between SIGTERM and SIGKILL. */
const STOP_GRACE_MS = 5000;
/** The same when the host itself stops, which has 15 s for everything. */
const CLOSE_GRACE_MS = 2000;
/** Bytes of output kept for certain. */
const LOG_CAP_BYTES = 1024 * 1024;

/** What the process runtime is made from. */
export interface ProcessRuntimeOptions {
  /** The host's data folder; workspaces are in `workspaces/` of it. Absolute. */
  readonly dataDir: string;
  /** Of this host; handles begin with it, since process ids mean nothing elsewhere. */
  readonly hostId: string;
  /** The manifest's folder, which commands are relative to. Absolute. */
  readonly manifestDir: string;
  /** The host's environment; only `PATH` and `LANG` are handed on. */
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Told when a process ends that nobody has stopped. */
  readonly log: Logger;
}

interface Launched {
  readonly attempt: number;
  readonly runtime: string;
  /** Wall clock, ms since the epoch. */
  readonly startedAt: number;
  readonly process: WorkspaceProcess;
}

/**
 * Runs workspaces as processes of this machine: for development without an engine. Nothing isolates them, and
 * they end with the host.
 */
export class ProcessRuntime implements ContainerRuntime {
  readonly kind = "process";
  readonly platformHost = "127.0.0.1";
  /** There are no images that could be rolled out. */
  readonly replacement = null;
  readonly inventory: EngineInventory = {
    listContainers: () => Promise.resolve(this.#listing()),
    // Not the folders: nothing on them says which installation made them, so only their workspace's deletion removes them.
    listVolumes: () => Promise.resolve({ state: "known", objects: [] }),
    now: () => Promise.resolve(this.#options.clock.now()),
    removeContainer: ({ workspaceId }, call) =>
      workspaceId === null ? Promise.resolve() : this.stop(workspaceId, call),
    removeVolume: ({ id }) => Promise.reject(runtimeErrors.OBJECT_NOT_OURS({ kind: "volume", id })),
  };
  readonly #options: ProcessRuntimeOptions;
  readonly #launched = new Map<string, Launched>();
  /** The workspaces that this host has launched, also those whose process has ended. */
  readonly #known = new Set<string>();

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
  }

  async check(): Promise<RuntimeHealth> {
    try {
      assertSupported();
      await access(GUARD_SHELL, constants.X_OK);
      return { available: true, detail: "local processes, not isolated" };
    } catch (error) {
      return { available: false, reason: messageOf(error) };
    }
  }

  /** @throws WORKSPACE_ID_REFUSED */
  fileRoot(workspaceId: string): string {
    return this.#folder(workspaceId).root;
  }

  baseEnvironment(_template: WorkspaceTemplate): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve(baseProcessEnv(this.#options.hostEnv));
  }

  /**
   * @throws PROCESS_RUNTIME_UNSUPPORTED, ATTEMPT_ALREADY_STARTED, TEMPLATE_INCOMPLETE, COMMAND_NOT_FOUND,
   * COMMAND_NOT_STARTED, LAUNCH_FILE_REFUSED, WORKSPACE_DIR_UNUSABLE, WORKSPACE_FOLDER_UNUSABLE
   */
  async launch(spec: LaunchSpec, call: RuntimeCall): Promise<LaunchResult> {
    assertSupported();
    call.signal.throwIfAborted();
    const { workspaceId, attempt, template } = spec;
    const earlier = this.#launched.get(workspaceId);
    if (earlier !== undefined && earlier.attempt >= attempt) {
      throw runtimeErrors.ATTEMPT_ALREADY_STARTED({ workspaceId, attempt, found: earlier.attempt });
    }
    await this.stop(workspaceId, call);
    const { hostEnv, manifestDir, hostId } = this.#options;
    const folder = this.#folder(workspaceId);
    const { env, notices } = workspaceProcessEnv(baseProcessEnv(hostEnv), spec, folder);
    const command = await resolveCommand(template, manifestDir, env.PATH ?? "");
    const workingDirectory = await folder.prepare(spec);
    call.signal.throwIfAborted();
    const started = await this.#start(spec, { command, workingDirectory, env, folder });
    if (call.signal.aborted) {
      await started.stop(CLOSE_GRACE_MS);
      call.signal.throwIfAborted();
    }
    this.#known.add(workspaceId);
    this.#launched.set(workspaceId, {
      attempt,
      runtime: template.name,
      startedAt: this.#options.clock.now(),
      process: started,
    });
    this.#tellEnd(spec, started);
    return {
      handle: `${hostId}/${started.pid}`,
      name: workspaceObjectName(workspaceId),
      url: null,
      notices: [...notices, ...isolationNotices(spec)],
      image: null,
    };
  }

  /** What this host knows; processes of another host are absent here. */
  observe(workspaceId: string): Promise<Presence> {
    const launched = this.#launched.get(workspaceId);
    if (launched === undefined) return Promise.resolve({ state: "absent" });
    const { attempt, process: found } = launched;
    const { exitCode } = found;
    const handle = `${this.#options.hostId}/${found.pid}`;
    return Promise.resolve({
      state: "present",
      running: exitCode === null,
      attempt,
      handle,
      exitCode,
      url: null,
    });
  }

  async stop(workspaceId: string, call: RuntimeCall & { readonly upToAttempt?: number }): Promise<void> {
    const launched = this.#launched.get(workspaceId);
    if (launched === undefined || launched.attempt > (call.upToAttempt ?? Infinity)) return;
    await untilAborted(call.signal, launched.process.stop(STOP_GRACE_MS));
    if (this.#launched.get(workspaceId) === launched) this.#launched.delete(workspaceId);
  }

  /** @throws VOLUME_IN_USE while the workspace's process runs, WORKSPACE_FOLDER_UNUSABLE */
  async removeVolumes(workspaceId: string): Promise<void> {
    const running = this.#launched.get(workspaceId)?.process.exitCode === null;
    if (running)
      throw runtimeErrors.VOLUME_IN_USE({ names: [workspaceObjectName(workspaceId)], workspaceId });
    await this.#folder(workspaceId).remove();
    this.#known.delete(workspaceId);
  }

  /** Null for what an earlier host launched: what that process knew is not known any more, and can't be masked. */
  async logs(workspaceId: string, lines: number): Promise<string | null> {
    if (!this.#known.has(workspaceId)) return null;
    return await readLogTail(this.#folder(workspaceId).logFile, lines);
  }

  launchedWith(): Promise<LaunchedWith | null> {
    return Promise.resolve(null);
  }

  async close(): Promise<void> {
    const all = [...this.#launched.values()];
    await settleAll(all.map((each) => each.process.stop(CLOSE_GRACE_MS)));
    this.#launched.clear();
  }

  /** The processes of this host. */
  #listing(): EngineListing<EngineContainer> {
    const { hostId } = this.#options;
    const objects = [...this.#launched].map(
      ([workspaceId, { attempt, runtime, startedAt, process: found }]) => ({
        kind: "container" as const,
        id: `${hostId}/${found.pid}`,
        name: workspaceObjectName(workspaceId),
        owner: "ours" as const,
        workspaceId,
        attempt,
        runtime,
        createdAt: startedAt,
        state: found.exitCode === null ? ("running" as const) : ("stopped" as const),
        url: null,
      }),
    );
    return { state: "known", objects };
  }

  async #start(
    spec: LaunchSpec,
    run: {
      readonly command: readonly string[];
      readonly workingDirectory: string;
      readonly env: Readonly<Record<string, string>>;
      readonly folder: WorkspaceFolder;
    },
  ): Promise<WorkspaceProcess> {
    const { clock, log } = this.#options;
    const output = new CappedLog({
      path: run.folder.logFile,
      capBytes: LOG_CAP_BYTES,
      onFault: (error) => {
        const { workspaceId } = spec;
        log.warn(`the output of a workspace's process is no longer kept: ${messageOf(error)}`, {
          workspaceId,
        });
      },
    });
    try {
      // A log tells of one attempt, as a container's does.
      await discardLog(run.folder.logFile);
      return await WorkspaceProcess.start({ ...run, output, clock });
    } catch (error) {
      const { name: template } = spec.template;
      throw runtimeErrors.COMMAND_NOT_STARTED({ template, reason: messageOf(error) }, { cause: error });
    }
  }

  #tellEnd({ workspaceId, attempt }: LaunchSpec, started: WorkspaceProcess): void {
    void started.ended.then(() => {
      const { exitCode, stopped } = started;
      if (!stopped)
        this.#options.log.warn("a workspace's process has ended", { workspaceId, attempt, exitCode });
    });
  }

  #folder(workspaceId: string): WorkspaceFolder {
    return new WorkspaceFolder(this.#options.dataDir, workspaceId);
  }
}

function isolationNotices({ tier, workspaceDir }: LaunchSpec): string[] {
  return [
    ...(tier <= 2 ? [`a local process is not isolated: the limits of tier ${tier} do not hold`] : []),
    ...(workspaceDir?.readOnly === true
      ? [`a local process can write where its user can: ${workspaceDir.path} is not read-only to it`]
      : []),
  ];
}

/** @throws PROCESS_RUNTIME_UNSUPPORTED */
function assertSupported(): void {
  if (process.platform === "win32") {
    throw runtimeErrors.PROCESS_RUNTIME_UNSUPPORTED({ platform: process.platform });
  }
}
