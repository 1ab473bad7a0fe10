import { expect } from "chai";
import { subtree, type Model, type ModelWorkspace } from "../model.js";
import type { World } from "../world.js";
import { signOfLife } from "./agents.js";
import { OnWorkspace, touchEngine } from "./command.js";
import { untilStopped } from "./operators.js";
import { request } from "./requests.js";

const LIVE = ["provisioning", "online", "degraded", "offline", "failed", "paused"];

/** Several clients at once; a deletion among them wins. */
export class Race extends OnWorkspace {
  readonly #withDelete: boolean;

  constructor(pick: number, withDelete: boolean) {
    super(pick);
    this.#withDelete = withDelete;
  }

  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const { id, token } = workspace;
    const tree = subtree(model, workspace);
    const asked = [
      request(world, "restart", id),
      request(world, "pause", id),
      request(world, "restart", id),
      world.api("POST", `/workspaces/${id}/resume`, {}),
      ...(token === null ? [] : [signOfLife(world, "heartbeat", id, token)]),
      ...(this.#withDelete ? [request(world, "delete", id)] : []),
    ];
    for (const { status, body } of await Promise.all(asked)) {
      const allowed = model.faulty ? [200, 401, 404, 409, 500] : [200, 401, 404, 409];
      expect(allowed, JSON.stringify(body)).to.include(status);
    }
    touchEngine(model);
    const expected = new Map(tree.map((each) => [each, this.#withDelete ? ["removed"] : LIVE]));
    await untilStopped(model, world, expected);
  }

  protected override details(): string {
    return this.#withDelete ? "with a deletion" : "";
  }
}
