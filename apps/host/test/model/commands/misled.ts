import { expect } from "chai";
import { compare } from "../compare.js";
import type { Model, ModelWorkspace } from "../model.js";
import type { World } from "../world.js";
import { OnWorkspace } from "./command.js";
import { outcome, request, type Request } from "./requests.js";
import { sweep } from "./sweeps.js";
import { BreakEngine, mend, PlantLeftover, type ListFault } from "./trouble.js";

/**
 * A workspace has an older container, which may be all that the engine's lists tell of it while they are gone by: they
 * are taken for no proof of an absence.
 */
export class Mislead extends OnWorkspace {
  readonly #kind: ListFault;
  readonly #what: "sweep" | Request;

  constructor(pick: number, kind: ListFault, what: "sweep" | Request) {
    super(pick);
    this.#kind = kind;
    this.#what = what;
  }

  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    if (model.faulty || workspace.parent?.status === "paused") return;
    await new PlantLeftover(0).on(workspace, model, world);
    await new BreakEngine(this.#kind, 1).run(model, world);
    if (this.#what === "sweep") {
      await sweep(model, world);
    } else {
      const { status, body } = await request(world, this.#what, workspace.id);
      expect(status, JSON.stringify(body)).to.equal(200);
      await compare(model, world, outcome(model, this.#what, workspace));
    }
    mend(model, world);
    await sweep(model, world);
  }

  protected override details(): string {
    return `${this.#what}, ${this.#kind}`;
  }
}
