import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { messageOf, type PluginEntry } from "@molecule/core";
import type { InspectedPlugin } from "@molecule/core/testing";
import type { FoundFault } from "./found-fault.js";

/** What looking at a plugin gave. */
export type Inspection =
  ({ readonly ok: true } & InspectedPlugin) | { readonly ok: false; readonly fault: FoundFault };

/** What the thread is told to look at. */
export interface InspectionOrder {
  readonly module: string;
  /** The folder that the module is found from. */
  readonly dir: string;
  /** The plugin's manifest entry; absent for a plugin that no manifest lists. */
  readonly entry?: PluginEntry;
}

/**
 * Imports a plugin and checks it, without its setup, in a thread of its own: what a module does as it is imported,
 * a timer that it leaves or even an exit, ends with the thread and not with the command.
 * @param signal gives it up: the thread ends
 */
export async function inspectInThread(order: InspectionOrder, signal?: AbortSignal): Promise<Inspection> {
  const thread = new Worker(new URL("./inspection-thread.js", import.meta.url), {
    workerData: order,
    // Nothing that a plugin prints belongs into the command's output.
    stdout: true,
    stderr: true,
  });
  try {
    const bound = signal === undefined ? {} : { signal };
    const answered = once(thread, "message", bound).then(([answer]: unknown[]) => answer);
    const ended = once(thread, "exit");
    const answer = await Promise.race([answered, ended]);
    return isInspection(answer) ? answer : importFailed(order, "it ended the process that imported it");
  } catch (error) {
    return importFailed(order, messageOf(error));
  } finally {
    await thread.terminate();
  }
}

function importFailed({ entry, module }: InspectionOrder, reason: string): Inspection {
  const name = entry?.name ?? module;
  const message = `plugin "${name}": importing ${JSON.stringify(module)} failed: ${reason}`;
  return { ok: false, fault: { plugin: entry?.name, code: "PLUGIN_IMPORT_FAILED", message, faults: [] } };
}

function isInspection(value: unknown): value is Inspection {
  if (typeof value !== "object" || value === null || !("ok" in value)) return false;
  return value.ok === true ? "version" in value : "fault" in value;
}
