import { showValue, type Fault } from "../../coded-error.js";
import { errors } from "../../errors.js";
import { MAX_TIMER_MS } from "../background-loops/types.js";
import {
  HookRegistry,
  HOST_OWNER,
  type ContributionOwner,
  type Disposer,
  type Registered,
} from "../registry.js";
import { BOOT_STAGES, type BootStage, type BootTask } from "./types.js";

/** The boot tasks. */
export class BootTaskRegistry extends HookRegistry<BootTask> {
  readonly #begun = new Set<BootStage>();

  constructor() {
    super("boot task");
  }

  /** @throws BOOT_TASK_INVALID with every fault of the task */
  override add(task: BootTask, owner: ContributionOwner = HOST_OWNER): Disposer {
    const faults: Fault[] = [];
    const expect = (path: keyof BootTask, isAllowed: boolean, allowed: string) => {
      if (!isAllowed) faults.push({ path, found: showValue(Reflect.get(task, path)), allowed });
    };
    const { stage, required, timeoutMs = MAX_TIMER_MS } = task;
    expect("stage", BOOT_STAGES.includes(stage), BOOT_STAGES.map((each) => `"${each}"`).join(", "));
    expect("run", typeof task.run === "function", "a function");
    expect("required", required === undefined || typeof required === "boolean", "true, false or nothing");
    const isDelay = typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs <= MAX_TIMER_MS;
    expect("timeoutMs", isDelay, `more than 0 and at most ${MAX_TIMER_MS} ms`);
    if (faults.length > 0)
      throw errors.BOOT_TASK_INVALID({ plugin: owner.plugin, task: showValue(task.name), faults });
    return super.add(task, owner);
  }

  /** The tasks of one stage with their owners, in order. */
  ofStage(stage: BootStage): Registered<BootTask>[] {
    return this.entries().filter((entry) => entry.contribution.stage === stage);
  }

  /** Takes note that the stage's tasks are being run: one that is added from now on misses them. */
  begin(stage: BootStage): void {
    this.#begun.add(stage);
  }

  hasBegun(stage: BootStage): boolean {
    return this.#begun.has(stage);
  }
}
