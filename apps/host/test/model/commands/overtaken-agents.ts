import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import type { Model, ModelWorkspace } from "../model.js";
import type { World } from "../world.js";
import { signOfLife, type Sign } from "./agents.js";
import { OnWorkspace } from "./command.js";
import { untilStopped } from "./operators.js";
import { outcome, request, type Request } from "./requests.js";

/** An agent calls with a good token; before its call comes to write, an operator's request is done. */
export class OvertakeAgent extends OnWorkspace {
  readonly #sign: Sign;
  readonly #by: Request;

  constructor(pick: number, sign: Sign, by: Request) {
    super(pick);
    this.#sign = sign;
    this.#by = by;
  }

  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const { id, token, parent } = workspace;
    const hasToken = token !== null && !["failed", "paused"].includes(workspace.status);
    if (model.faulty || model.slow || !hasToken || parent?.status === "paused") return;
    const unlock = await world.lockRow(id);
    const asked = request(world, this.#by, id);
    await waitersAre(1, world);
    const sign = signOfLife(world, this.#sign, id, token);
    await waitersAre(2, world);
    await unlock();
    expect((await asked).status).to.equal(200);
    const { status } = await sign;
    // A pause leaves the attempt as it is, and a heartbeat of it changes no status.
    const isHarmless = this.#by === "pause" && this.#sign === "heartbeat";
    expect(isHarmless ? [200, 401] : [401, 404], `${this.#sign} after ${this.#by}`).to.include(status);
    const expected = outcome(model, this.#by, workspace);
    await untilStopped(model, world, expected);
  }

  protected override details(): string {
    return `${this.#sign} by ${this.#by}`;
  }
}

async function waitersAre(count: number, world: World): Promise<void> {
  await eventually(async () => (await world.waiting()) >= count, {
    what: `${count} transaction(s) wait for the row`,
    intervalMs: 5,
  });
}
