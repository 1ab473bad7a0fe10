import { Type } from "@molecule/core";
import { httpErrors } from "../../errors/http.js";
import { workspaceErrors } from "../../errors/workspaces.js";
import type { WorkspaceRow } from "../../storage/schema.js";
import { bodyOf, defineRoute, type Route } from "../define-route.js";
import type { HttpDependencies } from "../dependencies.js";
import { parseWorkspaceId } from "../workspace-id.js";
import { exactly } from "./schema-parts.js";
import {
  answer,
  done,
  OrgTokenIssuedSchema,
  OrgTokensSchema,
  refusal,
  WorkspaceTokensSchema,
} from "./schemas.js";

/** Live tokens of one workspace; api.md §2. */
const MAX_LIVE = 50;

const notFound = refusal("No such live token");

/** Routes of the tokens; api.md §2. */
export const tokenRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/org/tokens",
    guard: "admin",
    summary: "The live org tokens: each makes its holder an administrator",
    responses: { 200: answer("Never their texts", OrgTokensSchema) },
    handle: async (_, { orgTokens }) => {
      const tokens = await orgTokens.list();
      return { status: 200, body: { tokens, count: tokens.length } };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/org/tokens",
    guard: "admin",
    summary: "Make an org token; its text is shown this once",
    body: bodyOf(
      Type.Object({ name: Type.Optional(Type.String({ maxLength: 100, pattern: "^[^\\u0000]*$" })) }),
    ),
    responses: { 200: answer("The token", OrgTokenIssuedSchema) },
    handle: async ({ body }, { orgTokens }) => {
      const name = body.name?.trim() ?? "";
      const { id, prefix, token } = await orgTokens.issue(name === "" ? null : name);
      const warning = "keep this token now: it is not shown again, and lets its holder do everything";
      return {
        status: 200,
        body: { id, prefix, ...(name === "" ? {} : { name }), auth_token: token, warning },
      };
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/org/tokens/:tokenId",
    guard: "admin",
    summary: "Revoke an org token, at once",
    responses: { 200: answer("Done", Type.Object({ revoked: Type.String() }, exactly)), 404: notFound },
    handle: async ({ params }, { orgTokens }) => {
      const id = parseWorkspaceId(params.tokenId);
      const isRevoked = id !== undefined && (await orgTokens.revoke(id));
      if (!isRevoked) throw httpErrors.TOKEN_NOT_FOUND({ id: params.tokenId });
      return { status: 200, body: { revoked: id } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/workspaces/:id/tokens",
    guard: "workspace",
    summary: "The live tokens of a workspace",
    responses: { 200: answer("Never their texts", WorkspaceTokensSchema), 404: refusal("No such workspace") },
    handle: async ({ params }, deps) => {
      await existing(params.id, deps);
      const tokens = await deps.tokens.list(params.id);
      return { status: 200, body: { tokens, count: tokens.length } };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/workspaces/:id/tokens",
    guard: "workspace",
    summary: "Make a further token of a workspace's current attempt; its text is shown this once",
    responses: {
      201: answer(
        "The token",
        Type.Object(
          { auth_token: Type.String(), workspace_id: Type.String(), message: Type.String() },
          exactly,
        ),
      ),
      404: refusal("No such workspace"),
      429: refusal(`Over the rate limit, or ${MAX_LIVE} tokens are live`),
    },
    handle: async ({ params }, deps) => {
      const message = "keep this token now: it is not shown again, and ends when the workspace is restarted";
      return {
        status: 201,
        body: { auth_token: await issue(params.id, deps), workspace_id: params.id, message },
      };
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/workspaces/:id/tokens/:tokenId",
    guard: "workspace",
    summary: "Revoke a token of a workspace, at once",
    responses: { 200: done("revoked"), 404: notFound },
    handle: async ({ params }, { tokens }) => {
      const id = parseWorkspaceId(params.tokenId);
      const isRevoked = id !== undefined && (await tokens.revoke(params.id, id));
      if (!isRevoked) throw httpErrors.TOKEN_NOT_FOUND({ id: params.tokenId });
      return { status: 200, body: { status: "revoked" } };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/admin/workspaces/:id/test-token",
    guard: "test-token",
    summary: "A token of a workspace, for tests; in development, or with MOLECULE_ENABLE_TEST_TOKENS",
    responses: {
      200: answer(
        "The token",
        Type.Object({ auth_token: Type.String(), workspace_id: Type.String() }, exactly),
      ),
      404: refusal("No such workspace, or not to be had here"),
      429: refusal(`Over the rate limit, or ${MAX_LIVE} tokens are live`),
    },
    handle: async ({ params }, deps) => ({
      status: 200,
      body: { auth_token: await issue(params.id, deps), workspace_id: params.id },
    }),
  }),
];

/** @throws WORKSPACE_NOT_FOUND */
async function existing(id: string, deps: HttpDependencies): Promise<WorkspaceRow> {
  const row = await deps.workspaces.get(id);
  if (row === undefined || row.status === "removed") throw workspaceErrors.WORKSPACE_NOT_FOUND({});
  return row;
}

/**
 * A token of the current attempt. The row is locked, so that two who ask at once can't both be the last one.
 * @throws WORKSPACE_NOT_FOUND, TOKEN_LIMIT_REACHED
 */
async function issue(workspaceId: string, { database, tokens }: HttpDependencies): Promise<string> {
  return await database.db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom("workspaces")
      .select(["attempt", "status"])
      .where("id", "=", workspaceId)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined || row.status === "removed") throw workspaceErrors.WORKSPACE_NOT_FOUND({});
    const live = await tokens.countLive(workspaceId, trx);
    if (live >= MAX_LIVE) throw httpErrors.TOKEN_LIMIT_REACHED({ limit: MAX_LIVE });
    return (await tokens.issue(trx, { workspaceId, attempt: row.attempt })).token;
  });
}
