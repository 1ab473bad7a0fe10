import { parentPort, workerData } from "node:worker_threads";
import { inspectModule, inspectPlugin } from "@molecule/core/testing";
import { toFoundFault } from "./found-fault.js";
import type { Inspection, InspectionOrder } from "./inspection.js";

async function inspect(order: InspectionOrder): Promise<Inspection> {
  const { module, entry, dir } = order;
  try {
    const plugin = await (entry === undefined ? inspectModule(module, dir) : inspectPlugin(entry, dir));
    return { ok: true, ...plugin };
  } catch (error) {
    return { ok: false, fault: toFoundFault(error, entry?.name) };
  }
}

function isOrder(value: unknown): value is InspectionOrder {
  return typeof value === "object" && value !== null && "module" in value && "dir" in value;
}

const order: unknown = workerData;
if (isOrder(order)) parentPort?.postMessage(await inspect(order));
