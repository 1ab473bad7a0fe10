import { chmod, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { computeIntegrity, messageOf, readManifest } from "@molecule/core";
import { pluginCommandErrors } from "../../errors/cli.js";
import type { CliContext } from "../program.js";
import { hostEnv } from "./host-env.js";
import { withIntegrity } from "./manifest-text.js";

/** What `molecule plugins lock` was called with. */
export interface LockOptions {
  /** Absolute path. */
  readonly manifest: string;
  /** Whether plugins that are off are locked too. */
  readonly all: boolean;
}

/**
 * `molecule plugins lock`: computes the integrity of each plugin that is on, and writes those that changed into the
 * manifest. All or nothing.
 * @throws what reading the manifest throws, PLUGIN_MODULE_NOT_FOUND, PLUGIN_INTEGRITY_UNREADABLE,
 * MANIFEST_NOT_WRITABLE
 */
export async function lockPlugins(context: CliContext, { manifest: path, all }: LockOptions): Promise<void> {
  const { decidePlugins } = await import("@molecule/core/testing");
  const manifest = await readManifest(path);
  const before = await readFile(path, "utf8");
  let text = before;
  for (const { entry, enabled, reason } of decidePlugins(manifest, await hostEnv(manifest, context))) {
    if (!enabled && !all) {
      context.output.write(`– ${entry.name}: off (${reason}), left as it is\n`);
      continue;
    }
    const integrity = await computeIntegrity(entry, manifest.dir);
    text = withIntegrity(text, entry.name, integrity);
    context.output.write(
      `✓ ${entry.name}: ${entry.integrity === integrity ? "unchanged" : entry.integrity === undefined ? "locked" : "changed, locked anew"}\n`,
    );
  }
  if (text === before) {
    context.output.write(`${path} is up to date\n`);
    return;
  }
  await replaceFile(path, text);
  context.output.write(`wrote ${path}\n`);
}

/** Writes beside the file and renames: whoever reads it meanwhile gets the old or the new one, never half of it. */
async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const { mode } = await stat(path);
    await writeFile(beside, text, { mode });
    // The mode at creation is cut by the umask.
    await chmod(beside, mode);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw pluginCommandErrors.MANIFEST_NOT_WRITABLE({ path, reason: messageOf(error) }, { cause: error });
  }
}
