import { expect } from "chai";
import type { FoundContainer } from "./engine-view.js";
import { checkInvariants } from "./invariants.js";
import type { Expected, Model, ModelWorkspace } from "./model.js";
import type { Row, World } from "./world.js";

/**
 * Waits until nothing is under way, then compares the platform with the model, takes over what a command left open, and
 * checks what must hold whatever happened (faults.md).
 * @param options.sameDeadlines provisions that go on as another attempt have the time that they had
 */
export async function compare(
  model: Model,
  world: World,
  expected: Expected = new Map(),
  options: { readonly sameDeadlines?: boolean } = {},
): Promise<void> {
  await world.settled();
  const rows = new Map((await world.rows()).map((row) => [row.id, row]));
  const containers = await world.view.containers();
  for (const workspace of model.workspaces) {
    const row = rows.get(workspace.id);
    if (row === undefined) throw new Error(`the row of workspace ${workspace.id} is lost`);
    expect(expected.get(workspace) ?? [workspace.status], `status of ${workspace.id}`).to.include(row.status);
    takeOver(workspace, row, options.sameDeadlines === true);
    await learnToken(workspace, containers, world);
  }
  await checkInvariants(model, world, containers);
}

function takeOver(workspace: ModelWorkspace, row: Row, sameDeadlines: boolean): void {
  workspace.status = row.status;
  workspace.url = row.url;
  if (row.attempt !== workspace.attempt) {
    expect(row.attempt, `attempt of ${workspace.id}`).to.be.greaterThan(workspace.attempt);
    if (workspace.token !== null) workspace.staleTokens.push(workspace.token);
    workspace.token = null;
    workspace.attempt = row.attempt;
    workspace.crashed = false;
    if (!sameDeadlines) workspace.overdue = false;
  }
  if (row.status !== "provisioning") workspace.overdue = false;
}

async function learnToken(
  workspace: ModelWorkspace,
  containers: readonly FoundContainer[],
  world: World,
): Promise<void> {
  if (workspace.token !== null || workspace.status === "removed") return;
  const current = containers.find(
    ({ workspaceId, attempt }) => workspaceId === workspace.id && attempt === workspace.attempt,
  );
  if (current !== undefined) workspace.token = await world.view.token(current.id);
}
