import { subtree, type Model, type ModelWorkspace } from "../model.js";
import type { Answer, World } from "../world.js";

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
