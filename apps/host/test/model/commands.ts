import { expect } from "chai";
import fc from "fast-check";
import type { EngineFault } from "@molecule/test/support/memory-engine/memory-engine.js";
import { compare, living, subtree, type Expected, type Model, type ModelWorkspace } from "./model.js";
import type { World } from "./world.js";

/** A step of a sequence. `pick` chooses among the workspaces that there are when it comes. */
type Command = fc.AsyncCommand<Model, World>;

const LIVE = ["provisioning", "online", "degraded", "offline", "failed", "paused"];

/** Whether the engine, which is slow to no one here, can have failed a provision that was started now. */
function launched(model: Model): readonly string[] {
  return model.faulty ? ["provisioning", "failed"] : ["provisioning"];
}

/** A command on one living workspace. */
abstract class OnWorkspace implements Command {
  readonly #pick: number;

  constructor(pick: number) {
    this.#pick = pick;
  }

  check(model: Readonly<Model>): boolean {
    return living(model).length > 0;
  }

  async run(model: Model, world: World): Promise<void> {
    const all = living(model);
    const workspace = all[this.#pick % all.length];
    if (workspace !== undefined) await this.on(workspace, model, world);
  }

  abstract on(workspace: ModelWorkspace, model: Model, world: World): Promise<void>;

  toString(): string {
    return `${this.constructor.name}(${this.#pick})`;
  }
}

class Create implements Command {
  readonly #parent: number | null;

  constructor(parent: number | null) {
    this.#parent = parent;
  }

  check(model: Readonly<Model>): boolean {
    return living(model).length < 5;
  }

  async run(model: Model, world: World): Promise<void> {
    const all = living(model);
    const parent =
      this.#parent === null || all.length === 0 ? null : (all[this.#parent % all.length] ?? null);
    const answer = await world.api("POST", "/workspaces", {
      name: "Model",
      runtime: "agent",
      tier: 2,
      ...(parent === null ? {} : { parent_id: parent.id }),
    });
    expect(answer.status).to.equal(201);
    const workspace: ModelWorkspace = {
      id: String(answer.body.id),
      parent,
      status: "provisioning",
      attempt: 1,
      staleTokens: [],
      token: null,
      crashed: false,
    };
    model.workspaces.push(workspace);
    if (model.faulty) model.unswept = true;
    await compare(model, world, new Map([[workspace, launched(model)]]));
  }

  toString(): string {
    return `Create(${this.#parent ?? "root"})`;
  }
}

class Register extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    if (workspace.token === null) return;
    const body = { id: workspace.id, url: "http://localhost:8000", agent_card: { name: "Model" } };
    const answer = await world.api("POST", "/registry/register", body, workspace.token);
    const becomesOnline = ["provisioning", "offline", "failed"].includes(workspace.status);
    const mayBeRefused = workspace.status === "failed" || workspace.status === "paused";
    expect(mayBeRefused ? [200, 401] : [200], JSON.stringify(answer.body)).to.include(answer.status);
    const expected = becomesOnline && answer.status === 200 ? "online" : workspace.status;
    await compare(model, world, new Map([[workspace, [expected]]]));
  }
}

class RegisterLate extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    for (const token of workspace.staleTokens) {
      const body = { id: workspace.id, url: "http://localhost:8000", agent_card: {} };
      expect((await world.api("POST", "/registry/register", body, token)).status).to.equal(401);
      const beat = { workspace_id: workspace.id, error_rate: 0 };
      expect((await world.api("POST", "/registry/heartbeat", beat, token)).status).to.equal(401);
    }
    await compare(model, world);
  }
}

class Heartbeat extends OnWorkspace {
  readonly #errorRate: number;

  constructor(pick: number, errorRate: number) {
    super(pick);
    this.#errorRate = errorRate;
  }

  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    if (workspace.token === null) return;
    const body = { workspace_id: workspace.id, error_rate: this.#errorRate };
    const answer = await world.api("POST", "/registry/heartbeat", body, workspace.token);
    if (answer.status === 401) {
      expect(["failed", "paused"]).to.include(workspace.status);
      return;
    }
    expect(answer.status).to.equal(200);
    await compare(model, world, new Map([[workspace, [this.#next(workspace.status)]]]));
  }

  #next(status: string): string {
    if (status === "provisioning" || status === "offline") return "online";
    if (status === "online" && this.#errorRate >= 0.5) return "degraded";
    if (status === "degraded" && this.#errorRate < 0.1) return "online";
    return status;
  }
}

class Restart extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const answer = await world.api("POST", `/workspaces/${workspace.id}/restart`, {});
    if (workspace.parent?.status === "paused") {
      expect(answer.status).to.equal(409);
      await compare(model, world);
      return;
    }
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
    if (model.faulty) model.unswept = true;
    await compare(model, world, new Map([[workspace, launched(model)]]));
  }
}

class Pause extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const answer = await world.api("POST", `/workspaces/${workspace.id}/pause`, {});
    expect([200, 404]).to.include(answer.status);
    if (model.faulty) model.unswept = true;
    // A paused root is not paused again; what lies below it may be left as it is or paused.
    const tree = subtree(model, workspace);
    const expected: Expected = new Map(
      tree.map((each) => [each, workspace.status === "paused" ? [each.status, "paused"] : ["paused"]]),
    );
    await untilStopped(model, world, expected);
  }
}

class Resume extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const answer = await world.api("POST", `/workspaces/${workspace.id}/resume`, {});
    const tree = subtree(model, workspace).filter(({ status }) => status === "paused");
    const isPaused = workspace.status === "paused";
    expect(isPaused ? [200, 409] : [200, 404, 409]).to.include(answer.status);
    if (model.faulty) model.unswept = true;
    const moved = answer.status === 200 ? launched(model) : [];
    await compare(model, world, new Map(tree.map((each) => [each, ["paused", ...moved]])));
  }
}

class Delete extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    await remove(workspace, model, world);
  }
}

class Crash extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const own = world
      .containers()
      .find(({ workspaceId, running }) => running && workspaceId === workspace.id);
    if (own === undefined) return;
    world.engine.containers.crash(own.id, 1);
    workspace.crashed = true;
    await compare(model, world);
  }
}

/** Several clients at once; a deletion among them wins. */
class Race extends OnWorkspace {
  readonly #withDelete: boolean;

  constructor(pick: number, withDelete: boolean) {
    super(pick);
    this.#withDelete = withDelete;
  }

  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const { id, token } = workspace;
    const tree = subtree(model, workspace);
    const asked = [
      world.api("POST", `/workspaces/${id}/restart`, {}),
      world.api("POST", `/workspaces/${id}/pause`, {}),
      world.api("POST", `/workspaces/${id}/restart`, {}),
      world.api("POST", `/workspaces/${id}/resume`, {}),
      ...(token === null
        ? []
        : [world.api("POST", "/registry/heartbeat", { workspace_id: id, error_rate: 0 }, token)]),
      ...(this.#withDelete ? [world.api("DELETE", `/workspaces/${id}?confirm=true`)] : []),
    ];
    for (const { status, body } of await Promise.all(asked)) {
      const allowed = model.faulty ? [200, 401, 404, 409, 500] : [200, 401, 404, 409];
      expect(allowed, JSON.stringify(body)).to.include(status);
    }
    if (model.faulty) model.unswept = true;
    const expected = new Map(tree.map((each) => [each, this.#withDelete ? ["removed"] : LIVE]));
    await untilStopped(model, world, expected);
  }
}

/** Somebody edits the database: nothing but the sweeper can learn of the leak. */
class LeakByHand extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const tree = subtree(model, workspace);
    const ids = tree.map(({ id }) => id);
    await world.query("update workspaces set status = 'removed' where id = any($1::uuid[])", [ids]);
    model.unswept = true;
    await compare(model, world, new Map(tree.map((each) => [each, ["removed"]])));
  }
}

class Sweep implements Command {
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

class BreakEngine implements Command {
  readonly #kind: EngineFault;
  readonly #every: number;

  constructor(kind: EngineFault, every: number) {
    this.#kind = kind;
    this.#every = every;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, world: World): Promise<void> {
    let calls = 0;
    world.engine.fault = () => ((calls += 1) % this.#every === 0 ? this.#kind : undefined);
    model.faulty = true;
    model.unswept = true;
    return Promise.resolve();
  }

  toString(): string {
    return `BreakEngine(${this.#kind}, every ${this.#every})`;
  }
}

class MendEngine implements Command {
  check(model: Readonly<Model>): boolean {
    return model.faulty;
  }

  async run(model: Model, world: World): Promise<void> {
    mend(model, world);
    await compare(model, world);
  }

  toString(): string {
    return "MendEngine()";
  }
}

class RestartEngine implements Command {
  check(model: Readonly<Model>): boolean {
    return !model.faulty;
  }

  async run(model: Model, world: World): Promise<void> {
    world.engine.containers.restartAll();
    await compare(model, world);
  }

  toString(): string {
    return "RestartEngine()";
  }
}

class JumpClock implements Command {
  readonly #hours: number;

  constructor(hours: number) {
    this.#hours = hours;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, world: World): Promise<void> {
    world.clock.jump(this.#hours * 3_600_000);
    await sweep(model, world);
  }

  toString(): string {
    return `JumpClock(${this.#hours} h)`;
  }
}

/** Longer than any grace, and than the deadline of a provision. */
class TimePasses implements Command {
  check(): boolean {
    return true;
  }

  async run(model: Model, world: World): Promise<void> {
    await world.age(11);
    const stuck = living(model).filter(({ status }) => status === "provisioning");
    await sweep(model, world, stuck);
  }

  toString(): string {
    return "TimePasses(11 min)";
  }
}

/** What a sequence is made of. */
export function commands(): fc.Arbitrary<Iterable<Command>> {
  const pick = fc.nat(9);
  const create = fc.option(pick).map((parent) => new Create(parent));
  const register = pick.map((at) => new Register(at));
  const heartbeat = fc.tuple(pick, fc.constantFrom(0, 0.3, 0.9)).map(([at, rate]) => new Heartbeat(at, rate));
  return fc.commands(
    [
      // More of these than of what goes wrong: most of the others have nothing to do before them.
      ...[create, create, register, register, register, heartbeat, heartbeat],
      pick.map((at) => new RegisterLate(at)),
      pick.map((at) => new Restart(at)),
      pick.map((at) => new Pause(at)),
      pick.map((at) => new Resume(at)),
      pick.map((at) => new Delete(at)),
      pick.map((at) => new Crash(at)),
      fc.tuple(pick, fc.boolean()).map(([at, withDelete]) => new Race(at, withDelete)),
      pick.map((at) => new LeakByHand(at)),
      fc.constant(new Sweep()),
      fc
        .tuple(fc.constantFrom<EngineFault>("refuse", "cut", "lose-answer"), fc.constantFrom(1, 2, 3))
        .map(([kind, every]) => new BreakEngine(kind, every)),
      fc.constant(new MendEngine()),
      fc.constant(new RestartEngine()),
      fc.constantFrom(-1, 1).map((hours) => new JumpClock(hours)),
      fc.constant(new TimePasses()),
    ],
    // The default size would end most of them after three or four.
    { maxCommands: 25, size: "medium" },
  );
}

/** What every sequence starts from: a workspace that is online, and one below it that has not registered yet. */
export async function begin(model: Model, world: World): Promise<void> {
  await new Create(null).run(model, world);
  await new Register(0).run(model, world);
  await new Create(0).run(model, world);
}

/** Removes everything, and sees that the engine holds nothing any more. */
export async function windUp(model: Model, world: World): Promise<void> {
  mend(model, world);
  for (const root of living(model).filter(({ parent }) => parent === null || parent.status === "removed")) {
    await remove(root, model, world);
  }
  await sweep(model, world);
  expect(world.containers()).to.deep.equal([]);
  expect(world.volumes()).to.deep.equal([]);
}

async function remove(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
  const answer = await world.api("DELETE", `/workspaces/${workspace.id}?confirm=true`);
  const allowed = model.faulty ? [200, 500] : [200];
  expect(allowed, JSON.stringify(answer.body)).to.include(answer.status);
  if (model.faulty) model.unswept = true;
  await compare(model, world, new Map(subtree(model, workspace).map((each) => [each, ["removed"]])));
}

function mend(model: Model, world: World): void {
  world.engine.fault = () => undefined;
  model.faulty = false;
}

/** A round of sweeps. Two of them set everything right that a fault has left, once the fault is over. */
async function sweep(model: Model, world: World, stuck: readonly ModelWorkspace[] = []): Promise<void> {
  const expected = new Map<ModelWorkspace, readonly string[]>();
  for (const workspace of living(model)) {
    const { status, crashed } = workspace;
    if (stuck.includes(workspace)) expected.set(workspace, ["failed"]);
    // What a faulty engine says of a container leaves it unknown: nothing follows from that.
    else if (crashed && ["online", "degraded"].includes(status)) {
      expected.set(workspace, [...(model.faulty ? [status, "failed"] : []), "offline", "provisioning"]);
    } else if (status === "provisioning" && model.faulty) {
      // One that was postponed, or lost its container, is tried again; the engine may refuse it then.
      expected.set(workspace, ["provisioning", "failed"]);
    } else if (status === "offline") {
      expected.set(workspace, ["offline", "provisioning", ...(model.faulty ? ["failed"] : [])]);
    }
  }
  await world.sweep();
  if (!model.faulty) {
    await world.sweep();
    model.unswept = false;
  }
  await compare(model, world, expected);
}

/** Pausing answers before the engine has stopped everything. */
async function untilStopped(model: Model, world: World, expected: Expected): Promise<void> {
  if (!model.faulty && !model.unswept) await world.stopsSettled();
  await compare(model, world, expected);
}
