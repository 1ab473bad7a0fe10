import { isCodedError, messageOf, type Clock } from "@molecule/core";
import { Command, CommanderError } from "commander";
import { maskerOf } from "../config/secret-names.js";
import { registerConfigCommand } from "./config-command.js";
import { registerDoctorCommand } from "./doctor/register.js";
import { registerEnvCommands } from "./env-commands.js";
import { registerOrphanCommands } from "./orphan-commands.js";
import { registerImageCommands } from "./images/register.js";
import { registerPluginCommands } from "./plugins/register.js";
import { registerSecretCommands } from "./secrets/register.js";
import { start } from "./start.js";

/** What a command gets from the process that it runs in. */
export interface CliContext {
  readonly env: Record<string, string | undefined>;
  readonly cwd: string;
  readonly output: NodeJS.WritableStream;
  readonly errorOutput: NodeJS.WritableStream;
  /** Bounds the doctor's checks; the machine's unless told. */
  readonly clock?: Clock;
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
    const text = isCodedError(error) ? `${error.message} [${error.code}]` : messageOf(error);
    context.errorOutput.write(`molecule: ${maskerOf(context.env).mask(text)}\n`);
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
  registerImageCommands(program, context);
  registerEnvCommands(program, context);
  registerOrphanCommands(program, context);
  registerPluginCommands(program, context);
  registerSecretCommands(program, context);
  registerConfigCommand(program, context);
  registerDoctorCommand(program, context);
  return program;
}
