import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { messageOf, readManifest } from "@molecule/core";
import { pluginCommandErrors } from "../../errors/cli.js";
import type { CliContext } from "../program.js";
import { coreFolder } from "./core-folder.js";
import { pluginFiles, variablePrefix } from "./plugin-files.js";

/** What `molecule plugins new` was called with. */
export interface NewPluginOptions {
  readonly name: string;
  /** Absolute path of the folder to make. */
  readonly dir: string;
  /** Absolute path of the manifest that is to list it; it need not be there. */
  readonly manifest: string;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

/**
 * `molecule plugins new`: writes the package, all of it or nothing, and says what to do with it.
 * @throws PLUGIN_NAME_INVALID, PLUGIN_NAME_TAKEN, PLUGIN_FOLDER_TAKEN, PLUGIN_FOLDER_UNUSABLE
 */
export async function newPlugin(context: CliContext, options: NewPluginOptions): Promise<void> {
  const { name, dir, manifest } = options;
  if (!NAME.test(name)) throw pluginCommandErrors.PLUGIN_NAME_INVALID({ found: name });
  if ((await namesIn(manifest)).includes(name)) {
    throw pluginCommandErrors.PLUGIN_NAME_TAKEN({ name, manifest });
  }
  if (!(await isFree(dir))) throw pluginCommandErrors.PLUGIN_FOLDER_TAKEN({ path: dir });
  const files = pluginFiles({ name, core: posixPath(relative(dir, await coreFolder())) });
  await writeFolder(dir, files);
  const lines = nextSteps(context, options, Object.keys(files));
  context.output.write(`${lines.join("\n")}\n`);
}

/** The names that a manifest lists; none where it can't be read, which is for `plugins validate` to tell. */
async function namesIn(manifest: string): Promise<string[]> {
  return await readManifest(manifest).then(
    ({ plugins }) => plugins.map((entry) => entry.name),
    () => [],
  );
}

async function isFree(dir: string): Promise<boolean> {
  return await readdir(dir).then(
    (names) => names.length === 0,
    (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT",
  );
}

/** Written beside its place and then renamed, so that a failure leaves nothing half made. */
async function writeFolder(dir: string, files: Readonly<Record<string, string>>): Promise<void> {
  let beside: string | undefined;
  try {
    await mkdir(dirname(dir), { recursive: true });
    beside = await mkdtemp(join(dirname(dir), `.${basename(dir)}-`));
    const made = join(beside, "plugin");
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(made, path)), { recursive: true });
      await writeFile(join(made, path), content);
    }
    await rename(made, dir);
  } catch (error) {
    throw pluginCommandErrors.PLUGIN_FOLDER_UNUSABLE(
      { path: dir, reason: messageOf(error) },
      { cause: error },
    );
  } finally {
    if (beside !== undefined) await rm(beside, { recursive: true, force: true });
  }
}

function nextSteps({ cwd }: CliContext, options: NewPluginOptions, files: readonly string[]): string[] {
  const { name, dir, manifest } = options;
  const shown = posixPath(relative(cwd, dir));
  const below = posixPath(relative(dirname(manifest), dir));
  // The manifest takes paths below its own folder; from elsewhere, a plugin is installed as a package.
  const isBelow = !below.startsWith("..") && below !== "";
  const entry = {
    name,
    module: isBelow ? `./${below}/dist/src/index.js` : `molecule-plugin-${name}`,
    config: {},
    env: { reads: [], writes: [`${variablePrefix(name)}_*`] },
  };
  return [
    `Made the plugin "${name}" in ${dir}:`,
    ...files.map((file) => `  ${file}`),
    "",
    "Build and test it:",
    `  ${shown === "" ? "" : `cd ${shellWord(shown)} && `}npm install && npm test`,
    "",
    `List it in ${manifest}:`,
    `  ${JSON.stringify(entry)}`,
    ...(isBelow ? [] : ["and install it in that folder:", `  npm install --install-links ${shellWord(dir)}`]),
    "",
    "Check it, then start the host:",
    "  molecule plugins validate && molecule start --dev",
  ];
}

/** A path as a word of a shell's command line: as it is where no shell makes anything else of it. */
function shellWord(path: string): string {
  return /^[\w./@%+=:,][\w./@%+=:,-]*$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function posixPath(path: string): string {
  return path.replaceAll(sep, "/");
}
