import type { ChainMutator } from "../../../src/index.js";
import { describeError, onBench, runFailed, verdictOf, type ConformanceCheck } from "../check.js";
import { differences, outcomeOf } from "../outcome.js";

/** What a plugin that knows nothing of this one may add to an environment. */
const NEIGHBOUR_KEY = "CONFORMANCE_NEIGHBOUR";

const neighbour: ChainMutator = {
  owner: { plugin: "conformance-neighbour", version: "0.0.0", order: 0 },
  contribution: {
    name: "conformance-neighbour",
    mutate: (env) => {
      env.set(NEIGHBOUR_KEY, "1");
    },
  },
};

/** The place in the chain makes no difference: neither among the plugin's own mutators nor beside another plugin. */
export const orderIndependent: ConformanceCheck = {
  title: "gives the same environment in any order",
  declined: (options) => (options.orderIndependent === true ? undefined : "orderIndependent is not declared"),
  run: (plugin, options) =>
    onBench(plugin, options, async (bench) => {
      const own = bench.mutators;
      const inOrder = await bench.run({ mutators: [...own, neighbour] });
      if (!inOrder.ok) return runFailed(inOrder);
      const expected = outcomeOf(inOrder, plugin.name);
      const faults = new Set<string>();
      for (const { mutators, where } of otherOrders(own)) {
        const result = await bench.run({ mutators });
        const outcome = outcomeOf(result, plugin.name);
        if (!result.ok) faults.add(`it fails ${where}: ${describeError(result.error)}`);
        if (expected === undefined || outcome === undefined) continue;
        for (const what of differences(expected, outcome)) {
          faults.add(
            `${what} differs ${where}; don't let a mutator depend on what another one did or on env.keys(), or don't declare orderIndependent and say the place by "after" and "before" in the manifest`,
          );
        }
      }
      return verdictOf([...faults]);
    }),
};

/** Every rotation, forwards and backwards: each mutator comes first, last, before and after each other one. */
function otherOrders(own: readonly ChainMutator[]): { mutators: readonly ChainMutator[]; where: string }[] {
  const orders = [{ mutators: [neighbour, ...own], where: "behind another plugin's mutator" }];
  for (const list of [own, own.toReversed()]) {
    list.forEach((_, start) => {
      const mutators = [...list.slice(start), ...list.slice(0, start), neighbour];
      const names = mutators.slice(0, -1).map(({ contribution }) => contribution.name);
      if (own.length > 1) orders.push({ mutators, where: `in the order ${names.join(", ")}` });
    });
  }
  return orders;
}
