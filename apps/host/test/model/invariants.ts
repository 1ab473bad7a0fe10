import { expect } from "chai";
import type { FoundContainer, FoundVolume } from "./engine-view.js";
import type { Model, ModelWorkspace } from "./model.js";
import type { World } from "./world.js";

const SERVING = ["online", "degraded"];
/** Statuses in which the sweeps look after a workspace's container. */
const WATCHED = ["provisioning", "online", "degraded", "offline"];
/** Statuses in which nobody may speak for the workspace. */
const SILENT = ["failed", "paused"];

/** Checks what must hold whatever happened, when nothing is under way. */
export async function checkInvariants(
  model: Model,
  world: World,
  containers: readonly FoundContainer[],
): Promise<void> {
  const volumes = await world.view.volumes();
  const tokens = await world.tokens();
  for (const workspace of model.workspaces) {
    const { id } = workspace;
    const own = containers.filter(({ workspaceId }) => workspaceId === id);
    checkContainers(workspace, own);
    checkVolumes(
      workspace,
      volumes.filter(({ workspaceId }) => workspaceId === id),
    );
    checkTokens(
      workspace,
      tokens.filter((token) => token.id === id).map(({ attempt }) => attempt),
    );
    if (model.unswept) continue;
    checkSwept(workspace, own);
  }
  checkOrphans(model, world, containers);
}

function checkContainers(workspace: ModelWorkspace, own: readonly FoundContainer[]): void {
  const running = own.filter((each) => each.running).map(({ attempt }) => attempt);
  for (const { attempt } of own) expect(attempt, told(workspace)).to.be.at.most(workspace.attempt);
  expect(running.length, told(workspace)).to.be.at.most(1);
  if (SERVING.includes(workspace.status) && !workspace.crashed) {
    expect(running, told(workspace)).to.deep.equal([workspace.attempt]);
  }
}

/** No living workspace loses its data. */
function checkVolumes(workspace: ModelWorkspace, own: readonly FoundVolume[]): void {
  const found = own.map(({ key }) => key);
  if (workspace.status !== "removed") {
    for (const key of workspace.volumes) expect(found, `volumes of ${workspace.id}`).to.include(key);
  }
  workspace.volumes = new Set(found);
}

/** Seen in the database itself: more than one guard refuses what is not revoked. */
function checkTokens(workspace: ModelWorkspace, attempts: readonly number[]): void {
  // With the workspace removed a token is worth nothing, revoked or not.
  if (workspace.status === "removed") return;
  const allowed = SILENT.includes(workspace.status) ? [] : [workspace.attempt];
  expect(allowed, `attempts with tokens; ${told(workspace)}`).to.include.members([...new Set(attempts)]);
}

/** What holds only once the sweeps have set right what a fault has left. */
function checkSwept(workspace: ModelWorkspace, own: readonly FoundContainer[]): void {
  const { status, crashed, url } = workspace;
  const running = own.filter((each) => each.running);
  expect(own.length, told(workspace)).to.be.at.most(1);
  if (status === "removed") {
    expect(own, told(workspace)).to.deep.equal([]);
    expect([...workspace.volumes], told(workspace)).to.deep.equal([]);
  }
  if (SILENT.includes(status)) expect(running, told(workspace)).to.deep.equal([]);
  if (status === "provisioning" && !crashed) expect(running.length, told(workspace)).to.equal(1);
  if (WATCHED.includes(status)) {
    for (const each of running) expect(url, `address of ${told(workspace)}`).to.equal(each.url);
  }
}

/** For so long what has no row is left alone, and from then on until a second pass has seen it. */
const GRACE_MS = 10 * 60_000;

/** What has no row is left alone while its row may be on its way. */
export function checkOrphans(model: Model, world: World, containers: readonly FoundContainer[]): void {
  const there = new Set(containers.map(({ workspaceId }) => workspaceId));
  for (const { workspaceId, bornAt, seen } of model.orphans) {
    const isYoung = world.clock.monotonic() - bornAt < GRACE_MS;
    if (isYoung || !seen) {
      expect(there.has(workspaceId), "what may yet get its row is left alone").to.equal(true);
    }
  }
}

function told({ id, status, attempt }: ModelWorkspace): string {
  return `${id}, ${status} at attempt ${attempt}`;
}
