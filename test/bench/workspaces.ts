import type { Engine } from "../support/engine.js";
import type { RunningHost } from "../support/host.js";
import { BareEngine } from "./bare-engine.js";
import type { StartEvents } from "./start-events.js";

/** Creates a workspace of the bench template and resolves with its id when its container has started. */
export async function createStarted(host: RunningHost, events: StartEvents, name: string): Promise<string> {
  const answer = await host.api("POST", "/workspaces", { name, runtime: "bench", tier: 2 });
  const id = idOf(answer.body);
  if (id === undefined) throw new Error(`the workspace was not created: ${answer.status} ${answer.text}`);
  await events.started(`ws-${id.slice(0, 12)}`);
  return id;
}

/** A peer that asks the engine for just what the host asks it for; learnt from a workspace that is deleted again. */
export async function bareEngineLike(
  host: RunningHost,
  engine: Engine,
  events: StartEvents,
): Promise<BareEngine> {
  const id = await createStarted(host, events, "model");
  const model = await engine.docker.getContainer(`ws-${id.slice(0, 12)}`).inspect();
  await deleteWhole(host, id);
  return new BareEngine(engine.docker, engine.labels, model);
}

/** Deletes a workspace and resolves when nothing of it is left in the engine. */
export async function deleteWhole(host: RunningHost, id: string): Promise<void> {
  const answer = await host.api("DELETE", `/workspaces/${id}?confirm=true`);
  if (answer.status !== 200)
    throw new Error(`the workspace was not deleted: ${answer.status} ${answer.text}`);
}

function idOf(body: unknown): string | undefined {
  return typeof body === "object" && body !== null && "id" in body && typeof body.id === "string"
    ? body.id
    : undefined;
}
