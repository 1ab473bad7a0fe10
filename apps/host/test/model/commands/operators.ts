import { expect } from "chai";
import { compare } from "../compare.js";
import { living, subtree, type Expected, type Model, type ModelWorkspace } from "../model.js";
import type { World } from "../world.js";
import { launched, OnWorkspace, touchEngine, type Command } from "./command.js";

const MAX_LIVING = 5;

/** Creates a workspace, below another one or none. */
export class Create implements Command {
  readonly #parent: number | null;

  constructor(parent: number | null) {
    this.#parent = parent;
  }

  check(model: Readonly<Model>): boolean {
    return living(model).length < MAX_LIVING;
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
    expect(answer.status, JSON.stringify(answer.body)).to.equal(201);
    const workspace: ModelWorkspace = {
      id: String(answer.body.id),
      parent,
      status: "provisioning",
      attempt: 1,
      token: null,
      url: "",
      staleTokens: [],
      crashed: false,
      overdue: false,
      volumes: new Set(),
    };
    model.workspaces.push(workspace);
    touchEngine(model);
    await compare(model, world, new Map([[workspace, launched(model)]]));
  }

  toString(): string {
    return `Create(${this.#parent ?? "root"})`;
  }
}

/** Restarts a workspace. */
export class Restart extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const answer = await world.api("POST", `/workspaces/${workspace.id}/restart`, {});
    if (workspace.parent?.status === "paused") {
      expect(answer.status).to.equal(409);
      await compare(model, world);
      return;
    }
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
    touchEngine(model);
    await compare(model, world, new Map([[workspace, launched(model)]]));
  }
}

/** Pauses a workspace, and all below it. */
export class Pause extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const answer = await world.api("POST", `/workspaces/${workspace.id}/pause`, {});
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
    touchEngine(model);
    await untilStopped(model, world, new Map(subtree(model, workspace).map((each) => [each, ["paused"]])));
  }
}

/** Resumes what is paused of a workspace's tree. */
export class Resume extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    const answer = await world.api("POST", `/workspaces/${workspace.id}/resume`, {});
    const paused = subtree(model, workspace).filter(({ status }) => status === "paused");
    const isRefused = paused.length === 0 || workspace.parent?.status === "paused";
    expect(isRefused ? [404, 409] : [200], JSON.stringify(answer.body)).to.include(answer.status);
    touchEngine(model);
    await compare(
      model,
      world,
      isRefused ? new Map() : new Map(paused.map((each) => [each, launched(model)])),
    );
  }
}

/** Deletes a workspace, and all below it. */
export class Delete extends OnWorkspace {
  async on(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
    await remove(workspace, model, world);
  }
}

/** Deletes a workspace with all below it, and sees that nothing of them is left, unless the engine was faulty. */
export async function remove(workspace: ModelWorkspace, model: Model, world: World): Promise<void> {
  const answer = await world.api("DELETE", `/workspaces/${workspace.id}?confirm=true`);
  expect(model.faulty ? [200, 500] : [200], JSON.stringify(answer.body)).to.include(answer.status);
  touchEngine(model);
  await compare(model, world, new Map(subtree(model, workspace).map((each) => [each, ["removed"]])));
}

/** Pausing answers before the engine has stopped everything. */
export async function untilStopped(model: Model, world: World, expected: Expected): Promise<void> {
  if (!model.faulty && !model.unswept) await world.stopsSettled();
  await compare(model, world, expected);
}
