import { Type } from "@molecule/core";
import { httpErrors } from "../../errors/http.js";
import { workspaceErrors } from "../../errors/workspaces.js";
import type { WorkspaceRow } from "../../storage/schema.js";
import { CreateWorkspaceSchema } from "../../workspaces/create-request.js";
import { bodyForDomain, defineRoute, queryOf, type Route } from "../define-route.js";
import type { HttpDependencies } from "../dependencies.js";
import { isRecord } from "../record.js";
import {
  answer,
  DeleteUnconfirmedSchema,
  EnvLedgerSchema,
  refusal,
  StateDeletedSchema,
  StateSchema,
  StopFailedSchema,
  WorkspaceCreatedSchema,
  WorkspaceDeletedSchema,
  WorkspaceDetailSchema,
  WorkspaceListItemSchema,
} from "./schemas.js";
import { toDetail, toListItem } from "./workspace-view.js";

const notFound = refusal("No such workspace");

/** Only `true` switches something on. */
const Switch = Type.Optional(Type.String({ description: "true, or anything else for false" }));

/** Routes of the workspaces; api.md §4 to §7. */
export const workspaceRoutes: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/workspaces",
    guard: "admin",
    summary: "Create a workspace; its provision goes on after the answer",
    body: bodyForDomain(CreateWorkspaceSchema, (faults) =>
      workspaceErrors.INVALID_WORKSPACE_PAYLOAD({ faults }),
    ),
    responses: { 201: answer("Created", WorkspaceCreatedSchema) },
    handle: ({ body }, deps) => deps.workspaceCreation.create(body),
  }),
  defineRoute({
    method: "GET",
    path: "/workspaces",
    guard: "admin",
    summary: "All workspaces that are not removed, by creation",
    responses: { 200: answer("The workspaces", Type.Array(WorkspaceListItemSchema)) },
    handle: async (_, deps) => {
      const rows = await deps.workspaces.list();
      return { status: 200, body: rows.map((row) => toListItem(row, deps.provisionTimeoutMs)) };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/workspaces/:id",
    guard: "workspace",
    summary: "One workspace, also a removed one",
    responses: { 200: answer("The workspace", WorkspaceDetailSchema), 404: notFound },
    handle: async ({ params }, deps) => {
      const row = await existing(params.id, deps);
      return { status: 200, body: toDetail(row, deps.provisionTimeoutMs) };
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/workspaces/:id",
    guard: "admin",
    summary: "Remove a workspace and all below it, with what they have in the container runtime",
    query: queryOf(Type.Object({ confirm: Switch, purge: Switch })),
    responses: {
      200: answer("Removed, now or before", WorkspaceDeletedSchema),
      409: answer("It has children; repeat with confirm=true", DeleteUnconfirmedSchema),
      500: answer("Removed, but something of it still runs; repeat", StopFailedSchema),
    },
    handle: ({ params, query }, deps) =>
      deps.workspaceDeletion.remove(params.id, {
        confirm: query.confirm === "true",
        purge: query.purge === "true",
      }),
  }),
  defineRoute({
    method: "GET",
    path: "/workspaces/:id/state",
    guard: "workspace",
    summary: "Whether a workspace is paused or gone",
    responses: {
      200: answer("It is there", StateSchema),
      404: answer("It is removed, or was never there", StateDeletedSchema),
    },
    handle: async ({ params }, deps) => {
      const row = await deps.workspaces.get(params.id);
      if (row === undefined || row.status === "removed") {
        return { status: 404, body: { workspace_id: params.id, deleted: true } };
      }
      const paused = row.status === "paused";
      return { status: 200, body: { workspace_id: row.id, status: row.status, paused, deleted: false } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/workspaces/:id/env",
    guard: "admin",
    summary: "Where each variable of the current attempt's environment comes from",
    query: queryOf(Type.Object({ key: Type.Optional(Type.String({ description: "Only this variable" })) })),
    responses: {
      200: answer("The ledger", EnvLedgerSchema),
      404: refusal("No such workspace, or its attempt has not been through the chain yet"),
    },
    handle: async ({ params, query }, deps) => {
      const row = await existing(params.id, deps);
      const stored = await deps.ledgers.of(row.id, row.attempt);
      if (stored === undefined) {
        throw httpErrors.ENV_LEDGER_NOT_FOUND({ workspaceId: row.id, attempt: row.attempt });
      }
      const { attempt, created_at, ledger } = stored;
      const shown = query.key === undefined ? ledger : onlyVariable(ledger, query.key);
      const facts = isRecord(shown) ? shown : {};
      // One of a host before conflicts were kept has none.
      return { status: 200, body: { workspace_id: row.id, created_at, conflicts: [], ...facts, attempt } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/workspaces/:id/console",
    guard: "admin",
    summary: "The last lines that the workspace's process printed, secrets masked",
    responses: {
      200: answer("The lines", Type.Object({ output: Type.String() }, { additionalProperties: false })),
      404: notFound,
      501: refusal("The container runtime keeps no output"),
      503: refusal("The container engine does not answer"),
    },
    handle: async ({ params }, deps) => {
      const output = await deps.workspaceConsole(params.id);
      if (output === null) throw httpErrors.CONSOLE_NOT_AVAILABLE({});
      return { status: 200, body: { output } };
    },
  }),
];

/** @throws WORKSPACE_NOT_FOUND */
async function existing(id: string, deps: HttpDependencies): Promise<WorkspaceRow> {
  const row = await deps.workspaces.get(id);
  if (row === undefined) throw workspaceErrors.WORKSPACE_NOT_FOUND({});
  return row;
}

/** A ledger with the writes of one variable, and the conflict over it, only; none when nothing wrote it. */
function onlyVariable(ledger: unknown, key: string): Record<string, unknown> {
  if (!isRecord(ledger) || !isRecord(ledger.variables)) return {};
  const { variables } = ledger;
  const conflicts = Array.isArray(ledger.conflicts) ? ledger.conflicts : [];
  return {
    ...ledger,
    variables: Object.hasOwn(variables, key) ? { [key]: variables[key] } : {},
    conflicts: conflicts.filter((each) => isRecord(each) && each.key === key),
  };
}
