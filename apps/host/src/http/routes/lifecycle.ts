import { Type } from "@molecule/core";
import { workspaceErrors } from "../../errors/workspaces.js";
import { UpdateWorkspaceSchema } from "../../workspaces/update.js";
import { bodyForDomain, defineRoute, queryOf, type Route } from "../define-route.js";
import { exactly } from "./schema-parts.js";
import { answer, refusal } from "./schemas.js";

const notFound = refusal("No such workspace, or it is removed");
const counted = (status: string, count: string) =>
  Type.Object({ status: Type.Literal(status), [count]: Type.Integer() }, exactly);

/** Routes that change what a workspace is, or whether it runs; api.md §5. */
export const lifecycleRoutes: readonly Route[] = [
  defineRoute({
    method: "PATCH",
    path: "/workspaces/:id",
    guard: "workspace",
    summary: "Change facts of a workspace: all that are named, or none",
    body: bodyForDomain(UpdateWorkspaceSchema, (faults) =>
      workspaceErrors.INVALID_WORKSPACE_PAYLOAD({ faults }),
    ),
    responses: {
      200: answer(
        "Changed; needs_restart where it takes effect with the next restart",
        Type.Object(
          { status: Type.Literal("updated"), needs_restart: Type.Optional(Type.Literal(true)) },
          exactly,
        ),
      ),
      404: notFound,
    },
    handle: async ({ params, body }, { workspaceApi }) => ({
      status: 200,
      body: await workspaceApi.updates.update(params.id, body),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/workspaces/:id/restart",
    guard: "workspace",
    summary:
      "Start a workspace anew; its provision goes on after the answer. A body is not needed and not read",
    query: queryOf(
      Type.Object({
        reset: Type.Optional(Type.String({ description: "true: the stored agent session is dropped" })),
      }),
    ),
    responses: {
      200: answer(
        "It is being provisioned",
        Type.Object(
          {
            status: Type.Literal("provisioning"),
            config_dir: Type.String({ description: "Where the workspace finds its configuration" }),
            reset_session: Type.Boolean(),
          },
          exactly,
        ),
      ),
      404: notFound,
      409: refusal("It is external, or its parent is paused"),
      503: refusal("There is no container runtime"),
    },
    handle: async ({ params, query }, { workspaceApi }) => ({
      status: 200,
      body: await workspaceApi.restart(params.id, { resetSession: query.reset === "true" }),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/workspaces/:id/pause",
    guard: "workspace",
    summary:
      "Pause a workspace and all below it; their containers are stopped after the answer, volumes stay",
    responses: {
      200: answer("How many were paused now", counted("paused", "paused_count")),
      404: notFound,
    },
    handle: async ({ params }, { workspaceApi }) => ({
      status: 200,
      body: await workspaceApi.pausing.pause(params.id),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/workspaces/:id/resume",
    guard: "workspace",
    summary: "Start what is paused of a workspace and all below it",
    responses: {
      200: answer("How many are being started", counted("provisioning", "resumed_count")),
      404: refusal("No such workspace, or nothing of it is paused"),
      409: refusal("Its parent is paused"),
      503: refusal("There is no container runtime"),
    },
    handle: async ({ params }, { workspaceApi }) => ({
      status: 200,
      body: await workspaceApi.pausing.resume(params.id),
    }),
  }),
];
