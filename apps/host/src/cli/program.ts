import { isCodedError, messageOf } from "@molecule/core";
import { Command, CommanderError } from "commander";
import { buildImages } from "./build-images.js";
import { registerConfigCommand } from "./config-command.js";
import { registerDoctorCommand } from "./doctor/register.js";
import { registerEnvCommands } from "./env-commands.js";
import { registerOrphanCommands } from "./orphan-commands.js";
import { registerPluginCommands } from "./plugins/register.js";
import { start } from "./start.js";

/** What a command gets from the process that it runs in. */
export interface CliContext {
  readonly env: Record<string, string | undefined>;
  readonly cwd: string;
  readonly output: NodeJS.WritableStream;
  readonly errorOutput: NodeJS.WritableStream;
}

/**
 * Runs one `molecule` command.
 * @returns the exit code: 0 done, 1 failed, 2 called wrongly
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const program = createProgram(context);
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    context.errorOutput.write(
      `molecule: ${isCodedError(error) ? `${error.message} [${error.code}]` : messageOf(error)}\n`,
    );
    return 1;
  }
}

function createProgram(context: CliContext): Command {
  const program = new Command("molecule")
    .description("Runs AI agents in workspaces, with plugins that decide what they boot with.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.output.write(text),
      writeErr: (text) => void context.errorOutput.write(text),
    })
    .showHelpAfterError("(molecule --help lists the commands)");
  program
    .command("start")
    .description("start the host and serve until SIGINT or SIGTERM")
    .option(
      "--dev",
      "development: embedded database, local processes where there is no engine, open to loopback",
    )
    .action((options: { dev?: boolean }) => start(context, { dev: options.dev === true }));
  const images = program.command("images").description("workspace images");
  images
    .command("build")
    .description("build the images of templates that have a build entry in the manifest")
    .argument("[templates...]", "names of templates; all with a build entry when none is given")
    .option("--build-arg <KEY=VALUE...>", "argument of the Dockerfile, over the manifest's")
    .action((templates: string[], options: { buildArg?: string[] }) =>
      buildImages(context, { templates, buildArgs: options.buildArg ?? [] }),
    );
  registerEnvCommands(program, context);
  registerOrphanCommands(program, context);
  registerPluginCommands(program, context);
  registerConfigCommand(program, context);
  registerDoctorCommand(program, context);
  return program;
}
