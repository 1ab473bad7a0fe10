import { cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run, tryRun, widePath, type RunResult } from "../support/commands.js";
import { recordOutput } from "../support/secret-watch.js";
import { tempDir } from "../support/temp.js";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const CLI = join(REPOSITORY, "apps/host/dist/cli/main.js");
const EXAMPLE = join(REPOSITORY, "docs/examples/third-party-plugin");

/** Ms for one npm command: an install may have to fetch what the cache does not have. */
const NPM_TIMEOUT_MS = 180_000;

/** The environment without what belongs to this test run: its npm script, its coverage, its source maps. */
function environment(): NodeJS.ProcessEnv {
  const own =
    /^(npm_(package|lifecycle|command|config_local_prefix|config_prefix)|INIT_CWD$|NODE_OPTIONS$|NODE_V8_COVERAGE$)/i;
  const rest = Object.entries(process.env).filter(([name]) => !own.test(name));
  return { ...Object.fromEntries(rest), PATH: widePath() };
}

/** Runs npm in a folder; it has to succeed. */
export async function npm(cwd: string, ...args: readonly string[]): Promise<string> {
  return await run("npm", args, { cwd, env: environment(), timeoutMs: NPM_TIMEOUT_MS });
}

/** Installs what package.json says, and the given packages, from the cache as far as it goes. */
export async function install(cwd: string, ...packages: readonly string[]): Promise<void> {
  await npm(cwd, "install", "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock", ...packages);
}

/** Packs a package into a folder, and answers the tarball's path. */
export async function pack(cwd: string, into: string): Promise<string> {
  const before = new Set(await readdir(into));
  await npm(cwd, "pack", "--silent", "--pack-destination", into);
  const made = (await readdir(into)).find((name) => name.endsWith(".tgz") && !before.has(name));
  if (made === undefined) throw new Error(`npm pack made no tarball of ${cwd}`);
  return join(into, made);
}

/** Runs the `molecule` command in a folder. */
export async function molecule(cwd: string, ...args: readonly string[]): Promise<RunResult> {
  const result = await tryRun(process.execPath, [CLI, ...args], { cwd, env: environment() });
  recordOutput("command", `molecule ${args[0] ?? ""}`, result.stdout + result.stderr);
  return result;
}

/** A folder of its own that has nothing of this repository but the tarball of core. */
export class ThirdParty {
  readonly folder: string;
  readonly core: string;

  private constructor(folder: string, core: string) {
    this.folder = folder;
    this.core = core;
  }

  static async make(): Promise<ThirdParty> {
    const folder = await tempDir("mthird-");
    return new ThirdParty(folder, await pack(join(REPOSITORY, "core"), folder));
  }

  /** A copy of the example, without what a build left there. */
  async copyExample(): Promise<string> {
    const copy = join(this.folder, "example");
    const isSource = (path: string) => !/\/(node_modules|dist)$/.test(path);
    await cp(EXAMPLE, copy, { recursive: true, filter: isSource });
    return copy;
  }

  /** A folder for a host, with core and plugins installed from their tarballs, and a manifest that lists entries. */
  async hostFolder(name: string, tarballs: readonly string[], entries: readonly object[]): Promise<string> {
    const folder = join(this.folder, name);
    await mkdir(folder);
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "host", private: true }));
    await install(folder, "--omit=dev", this.core, ...tarballs);
    const agent = join(REPOSITORY, "apps/demo-agent/dist/main.js");
    const manifest = {
      version: 1,
      plugins: entries,
      workspace_templates: [{ name: "demo", command: [process.execPath, agent] }],
    };
    await writeFile(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    return folder;
  }
}
