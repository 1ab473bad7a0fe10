import { HookRegistry, type Registered } from "../registry.js";
import type { BootStage, BootTask } from "./types.js";

/** The boot tasks. */
export class BootTaskRegistry extends HookRegistry<BootTask> {
  constructor() {
    super("boot task");
  }

  /** The tasks of one stage with their owners, in order. */
  ofStage(stage: BootStage): Registered<BootTask>[] {
    return this.entries().filter((entry) => entry.contribution.stage === stage);
  }
}
