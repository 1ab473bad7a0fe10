import { compare } from "../compare.js";
import { checkOrphans } from "../invariants.js";
import { living, type Expected, type Model, type ModelWorkspace } from "../model.js";
import { SWEEPS, type SweepName, type World } from "../world.js";
import type { Command } from "./command.js";

/** Longer than any grace, and than the deadline of a provision. */
const LONG_MINUTES = 11;

/** A round of sweeps. */
export class Sweep implements Command {
  check(): boolean {
    return true;
  }

  async run(model: Model, world: World): Promise<void> {
    await sweep(model, world);
  }

  toString(): string {
    return "Sweep()";
  }
}

/** Somebody sets the wall clock. */
export class JumpClock implements Command {
  readonly #hours: number;

  constructor(hours: number) {
    this.#hours = hours;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, world: World): Promise<void> {
    await world.jump(this.#hours * 3_600_000);
    await sweep(model, world);
  }

  toString(): string {
    return `JumpClock(${this.#hours} h)`;
  }
}

/** Nothing happens for longer than any grace. */
export class TimePasses implements Command {
  check(): boolean {
    return true;
  }

  async run(model: Model, world: World): Promise<void> {
    await timePasses(model, world);
    await sweep(model, world);
  }

  toString(): string {
    return `TimePasses(${LONG_MINUTES} min)`;
  }
}

/** From now on the provisions that are under way have had their time. */
export async function timePasses(model: Model, world: World): Promise<void> {
  await world.age(LONG_MINUTES);
  for (const workspace of living(model)) workspace.overdue = workspace.status === "provisioning";
}

/** What a pass of the sweeps may make of each workspace. */
export function afterSweep(model: Model): Expected {
  const expected = new Map<ModelWorkspace, readonly string[]>();
  for (const workspace of living(model)) {
    const { status, overdue } = workspace;
    if (overdue) expected.set(workspace, ["failed"]);
    // What a faulty engine says of a container leaves it unknown: nothing follows from that.
    else if (isLost(workspace)) {
      expected.set(workspace, [...(model.faulty ? [status, "failed"] : []), "offline", "provisioning"]);
    } else if (status === "provisioning" && model.faulty) {
      // One that was postponed, or lost its container, is tried again; the engine may refuse it then.
      expected.set(workspace, ["provisioning", "failed"]);
    } else if (status === "offline") {
      expected.set(workspace, ["offline", "provisioning", ...(model.faulty ? ["failed"] : [])]);
    }
  }
  return expected;
}

/** A round of sweeps. Two of them set everything right that a fault has left, once the fault is over. */
export async function sweep(model: Model, world: World): Promise<void> {
  const expected = afterSweep(model);
  for (let round = 0; round < (model.faulty ? 1 : 2); round += 1) {
    for (const loop of SWEEPS) await tick(loop, model, world);
    await world.settled();
  }
  if (!model.faulty) model.unswept = false;
  await compare(model, world, expected, { sameDeadlines: true });
}

async function tick(loop: SweepName, model: Model, world: World): Promise<void> {
  await world.tick(loop);
  if (loop === "orphan-sweeper") await noteOrphans(model, world);
}

/** After a pass of the orphan sweep: what it had seen before may be gone from now on. */
export async function noteOrphans(model: Model, world: World): Promise<void> {
  if (model.orphans.length === 0) return;
  const containers = await world.view.containers();
  checkOrphans(model, world, containers);
  const there = new Set(containers.map(({ workspaceId }) => workspaceId));
  for (const orphan of model.orphans) orphan.seen = true;
  model.orphans = model.orphans.filter(({ workspaceId }) => there.has(workspaceId));
}

function isLost({ status, crashed }: ModelWorkspace): boolean {
  return crashed && ["online", "degraded"].includes(status);
}
