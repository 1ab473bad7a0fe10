import { Type, type TSchema } from "@molecule/core";
import { secretErrors } from "../../errors/secrets.js";
import { withoutFound } from "../../secrets/secret-rules.js";
import { bodyOf, defineRoute, type Route, type RouteAnswer } from "../define-route.js";
import type { HttpDependencies } from "../dependencies.js";
import { answer, ModelSchema, refusal, SecretDoneSchema, SecretSchema } from "./schemas.js";

const NewSecret = Type.Object({
  key: Type.String({ description: "Name of the variable" }),
  value: Type.String({ description: "64 KiB at most" }),
});
const NewValue = Type.Object({ value: Type.String() });

const list = answer("Names and times, never values; by name", Type.Array(SecretSchema));
const done = (status: "saved" | "deleted") => answer("Done", SecretDoneSchema(status));
const workspaceGone = refusal("No such workspace");
const notThere = refusal("No such secret, or no such workspace");

/** Routes of the secrets, and of the model that a workspace works with. */
export const secretRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/workspaces/:id/secrets",
    guard: "workspace",
    summary: "The secrets that a workspace gets: its own, and those of all that none of its own hides",
    responses: { 200: list, 404: workspaceGone },
    handle: async ({ params }, { secrets }) => ({ status: 200, body: await secrets.list(params.id) }),
  }),
  ...(["POST", "PUT"] as const).map((method) =>
    defineRoute({
      method,
      path: "/workspaces/:id/secrets",
      guard: "workspace",
      summary: "Set a secret of a workspace, which is restarted with it",
      body: secretBody(NewSecret),
      responses: { 200: done("saved"), 404: workspaceGone },
      handle: ({ params, body }, deps) => save(deps, params.id, body.key, body.value),
    }),
  ),
  defineRoute({
    method: "GET",
    path: "/workspaces/:id/secrets/values",
    guard: "own-token",
    summary: "Every secret that the workspace gets, by name; for the workspace itself",
    responses: {
      200: answer("The values", Type.Record(Type.String(), Type.String())),
      500: refusal("Some do not decrypt; they are named"),
    },
    handle: async ({ params }, { secrets }) => ({ status: 200, body: await secrets.values(params.id) }),
  }),
  defineRoute({
    method: "PUT",
    path: "/workspaces/:id/secrets/:key",
    guard: "workspace",
    summary: "Set a secret of a workspace, which is restarted with it",
    body: secretBody(NewValue),
    responses: { 200: done("saved"), 404: workspaceGone },
    handle: ({ params, body }, deps) => save(deps, params.id, params.key, body.value),
  }),
  defineRoute({
    method: "DELETE",
    path: "/workspaces/:id/secrets/:key",
    guard: "workspace",
    summary: "Delete a secret of a workspace, which is restarted without it",
    responses: { 200: done("deleted"), 404: notThere },
    handle: ({ params }, deps) => remove(deps, params.id, params.key),
  }),
  defineRoute({
    method: "GET",
    path: "/settings/secrets",
    guard: "admin",
    summary: "The secrets of all workspaces",
    responses: { 200: list },
    handle: async (_, { secrets }) => ({ status: 200, body: await secrets.list(null) }),
  }),
  ...(["POST", "PUT"] as const).map((method) =>
    defineRoute({
      method,
      path: "/settings/secrets",
      guard: "admin",
      summary: "Set a secret of all workspaces; those that run with it are restarted",
      body: secretBody(NewSecret),
      responses: { 200: done("saved") },
      handle: ({ body }, deps) => save(deps, null, body.key, body.value),
    }),
  ),
  defineRoute({
    method: "PUT",
    path: "/settings/secrets/:key",
    guard: "admin",
    summary: "Set a secret of all workspaces; those that run with it are restarted",
    body: secretBody(NewValue),
    responses: { 200: done("saved"), 400: refusal("A name or a value that is not allowed") },
    handle: ({ params, body }, deps) => save(deps, null, params.key, body.value),
  }),
  defineRoute({
    method: "DELETE",
    path: "/settings/secrets/:key",
    guard: "admin",
    summary: "Delete a secret of all workspaces; those that ran with it are restarted",
    responses: { 200: done("deleted"), 404: refusal("No such secret") },
    handle: ({ params }, deps) => remove(deps, null, params.key),
  }),
  defineRoute({
    method: "GET",
    path: "/workspaces/:id/model",
    guard: "workspace",
    summary: "The model that a workspace works with, and who chose it",
    responses: { 200: answer("Empty: the runtime takes its own", ModelSchema), 404: workspaceGone },
    handle: async ({ params }, { workspaceModel }) => ({
      status: 200,
      body: await workspaceModel.get(params.id),
    }),
  }),
  defineRoute({
    method: "PUT",
    path: "/workspaces/:id/model",
    guard: "workspace",
    summary: "Set the model of a workspace, or clear it with an empty one; the workspace is restarted",
    body: bodyOf(Type.Object({ model: Type.String() })),
    responses: {
      200: answer(
        "Done",
        Type.Object(
          { status: Type.Union([Type.Literal("saved"), Type.Literal("cleared")]), model: Type.String() },
          { additionalProperties: false },
        ),
      ),
      404: workspaceGone,
    },
    handle: async ({ params, body }, { workspaceModel }) => {
      const model = body.model.trim();
      return { status: 200, body: { status: await workspaceModel.set(params.id, model), model } };
    },
  }),
];

/** A body that holds a secret: what is wrong with it is told without what was found. */
function secretBody<Schema extends TSchema>(schema: Schema) {
  return bodyOf(schema, (faults) => secretErrors.INVALID_SECRET({ faults: faults.map(withoutFound) }));
}

async function save(
  { secrets }: HttpDependencies,
  workspaceId: string | null,
  key: string,
  value: string,
): Promise<RouteAnswer> {
  await secrets.save(workspaceId, key, value);
  return { status: 200, body: { status: "saved", key } };
}

async function remove(
  { secrets }: HttpDependencies,
  workspaceId: string | null,
  key: string,
): Promise<RouteAnswer> {
  await secrets.remove(workspaceId, key);
  return { status: 200, body: { status: "deleted", key } };
}
