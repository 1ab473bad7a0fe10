import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { field } from "../e2e/workspace-api.js";
import { startHost, type RunningHost } from "../support/host.js";
import { plantSecret } from "../support/secret-watch.js";
import { tempDir } from "../support/temp.js";

const AGENT = fileURLToPath(new URL("../../../apps/demo-agent/dist/main.js", import.meta.url));

/** A plugin for a host under test. */
export interface FaultyPlugin {
  /** The body of its `setup(ctx)`. */
  readonly setup?: string;
  /** What stands before and in its definition. */
  readonly head?: string;
  readonly extra?: string;
  readonly entry?: Readonly<Record<string, unknown>>;
}

/** A mutator of the plugin's own name. @param body of `mutate(env, ctx)` */
export function mutator(name: string, body: string): string {
  return `ctx.envMutators.add({ name: "${name}", async mutate(env) { ${body} } });`;
}

/** Writes the plugins, structural as those that carry their own copy of core are, and a manifest that lists them. */
export async function manifestOf(plugins: Readonly<Record<string, FaultyPlugin>>): Promise<string> {
  const folder = await tempDir("faulty-");
  for (const [name, { setup = "", head = "", extra = "" }] of Object.entries(plugins)) {
    const source = `${head}
export default { $$type: "@molecule/plugin", name: "${name}", api: 1, stage: "main", ${extra}
  async setup(ctx) { ${setup} } };\n`;
    for (const [, value] of source.matchAll(/\.secret\("([^"]*)"/g))
      plantSecret(value ?? "", `a secret of plugin ${name}`);
    await writeFile(join(folder, `${name}.mjs`), source);
  }
  const manifest = join(folder, "manifest.json");
  const entries = Object.entries(plugins).map(([name, { entry }]) => ({
    name,
    module: `./${name}.mjs`,
    ...entry,
  }));
  const workspace_templates = [{ name: "demo", command: [process.execPath, AGENT] }];
  await writeFile(manifest, JSON.stringify({ version: 1, plugins: entries, workspace_templates }));
  return manifest;
}

/** A host in development with these plugins, whose workspaces are local processes. */
export async function hostWith(plugins: Readonly<Record<string, FaultyPlugin>>): Promise<RunningHost> {
  const manifest = await manifestOf(plugins);
  return await startHost({ dev: true, manifest, env: { CONTAINER_RUNTIME: "process" } });
}

/** A plugin as the API shows it. */
export async function pluginOf(host: RunningHost, name: string): Promise<unknown> {
  return named(field((await host.api("GET", "/admin/plugins")).body, "plugins"), name);
}

/** A loop as the API shows it. */
export async function loopOf(host: RunningHost, name: string): Promise<unknown> {
  return named(field((await host.api("GET", "/admin/loops")).body, "loops"), name);
}

function named(list: unknown, name: string): unknown {
  return Array.isArray(list) ? list.find((each) => field(each, "name") === name) : undefined;
}
