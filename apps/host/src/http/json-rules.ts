import type { Fault } from "@molecule/core";

/** Levels of arrays and objects that a body may have; more is no data but an attack on whoever walks it. */
export const MAX_DEPTH = 100;
/** Faults told of one body. */
const MAX_FAULTS = 20;

interface Place {
  readonly container: object;
  readonly depth: number;
  readonly parent: Place | undefined;
  readonly key: string;
}

/**
 * What no body may hold, whatever its route: NUL, which Postgres can't store; a lone surrogate, which is no Unicode
 * text; a number beyond what can be kept, which would come back as null; a key `__proto__`, which would change an
 * object's prototype where it is copied; too many levels. Walks without recursion, since the depth is the sender's
 * choice.
 */
export function forbiddenIn(value: unknown): Fault[] {
  const faults: Fault[] = [];
  const own = faultOfValue(value);
  if (own !== undefined) faults.push({ path: "", ...own });
  const places: Place[] = isContainer(value)
    ? [{ container: value, depth: 1, parent: undefined, key: "" }]
    : [];
  for (let place = places.pop(); place !== undefined && faults.length < MAX_FAULTS; place = places.pop()) {
    if (place.depth > MAX_DEPTH) {
      return [{ path: "", found: `more than ${MAX_DEPTH} levels`, allowed: `at most ${MAX_DEPTH} levels` }];
    }
    for (const [key, child] of Object.entries(place.container)) {
      const fault = faultOfKey(key) ?? faultOfValue(child);
      if (fault !== undefined) faults.push({ path: pathOf(place, key), ...fault });
      if (isContainer(child)) {
        places.push({ container: child, depth: place.depth + 1, parent: place, key });
      }
    }
  }
  return faults.slice(0, MAX_FAULTS);
}

type Flaw = Omit<Fault, "path">;

function faultOfKey(key: string): Flaw | undefined {
  if (key === "__proto__") return { found: "the key __proto__", allowed: "any other key" };
  return faultOfText(key, "key");
}

function faultOfValue(value: unknown): Flaw | undefined {
  if (typeof value === "number" && !Number.isFinite(value)) {
    return { found: "a number that is too large", allowed: `a number up to ${Number.MAX_VALUE}` };
  }
  return faultOfText(value, "text");
}

function faultOfText(value: unknown, kind: "text" | "key"): Flaw | undefined {
  if (typeof value !== "string") return undefined;
  if (value.includes("\0")) return { found: `a ${kind} with NUL`, allowed: `a ${kind} without \\u0000` };
  if (!value.isWellFormed())
    return { found: `a ${kind} with half a surrogate pair`, allowed: `a ${kind} of whole characters` };
  return undefined;
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function pathOf(place: Place, key: string): string {
  const keys = [key];
  for (let at = place; at.parent !== undefined; at = at.parent) keys.unshift(at.key);
  // Escaped, so that the answer itself is well-formed.
  return keys.map((each) => JSON.stringify(each).slice(1, -1)).join(".");
}
