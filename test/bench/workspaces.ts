import { eventually } from "../support/eventually.js";
import type { RunningHost } from "../support/host.js";
import type { Engine } from "../support/engine.js";

/** Creates a workspace of the bench template and resolves with its id when its container runs. */
export async function createRunning(host: RunningHost, engine: Engine, name: string): Promise<string> {
  const answer = await host.api("POST", "/workspaces", { name, runtime: "bench", tier: 2 });
  const id = idOf(answer.body);
  if (id === undefined) throw new Error(`the workspace was not created: ${answer.status} ${answer.text}`);
  await running(engine, id);
  return id;
}

/** Deletes a workspace and resolves when nothing of it is left in the engine. */
export async function deleteWhole(host: RunningHost, id: string): Promise<void> {
  const answer = await host.api("DELETE", `/workspaces/${id}?confirm=true`);
  if (answer.status !== 200)
    throw new Error(`the workspace was not deleted: ${answer.status} ${answer.text}`);
}

async function running(engine: Engine, id: string): Promise<void> {
  const filters = { label: [`molecule.workspace.id=${id}`], status: ["running"] };
  await eventually(
    async () => ((await engine.docker.listContainers({ filters })).length === 1 ? true : undefined),
    {
      what: `the container of ${id}`,
      timeoutMs: 120_000,
      intervalMs: 2,
    },
  );
}

function idOf(body: unknown): string | undefined {
  return typeof body === "object" && body !== null && "id" in body && typeof body.id === "string"
    ? body.id
    : undefined;
}
