import { closedGate, CONTAINER_LIST } from "@molecule/test/support/engine-faults.js";
import { eventually } from "@molecule/test/support/eventually.js";
import { expect } from "chai";
import { compare } from "../compare.js";
import type { Model, ModelWorkspace } from "../model.js";
import type { SweepName, World } from "../world.js";
import { Register } from "./agents.js";
import { OnWorkspace } from "./command.js";
import { FailLaunch } from "./launches.js";
import { Restart } from "./operators.js";
import { outcome, request, type Request } from "./requests.js";
import { afterSweep, noteOrphans, timePasses } from "./sweeps.js";
import { Kill } from "./trouble.js";

/** Ms for which a request may wait for a sweep that is held up. */
const PATIENCE_MS = 3_000;

/** How a sweep is held up: the engine hears late of what it asks for, or its answer tells what was. */
export type Lateness = "call" | "answer";

/** Which sweep is overtaken, and by what. */
export interface OvertakenSweep {
  readonly loop: SweepName;
  /** Which of the sweep's looks at the containers is late. */
  readonly nth: number;
  readonly late: Lateness;
  readonly by: Request;
  /** What gives the sweep something to do. */
  readonly before: keyof typeof PREPARATIONS;
}

/** What a sweep is given to do with a workspace, whatever the workspace was at. */
const PREPARATIONS = {
  nothing: () => Promise.resolve(),
  overdue: async (workspace, model, world) => {
    await new Restart(0).on(workspace, model, world);
    await timePasses(model, world);
  },
  postponed: (workspace, model, world) => new FailLaunch(0, "start", "drop").on(workspace, model, world),
  killed: async (workspace, model, world) => {
    // One whose automatic restart is planned already is not looked after: it begins anew.
    await new Restart(0).on(workspace, model, world);
    await new Register(0).on(workspace, model, world);
    await new Kill(0).on(workspace, model, world);
  },
} as const satisfies Record<string, Preparation>;

type Preparation = (workspace: ModelWorkspace, model: Model, world: World) => Promise<void>;

/** While a sweep looks at the engine, an operator's request is done: the sweep goes by what has been. */
export class OvertakeSweep extends OnWorkspace {
  readonly #options: OvertakenSweep;

  constructor(pick: number, options: OvertakenSweep) {
    super(pick);
    this.#options = options;
  }

  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const { loop, nth, late, by, before } = this.#options;
    if (model.faulty || workspace.parent?.status === "paused") return;
    await PREPARATIONS[before](workspace, model, world);
    const swept = [...afterSweep(model)].map(
      ([each, statuses]) => [each, [...statuses, each.status]] as const,
    );
    const expected = new Map([...swept, ...outcome(model, by, workspace)]);
    const gate = closedGate();
    let looks = 0;
    world.trouble = ({ method, path }) => {
      if (method !== "GET" || !CONTAINER_LIST.test(path) || (looks += 1) !== nth) return undefined;
      return { kind: late === "call" ? "stall" : "hold", until: gate.opened };
    };
    let isOver = false;
    const ticking = world.tick(loop).finally(() => (isOver = true));
    await eventually(() => isOver || looks >= nth, { what: "the sweep's look", timeoutMs: 60_000 });
    expect(looks, `looks of ${loop} at the containers`).to.be.at.least(nth);
    await this.#ask(workspace, world, () => gate.open());
    await ticking;
    if (loop === "orphan-sweeper") await noteOrphans(model, world);
    world.trouble = () => undefined;
    model.slow = false;
    await world.settled();
    if (!model.unswept) await world.stopsSettled();
    await compare(model, world, expected, { sameDeadlines: true });
    if (by !== "restart") return;
    workspace.overdue = false;
    await seeRunning(workspace, world);
  }

  /** Until the request is done, or waits for the sweep itself. */
  async #ask({ id }: ModelWorkspace, world: World, release: () => void): Promise<void> {
    let isDone = false;
    const asked = request(world, this.#options.by, id);
    const done = asked.then(() => world.settled()).finally(() => (isDone = true));
    await eventually(() => isDone, { timeoutMs: PATIENCE_MS }).catch(() => undefined);
    release();
    await done;
    const { status, body } = await asked;
    expect(status, JSON.stringify(body)).to.equal(200);
  }

  protected override details(): string {
    const { loop, nth, late, by, before } = this.#options;
    return `${before}, ${late} ${nth} of ${loop} by ${by}`;
  }
}

async function seeRunning({ id, attempt }: ModelWorkspace, world: World): Promise<void> {
  const running = (await world.view.containers()).filter((each) => each.workspaceId === id && each.running);
  expect(
    running.map((each) => each.attempt),
    `what runs of ${id} after a restart`,
  ).to.deep.equal([attempt]);
}
