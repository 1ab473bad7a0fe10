import { Type } from "@molecule/core";
import { bodyOf, defineRoute, queryOf, type Route } from "../define-route.js";
import { requireWorkspaceId } from "../workspace-id.js";
import { exactly } from "./schema-parts.js";
import { answer, refusal } from "./schemas.js";

const text = Type.String();
const uuid = Type.String({ format: "uuid" });
const notFound = refusal("No such workspace, or it is removed");

const PeerSchema = Type.Object(
  {
    id: uuid,
    name: text,
    role: Type.Union([text, Type.Null()]),
    tier: Type.Integer(),
    status: text,
    url: Type.String({ description: "Empty while there is none that may be called" }),
    parent_id: Type.Union([uuid, Type.Null()]),
    active_tasks: Type.Integer(),
    agent_card: Type.Union([Type.Record(text, Type.Unknown()), Type.Null()]),
  },
  exactly,
);

/** Routes by which agents find each other; api.md §5. */
export const discoveryRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/registry/:id/peers",
    guard: "discovery-own",
    summary: "The siblings, children and parent of a workspace",
    query: queryOf(
      Type.Object({ q: Type.Optional(Type.String({ description: "A part of the name or role" })) }),
    ),
    responses: { 200: answer("The peers, by creation", Type.Array(PeerSchema)), 404: notFound },
    handle: async ({ params, query }, { workspaceApi }) => ({
      status: 200,
      body: await workspaceApi.discovery.peers(params.id, query.q),
    }),
  }),
  defineRoute({
    method: "GET",
    path: "/registry/discover/:id",
    guard: "discovery-caller",
    summary: "Where a workspace can be called by the one that X-Workspace-ID names; looked at anew each time",
    responses: {
      200: answer("Where it is", Type.Object({ id: uuid, url: text, name: text }, exactly)),
      403: refusal("The two may not talk to each other"),
      404: notFound,
      503: refusal("It is not online, or its address has become one that must not be called"),
    },
    handle: async ({ params, callerId }, { workspaceApi }) => ({
      status: 200,
      body: await workspaceApi.discovery.discover(requireWorkspaceId(callerId), params.id),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/registry/check-access",
    guard: "any",
    summary: "Whether two workspaces may talk: the same, siblings, or one above the other",
    body: bodyOf(Type.Object({ caller_id: uuid, target_id: uuid })),
    responses: { 200: answer("Whether", Type.Object({ allowed: Type.Boolean() }, exactly)) },
    handle: async ({ body }, { workspaceApi }) => {
      const [caller, target] = [requireWorkspaceId(body.caller_id), requireWorkspaceId(body.target_id)];
      return { status: 200, body: { allowed: await workspaceApi.mayTalk(caller, target) } };
    },
  }),
];
