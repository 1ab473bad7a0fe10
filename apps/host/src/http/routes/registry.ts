import { workspaceErrors } from "../../errors/workspaces.js";
import { HeartbeatSchema, RegisterSchema, UpdateCardSchema } from "../../workspaces/registry-requests.js";
import { bodyForDomain, defineRoute, type Route } from "../define-route.js";
import type { TSchema } from "@molecule/core";
import { answer, done, refusal, RegisteredSchema } from "./schemas.js";

const bodyOf = (schema: TSchema) =>
  bodyForDomain(schema, (faults) => workspaceErrors.INVALID_REGISTRATION({ faults }));

const notFound = refusal("No such workspace, or it is removed");

/** Routes that agents call; api.md §8. */
export const registryRoutes: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/registry/register",
    guard: { registry: "id" },
    summary: "Bring a workspace online",
    body: bodyOf(RegisterSchema),
    responses: { 200: answer("Registered", RegisteredSchema), 404: notFound },
    handle: async ({ body, token }, deps) => ({
      status: 200,
      body: await deps.registration.register(body, token),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/registry/heartbeat",
    guard: { registry: "workspace_id" },
    summary: "Tell that the agent lives, and how it fares",
    body: bodyOf(HeartbeatSchema),
    responses: { 200: done("ok"), 404: notFound },
    handle: async ({ body, token }, deps) => ({
      status: 200,
      body: await deps.registration.heartbeat(body, token),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/registry/update-card",
    guard: { registry: "workspace_id" },
    summary: "Replace the agent's card",
    body: bodyOf(UpdateCardSchema),
    responses: { 200: done("updated"), 404: notFound },
    handle: async ({ body, token }, deps) => ({
      status: 200,
      body: await deps.registration.updateCard(body, token),
    }),
  }),
];
