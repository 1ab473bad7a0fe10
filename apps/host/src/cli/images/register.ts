import type { Command } from "commander";
import type { CliContext } from "../program.js";
import { registerQuarantineCommands } from "../quarantine-commands.js";
import { buildImages } from "./build.js";
import { listImages } from "./list.js";
import { refreshImages } from "./refresh.js";

/** Adds `molecule images`. */
export function registerImageCommands(program: Command, context: CliContext): void {
  const images = program.command("images").description("workspace images");
  images
    .command("build")
    .description("build the images of templates that have a build entry in the manifest")
    .argument("[templates...]", "names of templates; all with a build entry when none is given")
    .option("--build-arg <KEY=VALUE...>", "argument of the Dockerfile, over the manifest's")
    .action((templates: string[], options: { buildArg?: string[] }) =>
      buildImages(context, { templates, buildArgs: options.buildArg ?? [] }),
    );
  images
    .command("refresh")
    .description("pull what the registry has now, and bring it to the workspaces of a running host")
    .option("--runtime <name>", "this runtime only; all whose image comes from a registry otherwise")
    .option("--no-recreate", "pull only; workspaces stay as they are")
    .option("--url <url>", "address of the host; this machine at PORT otherwise")
    .action((options: { runtime?: string; recreate: boolean; url?: string }) =>
      refreshImages(context, options),
    );
  images
    .command("list")
    .description("show each template's image: what is known of it, what runs, what is on its way")
    .option("--json", "as the API answers it")
    .option("--url <url>", "address of the host; this machine at PORT otherwise")
    .action((options: { json?: boolean; url?: string }) => listImages(context, options));
  registerQuarantineCommands(images, context);
}
