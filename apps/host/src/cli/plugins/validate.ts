import { stat } from "node:fs/promises";
import { pluginCommandErrors } from "../../errors/cli.js";
import type { CliContext } from "../program.js";
import type { FoundFault } from "./found-fault.js";
import { validateManifest } from "./validate-manifest.js";
import { validatePackage } from "./validate-package.js";

/** What `molecule plugins validate` was called with. */
export interface ValidateOptions {
  /** Absolute path of a manifest or of a package's folder. */
  readonly path: string;
  /** Whether plugins that are off are checked too. */
  readonly all: boolean;
  readonly json: boolean;
}

/** A plugin that was looked at, or left out. */
export interface ValidatedPlugin {
  readonly name: string;
  readonly module: string;
  /** Null where it was not imported, or could not be. */
  readonly version: string | null;
  /** Why it is on or off; null for a plugin that no manifest lists. */
  readonly reason: string | null;
  readonly outcome: "ok" | "faulty" | "not-checked";
}

/** What a validation found. */
export interface Validation {
  readonly plugins: readonly ValidatedPlugin[];
  readonly faults: readonly FoundFault[];
}

/**
 * `molecule plugins validate`: prints every fault.
 * @throws PLUGINS_FAULTY when there is any
 */
export async function validate(context: CliContext, options: ValidateOptions): Promise<void> {
  const { path } = options;
  const validation = (await isFolder(path))
    ? await validatePackage(path)
    : await validateManifest(path, context, options.all);
  const { plugins, faults } = validation;
  if (options.json) {
    context.output.write(`${JSON.stringify({ ok: faults.length === 0, path, plugins, faults }, null, 2)}\n`);
  } else {
    for (const line of describe(validation)) context.output.write(`${line}\n`);
    if (faults.length === 0) context.output.write(`${path}: no fault\n`);
  }
  if (faults.length > 0) throw pluginCommandErrors.PLUGINS_FAULTY({ path, count: countOf(faults) });
}

/** A fault that lists several counts as that many. */
function countOf(found: readonly FoundFault[]): number {
  return found.reduce((sum, { faults }) => sum + Math.max(1, faults.length), 0);
}

function describe({ plugins, faults }: Validation): string[] {
  const lines = plugins
    .filter(({ outcome }) => outcome !== "faulty")
    .map(({ name, version, reason, outcome }) =>
      outcome === "ok"
        ? `✓ ${name} ${version ?? ""}`
        : `– ${name}: off (${reason ?? ""}), not checked; --all checks it too`,
    );
  return [...lines, ...faults.map(({ code, message }) => `✗ ${message} [${code}]`)];
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
