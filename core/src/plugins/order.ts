import type { Fault } from "../coded-error.js";

/** What has a place in an order. */
export interface Orderable {
  readonly name: string;
  readonly after?: readonly string[] | undefined;
  readonly before?: readonly string[] | undefined;
}

/**
 * Orders the entries: the list's order, changed only as far as `after` and `before` ask for it. Names in them that
 * are not in the list ask for nothing.
 * @returns the order, of use only without faults, and a fault for each cycle, with its path
 */
export function orderEntries<T extends Orderable>(
  entries: readonly T[],
): { entries: readonly T[]; faults: Fault[] } {
  const faults: Fault[] = [];
  const predecessors = new Map<string, Set<string>>(entries.map((entry) => [entry.name, new Set()]));
  for (const { name, after = [], before = [] } of entries) {
    for (const other of after) if (predecessors.has(other)) predecessors.get(name)?.add(other);
    for (const other of before) predecessors.get(other)?.add(name);
  }

  const ordered: T[] = [];
  const placed = new Set<string>();
  let remaining = [...entries];
  while (remaining.length > 0) {
    const next = remaining.find((entry) =>
      [...(predecessors.get(entry.name) ?? [])].every((name) => placed.has(name)),
    );
    if (next === undefined) {
      const cycle = findCycle(remaining, predecessors);
      faults.push({
        path: "plugins",
        found: `the cycle ${cycle.join(" → ")}`,
        allowed: "after/before without a cycle",
      });
      // Taken as placed, so that the rest is ordered and a further cycle in it is told too.
      for (const name of cycle) placed.add(name);
      remaining = remaining.filter((entry) => !placed.has(entry.name));
      continue;
    }
    ordered.push(next);
    placed.add(next.name);
    remaining = remaining.filter((entry) => entry !== next);
  }
  return { entries: ordered, faults };
}

/** Follows unplaced predecessors until a name comes back; given in running order, its first name again at the end. */
function findCycle(
  remaining: readonly Orderable[],
  predecessors: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const open = new Set(remaining.map((entry) => entry.name));
  const path: string[] = [];
  let at = remaining[0]?.name;
  while (at !== undefined && !path.includes(at)) {
    path.push(at);
    at = [...(predecessors.get(at) ?? [])].find((name) => open.has(name));
  }
  const cycle = at === undefined ? path : path.slice(path.indexOf(at));
  cycle.reverse();
  return [...cycle, ...cycle.slice(0, 1)];
}
