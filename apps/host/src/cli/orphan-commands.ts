import { compileSchema, Type, type Static, type TSchema } from "@molecule/core";
import type { Command } from "commander";
import { cliErrors } from "../errors/commands.js";
import { ApiClient } from "./api-client.js";
import type { CliContext } from "./program.js";

const OrphansSchema = Type.Object({
  unknown: Type.Union([Type.String(), Type.Null()]),
  orphans: Type.Array(
    Type.Object({
      kind: Type.String(),
      id: Type.String(),
      name: Type.String(),
      workspace_id: Type.Union([Type.String(), Type.Null()]),
      verdict: Type.String(),
      reason: Type.String(),
    }),
  ),
  foreign: Type.Integer(),
  unlabelled: Type.Integer(),
  fuse: Type.Object({
    state: Type.String(),
    id: Type.Optional(Type.String()),
    since: Type.Optional(Type.String()),
    workspaceIds: Type.Optional(Type.Array(Type.String())),
  }),
});

type OrphansAnswer = Static<typeof OrphansSchema>;

/** What the rule makes of an object, as people read it. */
const VERDICTS: Readonly<Record<string, string>> = {
  remove: "goes with the next pass",
  wait: "waits",
  fuse: "held back by the fuse",
  keep: "never touched",
};

interface CallOptions {
  readonly url?: string;
  readonly json?: boolean;
}

/** Adds `molecule orphans list`, `adopt`, `remove` and `confirm`. */
export function registerOrphanCommands(program: Command, context: CliContext): void {
  const orphans = program.command("orphans").description("what the engine holds that is no live workspace's");
  const url = ["--url <url>", "the host's address; http://127.0.0.1:$PORT when absent"] as const;
  orphans
    .command("list", { isDefault: true })
    .description("show it, and what the reaping rule says of each")
    .option(...url)
    .option("--json", "print the API's answer")
    .action((options: CallOptions) => list(context, options));
  orphans
    .command("adopt")
    .description("make a workspace of what a restored database has lost, with its volumes")
    .argument("<workspace>", "id of the workspace, as the list shows it")
    .option("--name <name>", "its name; ws-<first 12 of id> when absent")
    .option("--role <role>", "its role")
    .option("--runtime <name>", "its workspace template; as its containers are labelled when absent")
    .option("--tier <tier>", "its tier, 1 to 4", Number)
    .option(...url)
    .action((workspace: string, options: CallOptions & Omit<AdoptOptions, "workspace_id">) => {
      const { name, role, runtime, tier } = options;
      const body = { workspace_id: workspace, name, role, runtime, tier };
      return post(context, options, "adopt", body, `adopted: ${workspace} is being provisioned`);
    });
  orphans
    .command("remove")
    .description("remove one container or volume that no live workspace needs")
    .argument("<id>", "its exact id, as the list shows it")
    .option(...url)
    .action((id: string, options: CallOptions) => post(context, options, "remove", { id }, `removed: ${id}`));
  orphans
    .command("confirm")
    .description("let the next pass remove what the fuse holds back")
    .argument("<fuse>", "id of the fuse, as the list shows it: exactly what was shown is confirmed")
    .option(...url)
    .action((fuse: string, options: CallOptions) =>
      post(context, options, "confirm", { fuse }, "confirmed: the next pass removes what the fuse held back"),
    );
}

interface AdoptOptions {
  readonly workspace_id: string;
  readonly name?: string;
  readonly role?: string;
  readonly runtime?: string;
  readonly tier?: number;
}

async function list(context: CliContext, options: CallOptions): Promise<void> {
  const client = await ApiClient.create(context, options.url);
  const answer = await client.call("GET", "/admin/orphans");
  if (options.json === true) print(context, JSON.stringify(answer));
  else print(context, describe(checked(OrphansSchema, "GET /admin/orphans", answer)));
}

async function post(
  context: CliContext,
  options: CallOptions,
  action: string,
  body: object,
  done: string,
): Promise<void> {
  const client = await ApiClient.create(context, options.url);
  await client.call("POST", `/admin/orphans/${action}`, body);
  print(context, done);
}

function describe({ unknown, orphans, foreign, unlabelled, fuse }: OrphansAnswer): string {
  if (unknown !== null) return `nothing is known of the engine: ${unknown}`;
  const lines = orphans.flatMap(({ kind, id, name, workspace_id, verdict, reason }) => [
    `${kind} ${name} — ${VERDICTS[verdict] ?? verdict}`,
    `  ${reason}`,
    `  id ${id}${workspace_id === null ? "" : `, workspace ${workspace_id}`}`,
  ]);
  if (lines.length === 0) lines.push("no orphans");
  lines.push(`of other installations: ${foreign}, without labels: ${unlabelled}; these are never touched`);
  if (fuse.state === "blown") {
    lines.push(
      `the fuse is blown over ${fuse.workspaceIds?.length ?? 0} workspaces since ${fuse.since ?? "?"}: if they are surely nobody's, molecule orphans confirm ${fuse.id ?? "<fuse>"} lets the next pass remove them`,
    );
  } else if (fuse.state === "confirmed")
    lines.push("what the fuse held back is confirmed, and goes with the next pass");
  return lines.join("\n");
}

function checked<Schema extends TSchema>(schema: Schema, call: string, answer: unknown): Static<Schema> {
  const result = compileSchema(schema)(answer);
  if (!result.ok) throw cliErrors.HOST_ANSWER_INVALID({ call, faults: result.faults });
  return result.value;
}

function print(context: CliContext, text: string): void {
  context.output.write(`${text}\n`);
}
