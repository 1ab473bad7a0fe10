import { readManifest } from "@molecule/core";
import type { CliContext } from "../program.js";
import { hostEnv } from "./host-env.js";

/** What `molecule plugins list` was called with. */
export interface ListOptions {
  /** Absolute path. */
  readonly manifest: string;
  readonly json: boolean;
}

/**
 * `molecule plugins list`: each plugin in effective order.
 * @throws MANIFEST_UNREADABLE, MANIFEST_NOT_JSON, MANIFEST_INVALID, PLUGIN_OVERRIDES_INVALID
 */
export async function listPlugins(context: CliContext, options: ListOptions): Promise<void> {
  // Loaded here and not above: a host that starts has no use for the author's kit.
  const { decidePlugins } = await import("@molecule/core/testing");
  const manifest = await readManifest(options.manifest);
  const plugins = decidePlugins(manifest, await hostEnv(manifest, context)).map(
    ({ entry, enabled, reason }) => ({ name: entry.name, module: entry.module, enabled, reason }),
  );
  if (options.json) {
    context.output.write(`${JSON.stringify({ plugins }, null, 2)}\n`);
    return;
  }
  if (plugins.length === 0) context.output.write(`${options.manifest} lists no plugin\n`);
  const width = (texts: string[]) => Math.max(0, ...texts.map((text) => text.length));
  const nameWidth = width(plugins.map(({ name }) => name));
  const moduleWidth = width(plugins.map(({ module }) => module));
  for (const { name, module, enabled, reason } of plugins) {
    const state = enabled ? "on " : "off";
    context.output.write(`${name.padEnd(nameWidth)}  ${module.padEnd(moduleWidth)}  ${state}  ${reason}\n`);
  }
}
