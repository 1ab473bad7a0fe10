import { compileSchema, Type, type Static } from "@molecule/core";
import type { Command } from "commander";
import { cliErrors } from "../errors/commands.js";
import { ApiClient } from "./api-client.js";
import type { CliContext } from "./program.js";

const WriterSchema = Type.Object({
  kind: Type.String(),
  name: Type.String(),
  version: Type.Optional(Type.String()),
});
const EntrySchema = Type.Object({
  writer: WriterSchema,
  operation: Type.String(),
  value: Type.Union([Type.String(), Type.Null()]),
  outcome: Type.String(),
});
const VariablesSchema = Type.Record(Type.String(), Type.Array(EntrySchema));
const LedgerSchema = Type.Object({
  attempt: Type.Integer(),
  variables: VariablesSchema,
  conflicts: Type.Array(Type.Object({ key: Type.String(), plugins: Type.Array(Type.String()) })),
  mutators: Type.Array(
    Type.Object({
      plugin: Type.String(),
      mutator: Type.String(),
      outcome: Type.String(),
      durationMs: Type.Number(),
      error: Type.Optional(Type.Object({ message: Type.String() })),
    }),
  ),
});
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

type Ledger = Static<typeof LedgerSchema>;

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
  print(context, describeLedger(checked.value));
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
  print(context, describeLedger(ledger));
  if (error !== null) print(context, `\nthe provision would fail: ${error.message} [${error.code}]`);
  if (difference === null) return;
  const lines = [
    ...Object.entries(difference.added).map(([key, value]) => `+ ${key}=${value}`),
    ...difference.removed.map((key) => `- ${key}`),
    ...Object.entries(difference.changed).map(([key, { before, after }]) => `~ ${key}: ${before} → ${after}`),
  ];
  print(context, `\ndifference from now:${lines.length === 0 ? " none" : `\n${lines.join("\n")}`}`);
}

/** Per variable its writes in order, the winning ones marked; then conflicts, and how each mutator fared. */
function describeLedger({ attempt, variables, conflicts, mutators }: Ledger): string {
  const lines = [`attempt ${attempt}`];
  for (const [key, entries] of Object.entries(variables)) {
    lines.push(key);
    for (const { writer, operation, value, outcome } of entries) {
      const who = writer.kind === "plugin" ? `${writer.name}@${writer.version ?? "?"}` : writer.name;
      const mark = outcome === "applied" ? "✓" : " ";
      lines.push(
        `  ${mark} ${who.padEnd(24)} ${operation.padEnd(10)} ${outcome.padEnd(13)} ${value ?? ""}`.trimEnd(),
      );
    }
  }
  for (const { key, plugins } of conflicts) {
    lines.push(`conflict over ${key}: set by ${plugins.join(", then ")}`);
  }
  for (const { plugin, mutator, outcome, durationMs, error } of mutators) {
    const name = plugin === mutator ? plugin : `${plugin}/${mutator}`;
    lines.push(
      `mutator ${name}: ${outcome}, ${durationMs.toFixed(1)} ms${error === undefined ? "" : `: ${error.message}`}`,
    );
  }
  return lines.join("\n");
}

function defined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

function print(context: CliContext, text: string): void {
  context.output.write(`${text}\n`);
}
