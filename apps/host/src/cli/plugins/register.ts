import { resolve } from "node:path";
import type { Command } from "commander";
import { manifestPath } from "../manifest-path.js";
import type { CliContext } from "../program.js";
import { listPlugins } from "./list.js";
import { lockPlugins } from "./lock.js";
import { newPlugin } from "./new.js";
import { validate } from "./validate.js";

const MANIFEST_HELP =
  "the manifest (default: MOLECULE_MANIFEST, else the manifest.json here or up to 6 folders above)";

const ENV_STAGE_HELP =
  "Runs the plugins of stage env as boot does, on a copy of the environment: what they set decides which others are on.";

/** Adds `molecule plugins` and its commands. */
export function registerPluginCommands(program: Command, context: CliContext): void {
  const plugins = program.command("plugins").description("make, check, lock and list plugins");
  plugins
    .command("new")
    .description("write a new plugin: a package that builds, tests and runs at once")
    .argument("<name>", "its name in the manifest: a-z, 0-9 and -, e.g. acme-vault")
    .option("--dir <path>", "the folder to make (default: ./<name>)")
    .addHelpText(
      "after",
      "\nWhat to do with it is printed at the end, and explained in docs/writing-a-plugin.md.",
    )
    .action(async (name: string, options: { dir?: string }) =>
      newPlugin(context, {
        name,
        dir: resolve(context.cwd, options.dir ?? name),
        manifest: await manifestPath(context),
      }),
    );
  plugins
    .command("validate")
    .description("print every fault of a manifest and its plugins, or of a plugin's package")
    .argument("[path]", "a manifest, or the folder of a plugin's package (default: the host's manifest)")
    .option("--all", "check the plugins that are off as well")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `\nImports each plugin, in a thread of its own, but runs no other setup. Exit code 0 without faults, else 1.\n${ENV_STAGE_HELP}`,
    )
    .action(async (path: string | undefined, options: { all?: boolean; json?: boolean }) =>
      validate(context, {
        path: await manifestPath(context, path),
        all: options.all === true,
        json: options.json === true,
      }),
    );
  plugins
    .command("lock")
    .description("write the integrity of each plugin that is on into the manifest")
    .option("--manifest <path>", MANIFEST_HELP)
    .option("--all", "lock the plugins that are off as well")
    .addHelpText(
      "after",
      `\nThe host does not start with a plugin whose files no longer give its integrity. Run this again after an update.\n${ENV_STAGE_HELP}`,
    )
    .action(async (options: { manifest?: string; all?: boolean }) =>
      lockPlugins(context, {
        manifest: await manifestPath(context, options.manifest),
        all: options.all === true,
      }),
    );
  plugins
    .command("list")
    .description("show each plugin of the manifest: its module, and whether it is on and why")
    .option("--manifest <path>", MANIFEST_HELP)
    .option("--json", "print the list as JSON")
    .addHelpText(
      "after",
      `\nAs a host that starts now would decide. What was toggled at run time, a running host tells: GET /admin/plugins.\n${ENV_STAGE_HELP}`,
    )
    .action(async (options: { manifest?: string; json?: boolean }) =>
      listPlugins(context, {
        manifest: await manifestPath(context, options.manifest),
        json: options.json === true,
      }),
    );
}
