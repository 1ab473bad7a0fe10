import { collectDefaultMetrics, Registry } from "prom-client";

let shared: Registry | undefined;

/**
 * prom-client's default metrics of this process: CPU, memory, event loop, garbage collection. They watch the process
 * and can't be taken back, so there is one set of them for as long as it lives, whatever hosts run in it.
 */
export function processMetrics(): Registry {
  if (shared === undefined) {
    shared = new Registry();
    collectDefaultMetrics({ register: shared });
  }
  return shared;
}
