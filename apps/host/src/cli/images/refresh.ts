import { compileSchema, Type } from "@molecule/core";
import { cliErrors } from "../../errors/commands.js";
import { ApiClient } from "../api-client.js";
import type { CliContext } from "../program.js";
import { BarView, LineView, type RefreshView } from "./refresh-view.js";

/** Ms for the whole: a rollout goes through all workspaces, each with its gate. */
const TIMEOUT_MS = 6 * 3_600_000;

const names = Type.Array(Type.String());
const ReportSchema = Type.Object({
  pulled: names,
  failed: names,
  recreated: names,
  rolled_back: names,
  errors: Type.Record(Type.String(), Type.String()),
});
const checkReport = compileSchema(ReportSchema);

/** What `molecule images refresh` was called with. */
export interface RefreshOptions {
  readonly runtime?: string;
  readonly recreate: boolean;
  readonly url?: string;
}

/**
 * `molecule images refresh`: asks the host, and shows how it comes along: bars on a terminal, else a line for each step.
 * @throws HOST_NOT_REACHABLE, HOST_REFUSED, HOST_ANSWER_INVALID, IMAGES_NOT_REFRESHED
 */
export async function refreshImages(context: CliContext, options: RefreshOptions): Promise<void> {
  const { output } = context;
  const client = await ApiClient.create(context, options.url);
  const view: RefreshView = isTerminal(output) ? new BarView(output) : new LineView(output);
  const query = new URLSearchParams({ recreate: String(options.recreate) });
  if (options.runtime !== undefined) query.set("runtime", options.runtime);
  const path = `/admin/workspace-images/refresh?${query.toString()}`;
  const stopListening = await client.listen(({ type, payload }) => {
    view.show(type, payload);
  });
  let answer: unknown;
  try {
    answer = await client.call("POST", path, undefined, TIMEOUT_MS);
  } finally {
    stopListening();
    view.end();
  }
  const checked = checkReport(answer);
  if (!checked.ok) throw cliErrors.HOST_ANSWER_INVALID({ call: `POST ${path}`, faults: checked.faults });
  const { pulled, recreated, rolled_back, errors } = checked.value;
  const tell = (what: string, list: readonly string[]) => {
    if (list.length > 0) output.write(`${what}: ${list.join(", ")}\n`);
  };
  tell("pulled", pulled);
  tell("recreated", recreated);
  tell("rolled back", rolled_back);
  if (Object.keys(errors).length > 0) throw cliErrors.IMAGES_NOT_REFRESHED({ errors });
}

function isTerminal(output: NodeJS.WritableStream): boolean {
  return "isTTY" in output && output.isTTY === true;
}
