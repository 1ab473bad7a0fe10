import { Type } from "@molecule/core";
import { workspaceErrors } from "../../errors/workspaces.js";
import { BundleSchema } from "../../workspaces/bundles.js";
import { bodyForDomain, defineRoute, type Route } from "../define-route.js";
import { answer, refusal } from "./schemas.js";

const text = Type.String();
const list = Type.Array(text);

const TemplateSchema = Type.Object(
  {
    id: text,
    name: text,
    description: text,
    tier: Type.Integer(),
    runtime: text,
    model: text,
    models: Type.Optional(Type.Array(Type.Unknown())),
    required_env: Type.Optional(list),
    skills: list,
    skill_count: Type.Integer(),
    provision_timeout_seconds: Type.Optional(
      Type.Number({ description: "The deadline of its runtime; there when the runtime declares one" }),
    ),
  },
  { additionalProperties: false },
);

const nothing = {
  200: answer("Nothing: these features are not part of this platform", Type.Array(Type.Never())),
};

/** Routes of what workspaces are made from, and of what the canvas asks for and finds empty; api.md §5. */
export const libraryRoutes: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/templates",
    guard: "admin",
    summary: "The template folders; those whose config.yaml can't be read are left out",
    responses: { 200: answer("The templates, by id", Type.Array(TemplateSchema)) },
    handle: async (_, { workspaceApi }) => ({ status: 200, body: await workspaceApi.templates() }),
  }),
  defineRoute({
    method: "GET",
    path: "/bundles/export/:id",
    guard: "admin",
    summary: "A workspace and all below it as one document, without tokens and secrets",
    responses: {
      200: answer("The bundle", Type.Record(text, Type.Unknown())),
      404: refusal("No such workspace, or it is removed"),
    },
    handle: async ({ params }, { workspaceApi }) => ({
      status: 200,
      body: await workspaceApi.bundles.export(params.id),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/bundles/import",
    guard: "admin",
    summary: "Make the workspaces of a bundle anew, with new ids: all of them, or none",
    body: bodyForDomain(BundleSchema, (faults) => workspaceErrors.INVALID_BUNDLE({ faults })),
    responses: {
      201: answer(
        "Created; children where there are any",
        Type.Object({
          workspace_id: Type.String({ format: "uuid" }),
          name: text,
          status: text,
          children: Type.Optional(Type.Array(Type.Record(text, Type.Unknown()))),
        }),
      ),
    },
    handle: async ({ body }, { workspaceApi }) => ({
      status: 201,
      body: await workspaceApi.bundles.import(body),
    }),
  }),
  defineRoute({
    method: "GET",
    path: "/approvals/pending",
    guard: "admin",
    summary: "Always empty; kept for the canvas",
    responses: nothing,
    handle: () => ({ status: 200, body: [] }),
  }),
  defineRoute({
    method: "GET",
    path: "/org/templates",
    guard: "admin",
    summary: "Always empty; kept for the canvas",
    responses: nothing,
    handle: () => ({ status: 200, body: [] }),
  }),
  defineRoute({
    method: "GET",
    path: "/workspaces/:id/delegations",
    guard: "workspace",
    summary: "Always empty; kept for the canvas",
    responses: nothing,
    handle: () => ({ status: 200, body: [] }),
  }),
];
