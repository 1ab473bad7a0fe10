import { closedGate, refusal } from "@molecule/test/support/engine-faults.js";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { compare } from "../compare.js";
import { subtree, type Model, type ModelWorkspace } from "../model.js";
import type { World } from "../world.js";
import { OnWorkspace } from "./command.js";
import { request } from "./requests.js";
import { faultOf, type FaultKind } from "./trouble.js";

/** The steps of a launch that are one call each. */
export const STEPS = {
  image: ["GET", /^\/images\/.+\/json$/],
  create: ["POST", /^\/containers\/create$/],
  files: ["PUT", /^\/containers\/[^/]+\/archive$/],
  start: ["POST", /^\/containers\/[^/]+\/start$/],
} as const;

/** Name of such a step. */
export type LaunchStep = keyof typeof STEPS;

/** One call of a launch goes wrong, on an engine that is well otherwise: the launch takes back what it has made. */
export class FailLaunch extends OnWorkspace {
  readonly #step: LaunchStep;
  readonly #kind: Exclude<FaultKind, "slow">;

  constructor(pick: number, step: LaunchStep, kind: Exclude<FaultKind, "slow">) {
    super(pick);
    this.#step = step;
    this.#kind = kind;
  }

  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    if (model.faulty || workspace.parent?.status === "paused") return;
    const [method, path] = STEPS[this.#step];
    let left = 1;
    world.trouble = (call) => {
      if (left === 0 || call.method !== method || !path.test(call.path)) return undefined;
      left -= 1;
      return faultOf(this.#kind);
    };
    expect((await request(world, "restart", workspace.id)).status).to.equal(200);
    await world.settled();
    expect(left, "calls that were to go wrong").to.equal(0);
    world.trouble = () => undefined;
    model.slow = false;
    // Of a launch that failed early the container of the attempt before is left, for a sweep.
    model.unswept = true;
    await compare(model, world, new Map([[workspace, ["provisioning", "failed"]]]));
    const current = (await world.view.containers()).filter(
      ({ workspaceId, attempt }) => workspaceId === workspace.id && attempt === workspace.attempt,
    );
    const isUp = workspace.status === "provisioning";
    expect(current.filter(({ running }) => !(isUp && running))).to.deep.equal([]);
  }

  protected override details(): string {
    return `${this.#kind} ${this.#step}`;
  }
}

/** What another host makes of a workspace. */
export type Turn = "failed" | "paused" | "removed";

/** While a container comes up, another host writes the row, whose notice of it is lost: the container is taken back. */
export class MoveOnMeanwhile extends OnWorkspace {
  readonly #turn: Turn;
  readonly #fails: boolean;

  constructor(pick: number, turn: Turn, fails: boolean) {
    super(pick);
    this.#turn = turn;
    this.#fails = fails;
  }

  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    if (model.faulty || workspace.parent?.status === "paused") return;
    const { id } = workspace;
    const gate = closedGate();
    let isHeld = false;
    const [method, path] = STEPS.start;
    world.trouble = (call) => {
      if (isHeld || call.method !== method || !path.test(call.path)) return undefined;
      isHeld = true;
      const then = this.#fails ? refusal(500, "the engine has a fault of the test") : undefined;
      return { kind: "stall", until: gate.opened, ...(then === undefined ? {} : { then }) };
    };
    expect((await request(world, "restart", id)).status).to.equal(200);
    await eventually(() => isHeld, { what: "the start of a container", timeoutMs: 60_000 });
    const tree = this.#turn === "failed" ? [workspace] : subtree(model, workspace);
    await writeTurn(world, this.#turn, tree);
    gate.open();
    const isGone = async () => (await world.view.containers()).every(({ workspaceId }) => workspaceId !== id);
    await eventually(isGone, { what: "the container is taken back", timeoutMs: 60_000 });
    world.trouble = () => undefined;
    model.slow = false;
    model.unswept = true;
    await compare(model, world, new Map(tree.map((each) => [each, [this.#turn]])));
  }

  protected override details(): string {
    return `${this.#turn}, ${this.#fails ? "and the start fails" : "and the start succeeds"}`;
  }
}

/** As the other host's transition does. */
async function writeTurn(world: World, turn: Turn, tree: readonly ModelWorkspace[]): Promise<void> {
  const ids = tree.map(({ id }) => id);
  await world.query(
    `update workspaces set status = $2, provision_host = null, provision_claim_expires_at = null,
       cleanup_pending = $2 = 'removed', stop_pending = $2 = 'paused'
     where id = any($1::uuid[])`,
    [ids, turn],
  );
  await world.query(
    "update workspace_tokens set revoked_at = now() where revoked_at is null and workspace_id = any($1::uuid[])",
    [ids],
  );
}
