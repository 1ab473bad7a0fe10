import { Type } from "@molecule/core";
import { workspaceErrors } from "../../errors/workspaces.js";
import { defineRoute, type Route } from "../define-route.js";
import { answer, refusal } from "./schemas.js";

const responses = {
  200: answer(
    "The token, valid for some minutes at least",
    Type.Object(
      { token: Type.String(), expires_at: Type.String({ format: "date-time" }) },
      { additionalProperties: false },
    ),
  ),
  404: refusal("No plugin offers tokens, or there is no such workspace"),
  502: refusal("GitHub gave no token; the log says why"),
};

/** A fresh GitHub token, so that a workspace that runs for days needs no restart. */
export const githubTokenRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/admin/github-installation-token",
    guard: "admin",
    summary: "A GitHub installation token that is valid now",
    responses,
    handle: async (_, { installationTokens }) => ({
      status: 200,
      body: await installationTokens.issue(null),
    }),
  }),
  defineRoute({
    method: "GET",
    path: "/workspaces/:id/github-installation-token",
    guard: "workspace",
    summary: "A GitHub installation token that is valid now, for a workspace",
    responses,
    handle: async ({ params }, { installationTokens, workspaces }) => {
      const row = await workspaces.get(params.id);
      if (row === undefined || row.status === "removed") throw workspaceErrors.WORKSPACE_NOT_FOUND({});
      return { status: 200, body: await installationTokens.issue(row.id) };
    },
  }),
];
