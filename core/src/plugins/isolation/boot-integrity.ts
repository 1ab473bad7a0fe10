import { isCodedError, type Fault } from "../../coded-error.js";
import { errors } from "../../errors.js";
import type { Clock } from "../../ports/clock.js";
import type { PluginEntry } from "../manifest-schema.js";
import { withinImportTime } from "../phases.js";
import { verifyIntegrity } from "./integrity.js";

/**
 * Compares the packages of plugins with their entries' `integrity`, all of them before any is loaded: a deploy that
 * is not the one that was locked is not run in parts. A package that can't be found or read is left to its loading,
 * which fails that plugin alone.
 * @throws MANIFEST_INTEGRITY_MISMATCH with every package that differs
 */
export async function assertIntegrity(
  entries: readonly PluginEntry[],
  manifestDir: string,
  clock: Clock,
): Promise<void> {
  const locked = entries.filter(({ integrity }) => integrity !== undefined);
  const found = await Promise.all(locked.map((entry) => mismatchOf(entry, manifestDir, clock)));
  const faults = found.filter((fault) => fault !== undefined);
  if (faults.length > 0) throw errors.MANIFEST_INTEGRITY_MISMATCH({ faults });
}

async function mismatchOf(entry: PluginEntry, manifestDir: string, clock: Clock): Promise<Fault | undefined> {
  try {
    await withinImportTime(entry, clock, () => verifyIntegrity(entry, manifestDir));
    return undefined;
  } catch (error) {
    if (!isCodedError(error) || error.code !== "PLUGIN_INTEGRITY_MISMATCH") return undefined;
    return {
      path: `integrity of plugin "${entry.name}"`,
      found: String(error.details.found),
      allowed: String(error.details.expected),
    };
  }
}
