import { Type } from "@molecule/core";
import { bodyOf, defineRoute, type Route } from "../define-route.js";
import { answer, refusal } from "./schemas.js";

const nullable = <Schema extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(
  schema: Schema,
) => Type.Union([schema, Type.Null()]);

const OrphansSchema = Type.Object({
  unknown: nullable(Type.String()),
  orphans: Type.Array(
    Type.Object({
      kind: Type.Union([Type.Literal("container"), Type.Literal("volume")]),
      id: Type.String(),
      name: Type.String(),
      owner: Type.String(),
      workspace_id: nullable(Type.String()),
      attempt: nullable(Type.Integer()),
      created_at: nullable(Type.String()),
      verdict: Type.String(),
      reason: Type.String(),
    }),
  ),
  foreign: Type.Integer(),
  unlabelled: Type.Integer(),
  fuse: Type.Object({
    state: Type.String(),
    id: Type.Optional(Type.String({ description: "Of what it holds back; to confirm exactly that" })),
    since: Type.Optional(Type.String()),
    workspaceIds: Type.Optional(Type.Array(Type.String())),
  }),
});

const AdoptSchema = Type.Object({
  workspace_id: Type.String({ pattern: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" }),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  role: Type.Optional(Type.String({ maxLength: 1000 })),
  tier: Type.Optional(Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3), Type.Literal(4)])),
  runtime: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
});

/** What the engine holds that is no live workspace's, for whoever runs the platform. */
export const orphanRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/admin/orphans",
    guard: "admin",
    summary: "What the engine holds that is no live workspace's, and what the reaping rule says of it",
    responses: {
      200: answer("What is there now; nothing was changed", OrphansSchema),
      503: refusal("The plugin orphan-sweeper is off"),
    },
    handle: async (_, { orphans }) => ({ status: 200, body: await orphans.list() }),
  }),
  defineRoute({
    method: "POST",
    path: "/admin/orphans/confirm",
    guard: "admin",
    summary: "Let the next pass remove what the fuse of the orphan sweep holds back",
    body: bodyOf(Type.Object({ fuse: Type.String({ minLength: 1, maxLength: 64 }) })),
    responses: {
      200: answer("Confirmed", Type.Object({ status: Type.String(), workspaces: Type.Integer() })),
      409: refusal("The fuse is not blown, or holds back something else than what was shown"),
    },
    handle: async ({ body }, { orphans }) => ({ status: 200, body: await orphans.confirm(body.fuse) }),
  }),
  defineRoute({
    method: "POST",
    path: "/admin/orphans/remove",
    guard: "admin",
    summary: "Remove one container or volume that is no live workspace's, by its exact id",
    body: bodyOf(Type.Object({ id: Type.String({ minLength: 1 }) })),
    responses: {
      200: answer("Removed", Type.Object({ status: Type.String(), id: Type.String() })),
      404: refusal("No such object of this installation"),
      409: refusal("A live workspace needs it"),
      503: refusal("The engine could not be listed"),
    },
    handle: async ({ body }, { orphans }) => ({ status: 200, body: await orphans.remove(body.id) }),
  }),
  defineRoute({
    method: "POST",
    path: "/admin/orphans/adopt",
    guard: "admin",
    summary: "Make a workspace of what only the engine knows of, with its volumes, and start it anew",
    body: bodyOf(AdoptSchema),
    responses: {
      200: answer(
        "Adopted; it is provisioned at its next attempt",
        Type.Object({ id: Type.String(), status: Type.String(), attempt: Type.Integer() }),
      ),
      400: refusal("A name or role that no workspace may have"),
      404: refusal("Nothing of that workspace is in the engine"),
      409: refusal("It was removed, or its row knows of all that is there"),
      503: refusal("The engine could not be listed"),
    },
    handle: async ({ body }, { orphans }) => ({ status: 200, body: await orphans.adopt(body) }),
  }),
];
