import { compileSchema, type CodedError, type Fault, type Static, type TSchema } from "@molecule/core";
import { httpErrors } from "../errors/http.js";
import type { VerifiedToken } from "../storage/token-store.js";
import type { HttpDependencies } from "./dependencies.js";
import type { Guard } from "./guards.js";

/** The names after a colon in a path: `"id"` of `/workspaces/:id/state`. */
export type ParamNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/** Takes one part of a request in: its schema, for the documentation, and how it is checked. */
export interface Reader<T> {
  readonly schema: TSchema;
  /** @throws a coded error with every fault */
  read(value: unknown): T;
  /** The error of a value that could not even be looked at, e.g. a body that is no JSON. */
  refuse(faults: readonly Fault[]): CodedError;
}

/** What a route's handler works on. */
export interface RouteRequest<Path extends string = string, Query = unknown, Body = unknown> {
  /** Workspace ids (`:id`, `:workspaceId`) are UUIDs in lower case. */
  readonly params: Readonly<Record<ParamNames<Path>, string>>;
  readonly query: Query;
  readonly body: Body;
  /** The workspace token that the caller came in with; null for administrators, for Dev and on open routes. */
  readonly token: VerifiedToken | null;
  /** The workspace in whose name the guard `discovery-caller` let the caller in; null with any other guard. */
  readonly callerId: string | null;
}

/** What a route answers: `body` as JSON, unless it is a text of another type. */
export type RouteAnswer =
  | { readonly status: number; readonly body: unknown }
  | { readonly status: number; readonly body: string; readonly contentType: string };

/** One answer of a route, for the documentation. */
export interface ResponseSpec {
  readonly description: string;
  readonly schema: TSchema;
  /** The media type, where it is not JSON. */
  readonly mediaType?: string;
}

/** What documents a route and finds it. */
interface RouteFacts {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly guard: Guard;
  readonly summary: string;
  /** By status; those that the guard and the readers bring about are added by themselves. */
  readonly responses: Readonly<Record<number, ResponseSpec>>;
}

/** A route as its author writes it. */
export interface RouteSpec<Path extends string, Query, Body> extends RouteFacts {
  readonly path: Path;
  readonly query?: Reader<Query>;
  readonly body?: Reader<Body>;
  handle(
    request: RouteRequest<Path, Query, Body>,
    deps: HttpDependencies,
  ): Promise<RouteAnswer> | RouteAnswer;
}

/** A request whose parts are still to be checked. */
export interface UncheckedRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly body: unknown;
  readonly token: VerifiedToken | null;
  readonly callerId: string | null;
}

/** A route: what the router, the guards, the checks and the documentation are made of. */
export interface Route extends RouteFacts {
  readonly path: string;
  readonly query: Reader<unknown> | undefined;
  readonly body: Reader<unknown> | undefined;
  /** Checks query and body, then does the work. */
  handle(request: UncheckedRequest, deps: HttpDependencies): Promise<RouteAnswer>;
}

/** Defines a route. `Query` and `Body` are what its readers give; without a reader, undefined. */
export function defineRoute<const Path extends string, Query = undefined, Body = undefined>(
  spec: RouteSpec<Path, Query, Body>,
): Route;
export function defineRoute(spec: RouteSpec<string, unknown, unknown>): Route {
  const { query, body } = spec;
  return {
    method: spec.method,
    path: spec.path,
    guard: spec.guard,
    summary: spec.summary,
    responses: spec.responses,
    query,
    body,
    handle: async (request, deps) =>
      spec.handle({ ...request, query: query?.read(request.query), body: body?.read(request.body) }, deps),
  };
}

/** A query that is checked here; a key that occurs twice is a list of texts. */
export function queryOf<Schema extends TSchema>(schema: Schema): Reader<Static<Schema>> {
  return checkedBy(schema, (faults) => httpErrors.QUERY_INVALID({ faults }));
}

/** A body that is checked here. */
export function bodyOf<Schema extends TSchema>(schema: Schema): Reader<Static<Schema>> {
  return checkedBy(schema, (faults) => httpErrors.BODY_INVALID({ faults }));
}

/** A body that the domain checks itself, by the same schema; `refuse` makes the domain's own error. */
export function bodyForDomain(
  schema: TSchema,
  refuse: (faults: readonly Fault[]) => CodedError,
): Reader<unknown> {
  return { schema, refuse, read: (value) => value };
}

function checkedBy<Schema extends TSchema>(
  schema: Schema,
  refuse: (faults: readonly Fault[]) => CodedError,
): Reader<Static<Schema>> {
  // Compiled at the first request: all routes' schemas together would add to every boot.
  let check: ReturnType<typeof compileSchema<Schema>> | undefined;
  return {
    schema,
    refuse,
    read: (value) => {
      check ??= compileSchema(schema);
      const checked = check(value);
      if (!checked.ok) throw refuse(checked.faults);
      return checked.value;
    },
  };
}
