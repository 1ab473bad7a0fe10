import type { Fault } from "../coded-error.js";
import type { PluginEntry } from "./manifest-schema.js";

/**
 * Orders the entries: the list's order, changed only as far as `after` and `before` ask for it.
 * @returns the order, and the faults: names that are not in the list, and each cycle with its path
 */
export function orderEntries(entries: readonly PluginEntry[]): { entries: PluginEntry[]; faults: Fault[] } {
  const faults: Fault[] = [];
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const predecessors = new Map<string, Set<string>>(entries.map((entry) => [entry.name, new Set()]));
  entries.forEach((entry, index) => {
    for (const relation of ["after", "before"] as const) {
      (entry[relation] ?? []).forEach((other, position) => {
        if (!byName.has(other)) {
          const path = `plugins[${index}].${relation}[${position}]`;
          faults.push({
            path,
            found: JSON.stringify(other),
            allowed: `one of ${[...byName.keys()].join(", ")}`,
          });
        } else if (relation === "after") predecessors.get(entry.name)?.add(other);
        else predecessors.get(other)?.add(entry.name);
      });
    }
  });

  const ordered: PluginEntry[] = [];
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
      return { entries: [...entries], faults };
    }
    ordered.push(next);
    placed.add(next.name);
    remaining = remaining.filter((entry) => entry !== next);
  }
  return { entries: ordered, faults };
}

/** Follows unplaced predecessors until a name comes back; given in running order, its first name again at the end. */
function findCycle(
  remaining: readonly PluginEntry[],
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
