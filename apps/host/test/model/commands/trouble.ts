import { randomUUID } from "node:crypto";
import { refusal, type Fault } from "@molecule/test/support/engine-faults.js";
import { compare } from "../compare.js";
import { subtree, type Model, type ModelWorkspace } from "../model.js";
import type { World } from "../world.js";
import { OnWorkspace, type Command } from "./command.js";
import { timePasses } from "./sweeps.js";

/** A call's fault: refused, done without an answer, not done and no answer either, or late. */
export type FaultKind = "refuse" | "lose" | "drop" | "slow";

/** The fault, as the proxy takes it. */
export function faultOf(kind: FaultKind): Fault {
  switch (kind) {
    case "refuse":
      return refusal(500, "the engine has a fault of the test");
    case "slow":
      return { kind: "delay", ms: 20 };
    default:
      return { kind };
  }
}

/** A container is killed from outside. */
export class Kill extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const own = (await world.view.containers()).find(
      ({ workspaceId, running }) => running && workspaceId === workspace.id,
    );
    if (own === undefined || !(await world.view.kill(own.id))) return;
    workspace.crashed = true;
    await compare(model, world);
  }
}

/** Somebody edits the database: nothing but the sweeper can learn of the leak. */
export class LeakByHand extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const tree = subtree(model, workspace);
    const ids = tree.map(({ id }) => id);
    await world.query("update workspaces set status = 'removed' where id = any($1::uuid[])", [ids]);
    model.unswept = true;
    await compare(model, world, new Map(tree.map((each) => [each, ["removed"]])));
  }
}

/** Something of this installation turns up in the engine whose row may come later, or never. */
export class PlantOrphan implements Command {
  readonly #isOld: boolean;

  constructor(isOld: boolean) {
    this.#isOld = isOld;
  }

  /** More at a time would blow the sweep's fuse. */
  check(model: Readonly<Model>): boolean {
    return model.orphans.length < 2;
  }

  async run(model: Model, world: World): Promise<void> {
    const workspaceId = randomUUID();
    const createdAt = await world.view.plant(workspaceId);
    const bornAt = world.clock.monotonic() - (world.engine.now() - createdAt);
    model.orphans = [...model.orphans, { workspaceId, bornAt, seen: false }];
    if (this.#isOld) await timePasses(model, world);
    await compare(model, world);
  }

  toString(): string {
    return `PlantOrphan(${this.#isOld ? "old" : "young"})`;
  }
}

/** From now on one call of several goes wrong. */
export class BreakEngine implements Command {
  readonly #kind: FaultKind;
  readonly #every: number;

  constructor(kind: FaultKind, every: number) {
    this.#kind = kind;
    this.#every = every;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, world: World): Promise<void> {
    let calls = 0;
    world.trouble = () => ((calls += 1) % this.#every === 0 ? faultOf(this.#kind) : undefined);
    model.slow = this.#kind === "slow";
    model.faulty = !model.slow;
    if (model.faulty) model.unswept = true;
    return Promise.resolve();
  }

  toString(): string {
    return `BreakEngine(${this.#kind}, every ${this.#every})`;
  }
}

/** Nothing goes wrong any more. */
export class MendEngine implements Command {
  check(model: Readonly<Model>): boolean {
    return model.faulty || model.slow;
  }

  async run(model: Model, world: World): Promise<void> {
    mend(model, world);
    await compare(model, world);
  }

  toString(): string {
    return "MendEngine()";
  }
}

/** As {@link MendEngine}, without a look. */
export function mend(model: Model, world: World): void {
  world.trouble = () => undefined;
  model.faulty = false;
  model.slow = false;
}
