import { compileSchema, Type } from "@molecule/core";
import type { Command } from "commander";
import { cliErrors } from "../errors/commands.js";
import { ApiClient } from "./api-client.js";
import type { CliContext } from "./program.js";

const PATH = "/admin/workspace-images/quarantine";
const checkQuarantine = compileSchema(
  Type.Object({
    quarantine: Type.Array(
      Type.Object({
        runtime: Type.String(),
        digest: Type.String(),
        reference: Type.String(),
        reason: Type.String(),
        workspace_id: Type.Union([Type.String(), Type.Null()]),
        created_by: Type.String(),
        created_at: Type.String(),
      }),
    ),
  }),
);

interface CallOptions {
  readonly url?: string;
  readonly json?: boolean;
}

/** Adds `quarantine list` and `quarantine lift` below `molecule images`. */
export function registerQuarantineCommands(images: Command, context: CliContext): void {
  const url = ["--url <url>", "the host's address; http://127.0.0.1:$PORT when absent"] as const;
  const quarantine = images
    .command("quarantine")
    .description("images that failed and that nothing starts with");
  quarantine
    .command("list", { isDefault: true })
    .description("show them: which, since when, and why")
    .option(...url)
    .option("--json", "print the API's answer")
    .action((options: CallOptions) => list(context, options));
  quarantine
    .command("lift")
    .description("let an image be rolled out and started again")
    .argument("<digest>", "its digest, as the list shows it")
    .option(...url)
    .action((digest: string, options: CallOptions) => lift(context, digest, options));
}

async function list(context: CliContext, options: CallOptions): Promise<void> {
  const client = await ApiClient.create(context, options.url);
  const answer = await client.call("GET", PATH);
  if (options.json === true) {
    context.output.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  const checked = checkQuarantine(answer);
  if (!checked.ok) throw cliErrors.HOST_ANSWER_INVALID({ call: `GET ${PATH}`, faults: checked.faults });
  const { quarantine } = checked.value;
  if (quarantine.length === 0) context.output.write("no image is in quarantine\n");
  for (const each of quarantine) {
    const where = each.workspace_id === null ? "" : ` in workspace ${each.workspace_id}`;
    context.output.write(
      `${each.digest}\n  ${each.runtime}, ${each.reference}, since ${each.created_at} by ${each.created_by}\n  failed${where}: ${each.reason}\n`,
    );
  }
}

async function lift(context: CliContext, digest: string, options: CallOptions): Promise<void> {
  const client = await ApiClient.create(context, options.url);
  await client.call("DELETE", `${PATH}/${encodeURIComponent(digest)}`);
  context.output.write(`lifted: ${digest} may be rolled out again\n`);
}
