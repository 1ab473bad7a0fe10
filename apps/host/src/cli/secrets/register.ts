import type { Command } from "commander";
import type { CliContext } from "../program.js";
import { checkSecrets } from "./check.js";
import { rotateSecrets } from "./rotate.js";

/** Adds `molecule secrets rotate` and `molecule secrets check`. */
export function registerSecretCommands(program: Command, context: CliContext): void {
  const secrets = program
    .command("secrets")
    .description("the encrypted secrets in the database; with the host's own configuration");
  secrets
    .command("rotate")
    .description("wrap all secrets with the first key of SECRETS_ENCRYPTION_KEYS; hosts go on meanwhile")
    .addHelpText(
      "after",
      "\nEvery host must have the new key before, and the old ones until it is done. May be stopped and run again.",
    )
    .action(() => rotateSecrets(context));
  secrets
    .command("check")
    .description("try to open every secret; changes nothing and shows no value")
    .action(() => checkSecrets(context));
}
