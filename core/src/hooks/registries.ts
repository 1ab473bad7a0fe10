import type { BackgroundLoopRegistry } from "./background-loops/registry.js";
import type { LoopSupervisor } from "./background-loops/supervisor.js";
import type { BootTaskRegistry } from "./boot-tasks/registry.js";
import type { EnvMutatorRegistry } from "./env-mutators/registry.js";

/** The shared registries, and the supervisor that ticks what is registered as a loop. */
export interface HookRegistries {
  readonly envMutators: EnvMutatorRegistry;
  readonly bootTasks: BootTaskRegistry;
  readonly loops: BackgroundLoopRegistry;
  readonly supervisor: LoopSupervisor;
}
