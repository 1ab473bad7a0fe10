import { compileSchema, Type } from "@molecule/core";
import type { Command } from "commander";
import { cliErrors } from "../errors/commands.js";
import { ApiClient } from "./api-client.js";
import { LedgerSchema, renderLedger, SHOWN } from "./env-ledger.js";
import { printable } from "./printable.js";
import type { CliContext } from "./program.js";

const PreviewSchema = Type.Object({
  ok: Type.Boolean(),
  error: Type.Union([Type.Object({ code: Type.String(), message: Type.String() }), Type.Null()]),
  ledger: LedgerSchema,
  difference: Type.Union([
    Type.Object({
      added: Type.Record(Type.String(), Type.String()),
      removed: Type.Array(Type.String()),
      changed: Type.Record(Type.String(), Type.Object({ before: Type.String(), after: Type.String() })),
    }),
    Type.Null(),
  ]),
});

const checkLedger = compileSchema(LedgerSchema);
const checkPreview = compileSchema(PreviewSchema);

interface PreviewOptions {
  readonly url?: string;
  readonly json?: boolean;
  readonly workspace?: string;
  readonly name: string;
  readonly runtime?: string;
  readonly role?: string;
  readonly enable?: string[];
  readonly disable?: string[];
}

/** Adds `molecule env explain` and `molecule env preview`. */
export function registerEnvCommands(program: Command, context: CliContext): void {
  const env = program.command("env").description("what workspaces boot with, and why");
  env
    .command("explain")
    .description("show who wrote each variable of a workspace's environment, losers included")
    .argument("<workspace>", "id of the workspace")
    .argument("[key]", "only this variable")
    .option("--url <url>", "the host's address; http://127.0.0.1:$PORT when absent")
    .option("--json", "print the API's answer")
    .action((workspace: string, key: string | undefined, options: { url?: string; json?: boolean }) =>
      explain(context, workspace, key, options),
    );
  env
    .command("preview")
    .description("show what a workspace would boot with, with plugins switched on or off; starts nothing")
    .option("--workspace <id>", "a workspace that exists; else one is imagined from the following")
    .option("--name <name>", "name of the imagined workspace", "Preview")
    .option("--runtime <name>", "its workspace template")
    .option("--role <role>", "its role")
    .option("--enable <plugin...>", "switch these plugins on")
    .option("--disable <plugin...>", "switch these plugins off")
    .option("--url <url>", "the host's address; http://127.0.0.1:$PORT when absent")
    .option("--json", "print the API's answer")
    .action((options: PreviewOptions) => preview(context, options));
}

async function explain(
  context: CliContext,
  workspace: string,
  key: string | undefined,
  options: { url?: string; json?: boolean },
): Promise<void> {
  const client = await ApiClient.create(context, options.url);
  const query = key === undefined ? "" : `?key=${encodeURIComponent(key)}`;
  const path = `/workspaces/${encodeURIComponent(workspace)}/env${query}`;
  const answer = await client.call("GET", path);
  if (options.json === true) {
    print(context, JSON.stringify(answer));
    return;
  }
  const checked = checkLedger(answer);
  if (!checked.ok) throw cliErrors.HOST_ANSWER_INVALID({ call: `GET ${path}`, faults: checked.faults });
  print(context, renderLedger(checked.value, key));
}

async function preview(context: CliContext, options: PreviewOptions): Promise<void> {
  const client = await ApiClient.create(context, options.url);
  const subject =
    options.workspace === undefined
      ? { name: options.name, ...defined({ runtime: options.runtime, role: options.role }) }
      : { workspace_id: options.workspace };
  const body = { ...subject, enable: options.enable ?? [], disable: options.disable ?? [] };
  const answer = await client.call("POST", "/admin/env/preview", body);
  if (options.json === true) {
    print(context, JSON.stringify(answer));
    return;
  }
  const checked = checkPreview(answer);
  if (!checked.ok) {
    throw cliErrors.HOST_ANSWER_INVALID({ call: "POST /admin/env/preview", faults: checked.faults });
  }
  const { error, ledger, difference } = checked.value;
  print(context, renderLedger(ledger));
  if (error !== null) print(context, `\nthe provision would fail: ${error.message} [${error.code}]`);
  if (difference === null) return;
  const lines = [
    ...Object.entries(difference.added).map(([key, value]) => `+ ${key}=${printable(value, SHOWN)}`),
    ...difference.removed.map((key) => `- ${key}`),
    ...Object.entries(difference.changed).map(
      ([key, { before, after }]) => `~ ${key}: ${printable(before, SHOWN)} → ${printable(after, SHOWN)}`,
    ),
  ];
  print(context, `\ndifference from now:${lines.length === 0 ? " none" : `\n${lines.join("\n")}`}`);
}

function defined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

function print(context: CliContext, text: string): void {
  context.output.write(`${text}\n`);
}
