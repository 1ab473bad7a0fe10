import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, Type, compileSchema, type Fault } from "@molecule/core";
import { pluginCommandErrors } from "../../errors/cli.js";
import { toFoundFault } from "./found-fault.js";
import { inspectInThread } from "./inspection.js";
import type { Validation } from "./validate.js";

/** What a plugin's package.json must have; all else is npm's business. */
const checkPackage = compileSchema(
  Type.Object({
    name: Type.String({ minLength: 1 }),
    version: Type.String({ minLength: 1 }),
    type: Type.Literal("module"),
    main: Type.Optional(Type.String({ minLength: 1 })),
    exports: Type.Optional(Type.Unknown()),
    peerDependencies: Type.Object({ "@molecule/core": Type.String({ minLength: 1 }) }),
  }),
);

/** Checks the package of a plugin that no manifest lists yet: its package.json, and what its module exports. */
export async function validatePackage(dir: string): Promise<Validation> {
  const path = join(dir, "package.json");
  const read = await readPackage(path);
  const faults =
    read.faults.length === 0
      ? []
      : [toFoundFault(pluginCommandErrors.PLUGIN_PACKAGE_INVALID({ path, faults: read.faults }))];
  if (read.module === undefined) return { plugins: [], faults };
  const { module } = read;
  const inspection = await inspectInThread({ module, dir });
  if (!inspection.ok) return { plugins: [], faults: [...faults, inspection.fault] };
  const { name, version } = inspection;
  const outcome = faults.length === 0 ? "ok" : "faulty";
  return { plugins: [{ name, module, version, reason: null, outcome }], faults };
}

interface ReadPackage {
  readonly faults: readonly Fault[];
  /** How the package's module is found from its own folder; undefined where that can't be told. */
  readonly module: string | undefined;
}

async function readPackage(path: string): Promise<ReadPackage> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    const fault = { path: "", found: messageOf(error), allowed: "a package.json that can be read" };
    return { faults: [fault], module: undefined };
  }
  const checked = checkPackage(parsed);
  if (!checked.ok) return { faults: checked.faults, module: undefined };
  const { name, main, exports } = checked.value;
  // By its own name, as whoever installs it would: that needs "exports" (Node.js docs, self-referencing a package).
  if (exports !== undefined) return { faults: [], module: name };
  if (main !== undefined) return { faults: [], module: `./${main.replace(/^\.\//, "")}` };
  const fault = { path: "exports", found: "nothing", allowed: 'the built module, e.g. "./dist/index.js"' };
  return { faults: [fault], module: undefined };
}
