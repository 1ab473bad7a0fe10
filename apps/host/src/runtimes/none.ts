import type {
  ContainerRuntime,
  EngineContainer,
  EngineInventory,
  EngineListing,
  EngineVolume,
  LaunchedWith,
  LaunchResult,
  Presence,
  RuntimeHealth,
  WorkspaceTemplate,
} from "@molecule/core";
import { runtimeErrors } from "../errors/runtimes.js";

/** Stands in where workspaces can't be run: only external ones live here. */
export class NoneRuntime implements ContainerRuntime {
  readonly kind = "none";
  readonly platformHost = "127.0.0.1";
  readonly replacement = null;
  readonly inventory: EngineInventory;
  readonly #reason: string;

  /** @param reason why there is no other, for the readiness report */
  constructor(reason: string) {
    this.#reason = reason;
    this.inventory = new NoInventory(reason);
  }

  check(): Promise<RuntimeHealth> {
    return Promise.resolve({ available: false, reason: this.#reason });
  }

  fileRoot(): string {
    return "";
  }

  /** Empty: the environment can be previewed where nothing can be launched. */
  baseEnvironment(_template: WorkspaceTemplate): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({});
  }

  /** @throws NO_CONTAINER_RUNTIME */
  launch(): Promise<LaunchResult> {
    return Promise.reject(runtimeErrors.NO_CONTAINER_RUNTIME({}));
  }

  /** Unknown: what an earlier configuration has started may still run. */
  observe(): Promise<Presence> {
    return Promise.resolve({ state: "unknown", reason: this.#reason });
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  removeVolumes(): Promise<void> {
    return Promise.resolve();
  }

  logs(): Promise<string | null> {
    return Promise.resolve(null);
  }

  launchedWith(): Promise<LaunchedWith | null> {
    return Promise.resolve(null);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Knows of nothing: what an earlier configuration has started may still be there. */
class NoInventory implements EngineInventory {
  readonly #reason: string;

  constructor(reason: string) {
    this.#reason = reason;
  }

  listContainers(): Promise<EngineListing<EngineContainer>> {
    return Promise.resolve({ state: "unknown", reason: this.#reason });
  }

  listVolumes(): Promise<EngineListing<EngineVolume>> {
    return Promise.resolve({ state: "unknown", reason: this.#reason });
  }

  /** @throws NO_CONTAINER_RUNTIME, as do the others */
  now(): Promise<number> {
    return Promise.reject(runtimeErrors.NO_CONTAINER_RUNTIME({}));
  }

  removeContainer(): Promise<void> {
    return Promise.reject(runtimeErrors.NO_CONTAINER_RUNTIME({}));
  }

  removeVolume(): Promise<void> {
    return Promise.reject(runtimeErrors.NO_CONTAINER_RUNTIME({}));
  }
}
