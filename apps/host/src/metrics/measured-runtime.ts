import type {
  Clock,
  ContainerReplacement,
  ContainerRuntime,
  ContainerRuntimeKind,
  LaunchedWith,
  LaunchResult,
  LaunchSpec,
  Presence,
  RuntimeCall,
  RuntimeHealth,
  WorkspaceTemplate,
} from "@molecule/core";
import { measureCall } from "./measured-call.js";
import type { EngineRun } from "./workspace-metrics.js";

/** A container runtime whose calls are told. An answer that says that the engine can't be asked is a failure. */
export class MeasuredRuntime implements ContainerRuntime {
  readonly #runtime: ContainerRuntime;
  readonly #clock: Clock;
  readonly #onCall: (run: EngineRun) => void;

  constructor(runtime: ContainerRuntime, clock: Clock, onCall: (run: EngineRun) => void) {
    this.#runtime = runtime;
    this.#clock = clock;
    this.#onCall = onCall;
  }

  get kind(): ContainerRuntimeKind {
    return this.#runtime.kind;
  }

  get platformHost(): string {
    return this.#runtime.platformHost;
  }

  fileRoot(workspaceId: string): string {
    return this.#runtime.fileRoot(workspaceId);
  }

  check(signal: AbortSignal): Promise<RuntimeHealth> {
    return this.#measure(
      "check",
      () => this.#runtime.check(signal),
      ({ available }) => available,
    );
  }

  baseEnvironment(
    template: WorkspaceTemplate,
    call: RuntimeCall,
    options?: { readonly localOnly: boolean },
  ): Promise<Readonly<Record<string, string>>> {
    return this.#measure("base-environment", () => this.#runtime.baseEnvironment(template, call, options));
  }

  launch(spec: LaunchSpec, call: RuntimeCall): Promise<LaunchResult> {
    return this.#measure("launch", () => this.#runtime.launch(spec, call));
  }

  observe(workspaceId: string, call: RuntimeCall): Promise<Presence> {
    return this.#measure(
      "observe",
      () => this.#runtime.observe(workspaceId, call),
      ({ state }) => state !== "unknown",
    );
  }

  stop(workspaceId: string, call: RuntimeCall & { readonly upToAttempt?: number }): Promise<void> {
    return this.#measure("stop", () => this.#runtime.stop(workspaceId, call));
  }

  removeVolumes(workspaceId: string, call: RuntimeCall): Promise<void> {
    return this.#measure("remove-volumes", () => this.#runtime.removeVolumes(workspaceId, call));
  }

  logs(workspaceId: string, lines: number, call: RuntimeCall): Promise<string | null> {
    return this.#measure("logs", () => this.#runtime.logs(workspaceId, lines, call));
  }

  launchedWith(
    workspaceId: string,
    files: readonly string[],
    call: RuntimeCall,
  ): Promise<LaunchedWith | null> {
    return this.#measure("launched-with", () => this.#runtime.launchedWith(workspaceId, files, call));
  }

  get replacement(): ContainerReplacement | null {
    const inner = this.#runtime.replacement;
    if (inner === null) return null;
    return {
      observeAttempt: (workspaceId, attempt, call) =>
        this.#measure(
          "observe-attempt",
          () => inner.observeAttempt(workspaceId, attempt, call),
          ({ state }) => state !== "unknown",
        ),
      stopKeeping: (workspaceId, attempt, call) =>
        this.#measure("stop-keeping", () => inner.stopKeeping(workspaceId, attempt, call)),
      startKept: (workspaceId, attempt, files, call) =>
        this.#measure("start-kept", () => inner.startKept(workspaceId, attempt, files, call)),
      removeAttempt: (workspaceId, attempt, call) =>
        this.#measure("remove-attempt", () => inner.removeAttempt(workspaceId, attempt, call)),
      identifyImage: (reference, call) =>
        this.#measure("identify-image", () => inner.identifyImage(reference, call)),
    };
  }

  close(): Promise<void> {
    return this.#runtime.close();
  }

  #measure<T>(call: string, work: () => Promise<T>, isGood?: (answer: T) => boolean): Promise<T> {
    const measurement = { driver: this.kind, clock: this.#clock, onCall: this.#onCall };
    return measureCall(measurement, call, work, isGood);
  }
}
