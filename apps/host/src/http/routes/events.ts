import { Type } from "@molecule/core";
import { defineRoute, queryOf, type Route } from "../define-route.js";
import { answer, EventSchema } from "./schemas.js";

/** Events of one answer. */
const LIMIT = 100;

const query = queryOf(
  Type.Object({
    after: Type.Optional(
      Type.String({
        pattern: "^[0-9]{1,15}$",
        description: "an event's id: gives the events that came next after it, oldest first",
      }),
    ),
  }),
);

const responses = { 200: answer("The newest events first, or those after one", Type.Array(EventSchema)) };

/** Routes of the event log. */
export const eventRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/events",
    guard: "admin",
    summary: `The newest ${LIMIT} events`,
    query,
    responses,
    handle: async ({ query: { after } }, deps) => ({
      status: 200,
      body: await deps.events.list({
        limit: LIMIT,
        ...(after === undefined ? {} : { after: Number(after) }),
      }),
    }),
  }),
  defineRoute({
    method: "GET",
    path: "/events/:workspaceId",
    guard: "admin",
    summary: `The newest ${LIMIT} events of one workspace`,
    query,
    responses,
    handle: async ({ params: { workspaceId }, query: { after } }, deps) => ({
      status: 200,
      body: await deps.events.list({
        workspaceId,
        limit: LIMIT,
        ...(after === undefined ? {} : { after: Number(after) }),
      }),
    }),
  }),
];
