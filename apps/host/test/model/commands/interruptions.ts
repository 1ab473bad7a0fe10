import { closedGate, type SeenRequest } from "@molecule/test/support/engine-faults.js";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { compare } from "../compare.js";
import type { Model, ModelWorkspace } from "../model.js";
import type { World } from "../world.js";
import { OnWorkspace } from "./command.js";
import { STEPS, type LaunchStep } from "./launches.js";
import { request } from "./requests.js";
import { sweep } from "./sweeps.js";

/** When a launch's call is cut: before the engine has heard of it, or when it has done it and not said so. */
export type Moment = "before" | "after";

/**
 * Every call is cut, one of a launch among them, or the engine itself stopped and started again. Whoever runs then is
 * found at another address, by the sweeps.
 */
export class InterruptEngine extends OnWorkspace {
  readonly #step: LaunchStep;
  readonly #moment: Moment;

  constructor(pick: number, step: LaunchStep, moment: Moment) {
    super(pick);
    this.#step = step;
    this.#moment = moment;
  }

  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    if (model.faulty || workspace.parent?.status === "paused") return;
    const gate = closedGate();
    let held: SeenRequest | undefined;
    const [method, path] = STEPS[this.#step];
    world.trouble = (call) => {
      if (held !== undefined || call.method !== method || !path.test(call.path)) return undefined;
      held = call;
      return this.#moment === "after"
        ? { kind: "hold", until: gate.opened }
        : { kind: "stall", until: gate.opened, then: { kind: "drop" } };
    };
    expect((await request(world, "restart", workspace.id)).status).to.equal(200);
    const { answered } = world.engine.proxy;
    const isReached = () => held !== undefined && (this.#moment === "before" || answered.includes(held));
    await eventually(isReached, { what: `the launch's ${this.#step}`, timeoutMs: 60_000, intervalMs: 5 });
    world.engine.interrupt();
    gate.open();
    await world.settled();
    world.trouble = () => undefined;
    model.slow = false;
    model.unswept = true;
    await compare(model, world, new Map([[workspace, ["provisioning", "failed"]]]));
    await sweep(model, world);
  }

  protected override details(): string {
    return `${this.#moment} ${this.#step}`;
  }
}
