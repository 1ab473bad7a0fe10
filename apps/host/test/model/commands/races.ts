import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { compare } from "../compare.js";
import { subtree, type Model, type ModelWorkspace } from "../model.js";
import type { Answer, World } from "../world.js";
import { signOfLife, type Sign } from "./agents.js";
import { OnWorkspace, touchEngine } from "./command.js";
import { untilStopped } from "./operators.js";

const LIVE = ["provisioning", "online", "degraded", "offline", "failed", "paused"];

/** What an operator asks for. */
export type Request = "restart" | "pause" | "delete";

/** An operator's request, which may be refused. */
export async function request(world: World, asked: Request, workspaceId: string): Promise<Answer> {
  return asked === "delete"
    ? await world.api("DELETE", `/workspaces/${workspaceId}?confirm=true`)
    : await world.api("POST", `/workspaces/${workspaceId}/${asked}`, {});
}

/** The workspaces that a request changes, and what it makes of them. */
export function outcome(
  model: Model,
  asked: Request,
  workspace: ModelWorkspace,
): Map<ModelWorkspace, readonly string[]> {
  if (asked === "restart") return new Map([[workspace, ["provisioning"]]]);
  const status = asked === "pause" ? "paused" : "removed";
  return new Map(subtree(model, workspace).map((each) => [each, [status]]));
}

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

/** An agent calls with a good token; before its call comes to write, an operator's request is done. */
export class Overtaken extends OnWorkspace {
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
