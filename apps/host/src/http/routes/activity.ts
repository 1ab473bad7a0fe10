import { Type } from "@molecule/core";
import { workspaceErrors } from "../../errors/workspaces.js";
import { ActivitySchema, NotifySchema } from "../../workspaces/activities.js";
import { bodyForDomain, defineRoute, queryOf, type Route } from "../define-route.js";
import { answer, done, refusal } from "./schemas.js";

/** Entries of one answer, unless told, and at most. */
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 500;

const text = Type.String();
const textOrNull = Type.Union([text, Type.Null()]);
const notFound = refusal("No such workspace, or it is removed");
const refused = (faults: Parameters<typeof workspaceErrors.INVALID_WORKSPACE_PAYLOAD>[0]["faults"]) =>
  workspaceErrors.INVALID_WORKSPACE_PAYLOAD({ faults });

const EntrySchema = Type.Object(
  {
    id: Type.String({ format: "uuid" }),
    workspace_id: Type.String({ format: "uuid" }),
    activity_type: text,
    source_id: textOrNull,
    target_id: textOrNull,
    method: textOrNull,
    summary: textOrNull,
    duration_ms: Type.Union([Type.Integer(), Type.Null()]),
    status: text,
    error_detail: textOrNull,
    created_at: Type.String({ format: "date-time" }),
    request_body: Type.Optional(Type.Unknown()),
    response_body: Type.Optional(Type.Unknown()),
    metadata: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: false },
);

/** Routes of what agents did and told; api.md §5. */
export const activityRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/workspaces/:id/activity",
    guard: "workspace",
    summary: "What a workspace did, newest first",
    query: queryOf(
      Type.Object({
        type: Type.Optional(text),
        source: Type.Optional(Type.Union([Type.Literal("canvas"), Type.Literal("agent")])),
        limit: Type.Optional(
          Type.String({
            pattern: "^[1-9][0-9]{0,8}$",
            description: `${DEFAULT_LIMIT}; at most ${MAX_LIMIT}`,
          }),
        ),
      }),
    ),
    responses: { 200: answer("The entries", Type.Array(EntrySchema)), 404: notFound },
    handle: async ({ params, query: { type, source, limit } }, { workspaceApi }) => ({
      status: 200,
      body: await workspaceApi.activities.list(params.id, {
        type,
        source,
        limit: Math.min(Number(limit ?? DEFAULT_LIMIT), MAX_LIMIT),
      }),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/workspaces/:id/activity",
    guard: "workspace",
    summary: "Keep what a workspace did",
    body: bodyForDomain(ActivitySchema, refused),
    responses: { 200: done("logged"), 403: refusal("source_id is another workspace"), 404: notFound },
    handle: async ({ params, body }, { workspaceApi }) => ({
      status: 200,
      body: await workspaceApi.activities.log(params.id, body),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/workspaces/:id/notify",
    guard: "workspace",
    summary: "Tell the people at the canvas something in a workspace's name",
    body: bodyForDomain(NotifySchema, refused),
    responses: { 200: done("sent"), 404: notFound },
    handle: async ({ params, body }, { workspaceApi }) => ({
      status: 200,
      body: await workspaceApi.activities.notify(params.id, body),
    }),
  }),
];
