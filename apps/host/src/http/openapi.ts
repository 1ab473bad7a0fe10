import { Type, type TSchema } from "@molecule/core";
import type { Route } from "./define-route.js";
import type { Guard } from "./guards.js";
import { isRecord } from "./record.js";
import { ErrorSchema } from "./routes/schemas.js";

/** Security schemes of OpenAPI 3.1: an empty one says that a route is open to all. */
const SECURITY = {
  open: [{}],
  admin: [{ admin: [] }],
  workspace: [{ admin: [] }, { workspace: [] }],
  "own-token": [{ workspace: [] }],
  "discovery-caller": [{ admin: [] }, { workspace: [] }],
  "discovery-own": [{ admin: [] }, { workspace: [] }],
  any: [{ admin: [] }, { workspace: [] }],
  registry: [{ workspace: [] }],
  canvas: [{ admin: [] }, {}],
  metrics: [{ metrics: [] }, {}],
};

/** Who discovers: the guard `discovery-caller` asks for it. */
const CALLER_HEADER = {
  name: "X-Workspace-ID",
  in: "header",
  required: true,
  schema: { type: "string", format: "uuid" },
};

/**
 * Describes routes as an OpenAPI 3.1 document. The schemas are those that check the requests: 3.1 takes JSON Schema as
 * it is.
 */
export function renderOpenApi(routes: readonly Route[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Molecule platform", version: "1" },
    paths,
    components: {
      schemas: { Error: plain(ErrorSchema) },
      securitySchemes: {
        admin: {
          type: "http",
          scheme: "bearer",
          description: "ADMIN_TOKEN or an org token; not needed in development",
        },
        workspace: { type: "http", scheme: "bearer", description: "The workspace's own live token" },
        metrics: { type: "http", scheme: "bearer", description: "METRICS_TOKEN; not needed while unset" },
      },
    },
  };
}

function operation(route: Route): Record<string, unknown> {
  const parameters = [
    ...pathParameters(route.path),
    ...queryParameters(route.query?.schema),
    ...(route.guard === "discovery-caller" ? [CALLER_HEADER] : []),
  ];
  return {
    summary: route.summary,
    security: SECURITY[kindOf(route.guard)],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: json(route.body.schema) } }),
    responses: responses(route),
  };
}

function responses(route: Route): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const [status, description] of impliedErrors(route)) {
    all[status] = { description, content: json(ErrorSchema) };
  }
  for (const [status, { description, schema, mediaType }] of Object.entries(route.responses)) {
    const content = mediaType === undefined ? json(schema) : { [mediaType]: { schema: plain(schema) } };
    all[status] = { description, content };
  }
  return all;
}

/** What the guard and the readers of a route answer when they refuse. */
function impliedErrors(route: Route): [number, string][] {
  const errors: [number, string][] = [];
  const takesInput =
    route.body !== undefined ||
    route.query !== undefined ||
    route.guard === "discovery-caller" ||
    /:(id|workspaceId)\b/.test(route.path);
  if (takesInput) errors.push([400, "Bad input; every fault is told"]);
  if (route.guard !== "open") errors.push([401, "No token, or not a good one"]);
  errors.push([403, "An origin that is not allowed"]);
  if (route.body !== undefined)
    errors.push([413, "A body over 1 MiB"], [415, "A body with a content encoding"]);
  errors.push([429, "Over the rate limit"], [503, "The database is out of reach"]);
  return errors;
}

function pathParameters(path: string): unknown[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: plain(name === "id" || name === "workspaceId" ? Type.String({ format: "uuid" }) : Type.String()),
  }));
}

function queryParameters(schema: TSchema | undefined): unknown[] {
  const properties: unknown = schema?.properties;
  if (!isRecord(properties)) return [];
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: "query",
    required: false,
    schema: plain(property),
  }));
}

function json(schema: TSchema): Record<string, unknown> {
  const content = schema === ErrorSchema ? { $ref: "#/components/schemas/Error" } : plain(schema);
  return { "application/json": { schema: content } };
}

/** A schema as plain JSON: without the symbols by which TypeBox knows its own. */
function plain(schema: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(schema));
  return copy;
}

function kindOf(guard: Guard): keyof typeof SECURITY {
  return typeof guard === "object" ? "registry" : guard;
}
