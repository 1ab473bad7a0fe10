import { expect } from "chai";
import type { Row, World } from "./world.js";

/** What the model knows of a workspace. */
export interface ModelWorkspace {
  readonly id: string;
  readonly parent: ModelWorkspace | null;
  status: string;
  attempt: number;
  /** Tokens of earlier attempts, which must be worth nothing. */
  readonly staleTokens: string[];
  token: string | null;
  /** Whether the current attempt's container ended by itself. */
  crashed: boolean;
}

/** What the platform is believed to be like. */
export interface Model {
  readonly workspaces: ModelWorkspace[];
  /** Whether the engine misbehaves now. */
  faulty: boolean;
  /** Whether something may be left of a fault, or of a leak made by hand, which a round of sweeps has to set right. */
  unswept: boolean;
}

/** Statuses that a command allows, by workspace; all others keep theirs. */
export type Expected = ReadonlyMap<ModelWorkspace, readonly string[]>;

const SERVING = ["online", "degraded"];

export function newModel(): Model {
  return { workspaces: [], faulty: false, unswept: false };
}

export function living(model: Model): ModelWorkspace[] {
  return model.workspaces.filter(({ status }) => status !== "removed");
}

/** The workspace and all below it that are not removed, itself first. */
export function subtree(model: Model, root: ModelWorkspace): ModelWorkspace[] {
  const below = living(model).filter(({ parent }) => parent === root);
  return [root, ...below.flatMap((child) => subtree(model, child))];
}

/**
 * Waits until nothing is under way, then compares the platform with the model, takes over what a command left open, and
 * checks what must hold whatever happened (faults.md).
 */
export async function compare(model: Model, world: World, expected: Expected = new Map()): Promise<void> {
  await world.settled();
  const rows = new Map((await world.rows()).map((row) => [row.id, row]));
  for (const workspace of model.workspaces) {
    const row = rows.get(workspace.id);
    if (row === undefined) throw new Error(`the row of workspace ${workspace.id} is lost`);
    expect(expected.get(workspace) ?? [workspace.status], `status of ${workspace.id}`).to.include(row.status);
    takeOver(workspace, row, world);
  }
  checkContainers(model, world);
}

function takeOver(workspace: ModelWorkspace, row: Row, world: World): void {
  workspace.status = row.status;
  const token = world.token(workspace.id);
  if (row.attempt !== workspace.attempt) {
    expect(row.attempt, `attempt of ${workspace.id}`).to.be.greaterThan(workspace.attempt);
    if (workspace.token !== null) workspace.staleTokens.push(workspace.token);
    workspace.token = null;
    workspace.attempt = row.attempt;
    workspace.crashed = false;
  }
  // A provision that failed early has left the last attempt's token in the files.
  if (token !== null && !workspace.staleTokens.includes(token)) workspace.token = token;
}

function checkContainers(model: Model, world: World): void {
  const containers = world.containers();
  const volumes = world.volumes();
  for (const workspace of model.workspaces) {
    const own = containers.filter(({ workspaceId }) => workspaceId === workspace.id);
    const running = own.filter((each) => each.running);
    const told = `containers of ${workspace.id}, ${workspace.status} at attempt ${workspace.attempt}`;
    for (const { attempt } of own) expect(attempt, told).to.be.at.most(workspace.attempt);
    expect(running.length, told).to.be.at.most(1);
    if (SERVING.includes(workspace.status) && !workspace.crashed) {
      expect(
        running.map(({ attempt }) => attempt),
        told,
      ).to.deep.equal([workspace.attempt]);
    }
    if (model.unswept) continue;
    if (workspace.status === "removed") {
      const name = `ws-${workspace.id.slice(0, 12)}`;
      expect(own, told).to.deep.equal([]);
      expect(volumes.filter((volume) => volume.startsWith(name))).to.deep.equal([]);
    }
    if (workspace.status === "paused") expect(running, told).to.deep.equal([]);
    if (workspace.status === "provisioning" && !workspace.crashed) expect(running.length, told).to.equal(1);
  }
}
