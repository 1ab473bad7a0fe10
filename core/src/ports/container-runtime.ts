import type { InjectionToken } from "tsyringe";
import type { Logger } from "./logger.js";

/** Which driver runs workspaces. */
export type ContainerRuntimeKind = "docker" | "process" | "none";

/** Isolation and size class of a workspace, 1 (tightest) to 4; see docs/operating.md. */
export type Tier = 1 | 2 | 3 | 4;

/** A workspace template of the manifest: what a workspace of the runtime `name` is made from. */
export interface WorkspaceTemplate {
  /** The workspace's `runtime`, e.g. `claude-code`. */
  readonly name: string;
  /** Image reference for the `docker` container runtime. */
  readonly image?: string | undefined;
  /** Program and arguments for the `process` container runtime; parts that start with `./` are relative to the manifest. */
  readonly command?: readonly string[] | undefined;
  /** How to build `image` where it is missing; `context` is relative to the manifest. */
  readonly build?:
    | {
        readonly context: string;
        readonly dockerfile?: string | undefined;
        readonly args?: Readonly<Record<string, string>> | undefined;
      }
    | undefined;
  /** Seconds that a workspace may stay in provisioning. */
  readonly provisionTimeoutSeconds?: number | undefined;
}

/** A file that must be in place before the workspace's process starts. */
export interface LaunchFile {
  /** Absolute POSIX path inside the workspace. */
  readonly path: string;
  /** Permission bits, e.g. `0o755`. */
  readonly mode: number;
  readonly content: string | Uint8Array;
}

/** Everything needed to start one attempt of one workspace. */
export interface LaunchSpec {
  readonly workspaceId: string;
  /** Number of this provision of the workspace; fences late actors. */
  readonly attempt: number;
  /** What people call the workspace. */
  readonly name: string;
  readonly template: WorkspaceTemplate;
  readonly tier: Tier;
  /** What is added to the base environment, or differs from it. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables of the base environment that the workspace must not have. */
  readonly unsetEnv: readonly string[];
  readonly files: readonly LaunchFile[];
  /** A folder of the machine to mount as `/workspace`, in place of the workspace's own volume. */
  readonly workspaceDir?: { readonly path: string; readonly readOnly: boolean } | undefined;
  /** Drop the stored agent session before start. */
  readonly resetSession: boolean;
  /** An older attempt whose container is left as it is; all others go. See {@link ContainerReplacement}. */
  readonly keepAttempt?: number | undefined;
}

/** An image as the engine has it. */
export interface ImageIdentity {
  /** `sha256:…`, of this machine's platform. */
  readonly id: string;
  /** Digest in its registry, `sha256:…`; null for one that was built here. */
  readonly digest: string | null;
}

/** What a launch brought up. */
export interface LaunchResult {
  /** Exact id: container id or process id. */
  readonly handle: string;
  /** `ws-<first 12 of id>`. */
  readonly name: string;
  /** Where the agent's port is published on this machine, or null where the agent says so itself. */
  readonly url: string | null;
  /** What differs from what was asked for, e.g. a tier's isolation that this installation does not allow. */
  readonly notices: readonly string[];
  /** What it runs; null where the driver has no images. */
  readonly image: ImageIdentity | null;
}

/**
 * What is known of a workspace's container. Only `absent` lets anything be concluded; an error of the engine
 * is `unknown`.
 */
export type Presence =
  | {
      readonly state: "present";
      readonly running: boolean;
      readonly attempt: number;
      readonly handle: string;
      readonly exitCode: number | null;
      /** As {@link LaunchResult.url}, now: an engine that restarts a container publishes it on another port. */
      readonly url: string | null;
    }
  | { readonly state: "absent" }
  | { readonly state: "unknown"; readonly reason: string };

/** What is known of the container of one attempt; as {@link Presence}. */
export type AttemptPresence =
  | {
      readonly state: "present";
      readonly running: boolean;
      readonly handle: string;
      readonly exitCode: number | null;
      /** How often the engine has started it again by itself. */
      readonly restarts: number;
      /** Id of the image that it was made from. */
      readonly imageId: string;
      /** Its image asks to be left alone by rollouts: it carries the label `molecule.rollout.opt-out=true`. */
      readonly optsOut: boolean;
    }
  | { readonly state: "absent" }
  | { readonly state: "unknown"; readonly reason: string };

/** Whether the driver can start workspaces now. */
export type RuntimeHealth =
  | { readonly available: true; readonly detail: string }
  | { readonly available: false; readonly reason: string };

/** Options of a driver call. */
export interface RuntimeCall {
  /** Bounds the call; an abort leaves nothing half made where the driver can help it. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * Puts a container in the place of another one of the same workspace, with a way back: the older one is stopped and
 * kept until the newer one has proven itself. Each call may be repeated; what is done already is fine.
 */
export interface ContainerReplacement {
  /** What is known of the attempt's container; never throws. */
  observeAttempt(workspaceId: string, attempt: number, call: RuntimeCall): Promise<AttemptPresence>;
  /** Stops the attempt's container and keeps it out of the way. Absent is success. */
  stopKeeping(workspaceId: string, attempt: number, call: RuntimeCall): Promise<void>;
  /**
   * Starts the attempt's container, which was kept, after putting `files` into it.
   * @throws also when it is not there any more
   */
  startKept(
    workspaceId: string,
    attempt: number,
    files: readonly LaunchFile[],
    call: RuntimeCall,
  ): Promise<LaunchResult>;
  /** Stops and removes the containers of this attempt and of no other. Absent is success. */
  removeAttempt(workspaceId: string, attempt: number, call: RuntimeCall): Promise<void>;
  /** The image of this reference or id; null when the engine does not have it. */
  identifyImage(reference: string, call: RuntimeCall): Promise<ImageIdentity | null>;
}

/** What a workspace's container was launched with. */
export interface LaunchedWith {
  readonly env: Readonly<Record<string, string>>;
  /** Texts of the files that were asked for, by path, as far as they are there. */
  readonly files: Readonly<Record<string, string>>;
}

/** Runs workspaces. Touches only objects that carry this installation's instance id. */
export interface ContainerRuntime {
  readonly kind: ContainerRuntimeKind;
  /** Whether the driver can start workspaces now; never throws. */
  check(signal: AbortSignal): Promise<RuntimeHealth>;
  /** Prefix of a workspace's file paths as its process sees them: empty in a container, its folder as a process. */
  fileRoot(workspaceId: string): string;
  /** Host name by which a workspace reaches this machine. */
  readonly platformHost: string;
  /**
   * The environment that a workspace has before anything is added: of the image, or of a bare process.
   * @param options - `localOnly`: fetch no image that is missing; its environment is then empty
   */
  baseEnvironment(
    template: WorkspaceTemplate,
    call: RuntimeCall,
    options?: { readonly localOnly: boolean },
  ): Promise<Readonly<Record<string, string>>>;
  /**
   * Starts `spec`, after removing older attempts of the same workspace but the one to keep. Files are in place before the process
   * starts. A launch that fails leaves no container of its attempt.
   */
  launch(spec: LaunchSpec, call: RuntimeCall): Promise<LaunchResult>;
  /** What is known of the workspace's newest container; never throws. */
  observe(workspaceId: string, call: RuntimeCall): Promise<Presence>;
  /**
   * Stops and removes every container of the workspace, up to and including attempt `upToAttempt` when given.
   * Absent is success.
   */
  stop(workspaceId: string, call: RuntimeCall & { readonly upToAttempt?: number }): Promise<void>;
  /** Removes every volume of the workspace. Absent is success; one in use is an error. */
  removeVolumes(workspaceId: string, call: RuntimeCall): Promise<void>;
  /** The last `lines` log lines, unmasked; null where the driver keeps none. */
  logs(workspaceId: string, lines: number, call: RuntimeCall): Promise<string | null>;
  /**
   * What the workspace's newest container was launched with: a host that did not launch it learns from this what it
   * has to mask. Null where there is no container, or where it ends with the host that launched it.
   */
  launchedWith(
    workspaceId: string,
    files: readonly string[],
    call: RuntimeCall,
  ): Promise<LaunchedWith | null>;
  /** How containers are replaced with a way back; null where the driver can't. */
  readonly replacement: ContainerReplacement | null;
  /** Ends what the driver itself holds: connections, and processes that end with the host. */
  close(): Promise<void>;
}

/** Resolves to the host's {@link ContainerRuntime}. */
export const CONTAINER_RUNTIME: InjectionToken<ContainerRuntime> = Symbol.for(
  "@molecule/port/container-runtime",
);
