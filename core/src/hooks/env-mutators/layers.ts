import type { Fault } from "../../coded-error.js";
import { entryBytes, isUsableKey, MAX_ENTRY_BYTES, MAX_ENV_BYTES } from "./limits.js";

/** One layer of the environment below the plugins. */
export interface EnvLayer {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether every value of it is secret. */
  readonly secret?: boolean;
}

/** Whose bytes those are that no layer brought. */
const PLUGINS = "plugins";

/** How many of the largest variables are named. */
const NAMED = 3;

/**
 * What the layers brought that no process can be given, as it stands after the plugins.
 * @param suspects names of variables of the layers that may be at fault; one that is gone by now is none
 */
export function variableFaults(
  layers: readonly EnvLayer[],
  env: ReadonlyMap<string, string>,
  suspects: Iterable<string>,
): Fault[] {
  const faults: Fault[] = [];
  for (const key of suspects) {
    const value = env.get(key);
    if (value === undefined) continue;
    const layer = `layer ${JSON.stringify(ownerOf(layers, key, value))}`;
    if (!isUsableKey(key)) {
      const allowed = 'a name that is not empty and holds neither "=" nor NUL';
      faults.push({ path: layer, found: `the variable name ${shownName(key)}`, allowed });
      continue;
    }
    const path = `${layer}, variable ${key}`;
    if (value.includes("\0")) {
      const allowed = "a value without NUL, which no environment can carry";
      faults.push({ path, found: "a value that holds a NUL character", allowed });
    }
    const bytes = entryBytes(key, value);
    if (bytes <= MAX_ENTRY_BYTES) continue;
    const allowed = `at most ${MAX_ENTRY_BYTES} bytes as KEY=VALUE and a NUL; make its value smaller, or give the workspace a file instead`;
    faults.push({ path, found: `${bytes} bytes`, allowed });
  }
  return faults;
}

/** Tells of an environment that is too large by whose bytes those are, the most first. */
export function sizeFault(layers: readonly EnvLayer[], env: ReadonlyMap<string, string>): Fault {
  const shares = new Map<string, number>();
  const sizes: [string, number][] = [];
  let total = 0;
  for (const [key, value] of env) {
    const bytes = entryBytes(key, value);
    const owner = ownerOf(layers, key, value);
    shares.set(owner, (shares.get(owner) ?? 0) + bytes);
    sizes.push([key, bytes]);
    total += bytes;
  }
  const largest = largestFirst(sizes).slice(0, NAMED);
  return {
    path: "all layers together",
    found: `${total} bytes (${told(largestFirst([...shares]))}; the largest variables: ${told(largest)})`,
    allowed: `at most ${MAX_ENV_BYTES} bytes of KEY=VALUE and a NUL each; delete variables that the workspace does not need, or give it large values as files`,
  };
}

/** The layer whose value stands, or the plugins where none of them brought it. */
function ownerOf(layers: readonly EnvLayer[], key: string, value: string): string {
  const owner = layers.findLast(({ env }) => Object.hasOwn(env, key) && env[key] === value);
  return owner?.name ?? PLUGINS;
}

/** Without what follows a "=" or a NUL: a whole `KEY=secret` may stand where only a name belongs. */
function shownName(key: string): string {
  const end = key.search(/[=\0]/);
  return end < 0 ? JSON.stringify(key) : `${JSON.stringify(key.slice(0, end + 1))}…`;
}

function largestFirst(sizes: [string, number][]): [string, number][] {
  return sizes.sort(([, a], [, b]) => b - a);
}

function told(sizes: readonly [string, number][]): string {
  return sizes.map(([name, bytes]) => `${name} ${bytes}`).join(", ");
}
